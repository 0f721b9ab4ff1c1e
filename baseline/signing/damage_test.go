package signing_test

import (
	"bytes"
	"testing"

	"postpatch/baseline/signing"
)

// Whatever byte of a signature changes, comes or goes, it is that of its manifest no
// more: there is one way to write it down.
func TestEveryDamageOfASignature(t *testing.T) {
	const manifest = "{}\n"
	good := sign(t, openSSH(t, newKey(t), "").private, manifest)
	unseen := 0
	try := func(data []byte, what string, at int) {
		if _, err := signing.By([]byte(manifest), data); err == nil && !bytes.Equal(data, good) {
			unseen++
			t.Logf("%s %d goes unseen: %q", what, at, data)
		}
	}
	for i := range good {
		for flip := 1; flip < 256; flip++ {
			bad := bytes.Clone(good)
			bad[i] ^= byte(flip)
			try(bad, "changed byte", i)
		}
		try(good[:i], "cut at", i)
		try(append(bytes.Clone(good[:i]), good[i+1:]...), "without byte", i)
	}
	for b := range 256 {
		try(append(bytes.Clone(good), byte(b)), "longer by", b)
	}
	if unseen > 0 {
		t.Errorf("%d go unseen", unseen)
	}
}

package baseline

import (
	"strings"
	"testing"
)

// A file is sealed only with its end, and however short what is read may be.
func TestWhatIsSealed(t *testing.T) {
	b := begun{Head: head("before")}
	b.By = "Tom & <ops>"
	data, err := seal(b)
	if err != nil {
		t.Fatal(err)
	}
	good := string(data)
	if !sealed(data) || !strings.Contains(good, "Tom & <ops>") {
		t.Errorf("it can be read by people, and is sealed: %s", good)
	}
	for _, bad := range []string{
		"", digestEnd, digestKey + digestEnd, strings.Repeat("0", 64) + digestEnd, strings.TrimSuffix(good, digestEnd),
	} {
		if sealed([]byte(bad)) {
			t.Errorf("%q is sealed", bad)
		}
	}
}

// A manifest that nobody could read again is not written.
func TestALongManifest(t *testing.T) {
	of := func(n int) any {
		return struct {
			Pad    string `json:"pad"`
			Digest string `json:"digest"`
		}{Pad: strings.Repeat("x", n)}
	}
	empty, err := seal(of(0))
	if err != nil {
		t.Fatal(err)
	}
	most := maxManifest - (len(empty) - 64) // before it has its digest
	if _, err := seal(of(most)); err != nil {
		t.Error(err)
	}
	if _, err := seal(of(most + 1)); err == nil || !strings.Contains(err.Error(), "longer than") {
		t.Errorf("one byte more: %v", err)
	}
}

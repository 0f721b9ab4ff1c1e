package rdp

import (
	"bytes"
	"testing"
	"unicode"
)

// FuzzConfirm reads whatever comes as the answer to a connection request.
func FuzzConfirm(f *testing.F) {
	f.Add([]byte{3, 0, 0, 19, 14, 0xD0, 0, 0, 0x12, 0x34, 0, 2, 0x1F, 8, 0, 8, 0, 0, 0})
	f.Add([]byte{3, 0, 0, 19, 14, 0xD0, 0, 0, 0x12, 0x34, 0, 3, 0, 8, 0, 5, 0, 0, 0})
	f.Add([]byte{3, 0, 0, 11, 6, 0xD0, 0, 0, 0x12, 0x34, 0})
	f.Add([]byte{3, 0, 0xFF, 0xFF, 6})
	f.Fuzz(func(t *testing.T, packet []byte) {
		got, err := readConfirm(bytes.NewReader(packet))
		if err == nil && !got.negotiated && (got.value != 0 || got.failed) {
			t.Errorf("%+v of % x", got, packet)
		}
		if protocolName(got.value) == "" || failureName(got.value) == "" {
			t.Errorf("no words for %d", got.value)
		}
	})
}

// Where int has 32 bits, what is far behind the end is not ahead of the beginning.
func TestInformationBeyondTheEnd(t *testing.T) {
	token := append([]byte("NTLMSSP\x00\x02\x00\x00\x00"), make([]byte, 44)...)
	token[40] = 8
	copy(token[44:], "\xf0\xff\xff\xff")
	if new(challenge).ntlm(token) {
		t.Error("it is taken")
	}
}

// FuzzChallenge reads whatever comes within TLS.
func FuzzChallenge(f *testing.F) {
	if ours, err := hello(); err == nil {
		f.Add(ours)
	}
	token := append([]byte("NTLMSSP\x00\x02\x00\x00\x00"), make([]byte, 44)...)
	token[20+3], token[40], token[44] = 2, 12, 56
	token = append(token, 3, 0, 4, 0, 'a', 0, 'b', 0, 0, 0, 0, 0)
	der := append([]byte{0xA0, byte(len(token) + 2), 4, byte(len(token))}, token...)
	der = append([]byte{0x30, byte(len(der))}, der...)
	der = append([]byte{0x30, byte(len(der))}, der...)
	der = append([]byte{0xA0, 3, 2, 1, 6, 0xA1, byte(len(der))}, der...)
	f.Add(append([]byte{0x30, 0x81, byte(len(der))}, der...))
	f.Add([]byte{0x30, 0x0c, 0xa0, 3, 2, 1, 6, 0xa4, 5, 2, 3, 0x00, 0xc0, 0x6d})
	f.Fuzz(func(t *testing.T, data []byte) {
		message, err := readMessage(bytes.NewReader(data))
		if err != nil {
			return
		}
		got, err := parseChallenge(message)
		if err != nil {
			return
		}
		for _, r := range got.computer + got.build {
			if !unicode.IsPrint(r) {
				t.Errorf("%q is not fit to be shown", got.computer)
			}
		}
		if got.version < 1 {
			t.Errorf("version %d", got.version)
		}
	})
}

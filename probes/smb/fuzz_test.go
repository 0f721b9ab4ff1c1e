package smb

import (
	"bytes"
	"testing"
)

// FuzzNegotiation reads what claims to be the answer of a file server.
func FuzzNegotiation(f *testing.F) {
	answer := append([]byte("\xfeSMB\x40\x00"), make([]byte, 58+64)...)
	copy(answer[headerSize:], []byte{65, 0, 3, 0, 0x11, 3, 2, 0})
	answer[headerSize+60] = headerSize + 64
	f.Add(append(answer, 2, 0, 4, 0, 0, 0, 0, 0, 1, 0, 2, 0))
	f.Add([]byte("\xffSMBr"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		said, err := read(data)
		if err == nil && (said.dialect == "" || said.signing == "" || said.cipher == "") {
			t.Errorf("%+v is not whole", said)
		}
		_, _ = readFrame(bytes.NewReader(data))
	})
}

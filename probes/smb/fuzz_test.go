package smb

import (
	"bytes"
	"io"
	"net"
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

// FuzzComputer reads what claims to be a challenge of NTLM.
func FuzzComputer(f *testing.F) {
	challenge := append([]byte("NTLMSSP\x00\x02\x00\x00\x00"), make([]byte, 44)...)
	challenge = append(challenge, 2, 0, 2, 0, 'X', 0, 1, 0, 4, 0, 'D', 0, 'C', 0, 0, 0, 0, 0)
	challenge[40], challenge[44] = 18, 56
	if got := computerOf(challenge); got != "DC" {
		f.Errorf("want DC, got %q", got)
	}
	f.Add(challenge)
	f.Add(challenge[:58])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		if got := computerOf(data); len(got) > 3*len(data) {
			t.Errorf("%q of %d bytes", got, len(data))
		}
	})
}

// FuzzWatched has a server's messages come in parts of any size: what is heard is the same.
func FuzzWatched(f *testing.F) {
	answer := append([]byte("\x00\x00\x00\x48\xfeSMB\x40\x00"), make([]byte, 66)...)
	answer[4+12], answer[4+headerSize] = setUpCommand, 9
	guest := bytes.Clone(answer)
	guest[4+headerSize+2] = guestFlag
	f.Add(append(answer, guest...), byte(3))
	f.Add([]byte("\x00\xff\xff\xff"), byte(1))
	f.Add([]byte("\x00\x00\x00\x01a\x00\x00\x00\x00"), byte(2))
	f.Fuzz(func(t *testing.T, data []byte, part byte) {
		hear := func(size int) (heard, int) {
			w := &watched{Conn: from{r: bytes.NewReader(data)}, most: len(data)}
			n, _ := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{w}, make([]byte, size))
			return w.last(), int(n)
		}
		whole, _ := hear(len(data) + 1)
		parts, n := hear(int(part) + 1)
		if n == len(data) && whole != parts {
			t.Errorf("at once it hears %+v, in parts %+v", whole, parts)
		}
	})
}

// from is a connection from which bytes come.
type from struct {
	net.Conn
	r io.Reader
}

func (f from) Read(p []byte) (int, error) { return f.r.Read(p) }

package ldap

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"testing"

	"postpatch/probes/host"
)

// said is a connection on which everything has been said.
type said struct {
	net.Conn
	in *bytes.Reader
}

func (s said) Read(p []byte) (int, error)  { return s.in.Read(p) }
func (s said) Write(p []byte) (int, error) { return len(p), nil }

// open unseals what begins with the signature it wants.
type open struct{}

func (open) Seal(plain []byte) (signature, sealed []byte, err error) { return nil, plain, nil }
func (open) Open(signature, sealed []byte) ([]byte, error) {
	if signature[0] != 1 {
		return nil, errors.New("changed on the way")
	}
	return sealed, nil
}

// FuzzAnswer has a directory answer anything to a bind: no panic, and nothing that is taken
// for a success but one.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		"\x30\x0c\x02\x01\x02\x61\x07\x0a\x01\x00\x04\x00\x04\x00", "\x30\x84\x00\x00\x00\x10\x02\x01\x02\x61",
		"\x30\x80", "\x30\x84\xff\xff\xff\xff", "", "HTTP/1.1 400 Bad Request\r\n",
		"\x30\x10\x02\x01\x02\x61\x0b\x0a\x01\x0e\x04\x00\x04\x00\x87\x02ab",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		conn := said{in: bytes.NewReader(answer)}
		packet, err := exchange(context.Background(), conn, 2, simpleBind("u", "p"))
		if err == nil && (len(packet.Children) == 0 || packet.Children[0].Value != int64(0)) {
			t.Errorf("%q is no success", answer)
		}
		_ = tokenOf(packet)
	})
}

// FuzzSteps has a directory answer anything to a proof by NTLM: what it says of the password
// counts when that was shown.
func FuzzSteps(f *testing.F) {
	for _, seed := range []string{
		goOn2 + success3, success2, challenge2, goOn2 + goOn3, goOn2 + answered(0x61, 3, 49, ", data 52e,"),
		answered(0x61, 2, 49, ", data 52e,"), answered(0x78, 0, 52, ""),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, answers []byte) {
		e := &entering{visit: &visit{}, conn: &connection{Conn: said{in: bytes.NewReader(answers)}}}
		proof := &fakeProof{mechanism: "NTLM"}
		shown, err := e.steps(context.Background(), proof)
		if wasShown := proof.steps > 1; wasShown && shown == host.Later && err == nil || !wasShown && shown != host.Later {
			t.Errorf("after %d steps %v, %v", proof.steps, shown, err)
		}
		if (shown == host.Taken) != (err == nil) {
			t.Errorf("%v and %v", shown, err)
		}
	})
}

// FuzzSealed reads what claims to be sealed.
func FuzzSealed(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x12\x01aaaaaaaaaaaaaaaok"))
	f.Add([]byte("\x00\x00\x00\x10\x01aaaaaaaaaaaaaaa"))
	f.Add([]byte("\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := &sealed{Conn: said{in: bytes.NewReader(data)}, seal: open{}}
		read, err := io.ReadAll(io.LimitReader(s, 1<<20))
		if err == nil && len(read) > len(data) {
			t.Errorf("%d bytes come out of %d", len(read), len(data))
		}
	})
}

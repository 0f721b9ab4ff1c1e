package rdp

import (
	"encoding/hex"
	"io"
	"net"
	"testing"
	"time"

	"postpatch/probes/lab/estate"
)

// said is a connection on which a client says one thing.
type said struct {
	net.Conn
	in io.Reader
}

func (s said) Read(p []byte) (int, error) { return s.in.Read(p) }

// FuzzRequest reads whatever comes as a connection request.
func FuzzRequest(f *testing.F) {
	for _, packet := range []string{
		"\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00\x01\x00\x08\x00\x0b\x00\x00\x00", "\x03\x00\x00\x0b\x06\xe0\x00\x00\x00\x00\x00",
		"\x03\x00\x00\x2a\x25\xe0\x00\x00\x00\x00\x00Cookie: mstshash=user\r\n\x01\x00\x08\x00\x03\x00\x00\x00",
	} {
		f.Add([]byte(packet))
	}
	f.Fuzz(func(t *testing.T, packet []byte) {
		reader, writer := io.Pipe()
		go func() {
			_, _ = writer.Write(packet)
			_ = writer.Close()
		}()
		offered, negotiates, ok := readRequest(said{in: reader})
		_ = reader.Close()
		if !ok {
			return
		}
		kind, value := choose(estate.RDP{}, offered)
		if answer := confirm(negotiates, kind, value); len(answer) != 11 && len(answer) != 19 {
			t.Errorf("an answer of %d bytes", len(answer))
		}
	})
}

// What mstsc and FreeRDP send first, with the name of a user in a cookie, and what Windows
// answers (4.1.1 and 4.1.2 of MS-RDPBCGR).
func TestADocumentedExchange(t *testing.T) {
	server := New(func() estate.Host { return estate.Host{Name: "srv", RDP: &estate.RDP{Security: "rdp"}} }, nil)
	ours, theirs := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		server.serveConn(t.Context(), theirs)
		_ = theirs.Close()
	}()
	request, err := hex.DecodeString("0300002c27e00000000000" + "436f6f6b69653a206d737473686173683d656c746f6e730d0a" +
		"0100080000000000")
	if err != nil {
		t.Fatal(err)
	}
	_ = ours.SetDeadline(time.Now().Add(time.Minute))
	if _, err := ours.Write(request); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 19)
	if _, err := io.ReadFull(ours, answer); err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(answer[11:]); got != "021f080000000000" {
		t.Errorf("got %s", got)
	}
	_ = ours.Close()
	<-done
}

package mailtalk

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"postpatch/probes/internal/reach"
)

// endless never stops talking.
type endless struct{ net.Conn }

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestAServerSaysOnlySoMuch(t *testing.T) {
	w := &Wire{said: &limited{Conn: endless{}}}
	for range 2 { // and as much again when it is asked again
		w.Renew()
		heard, err := io.Copy(io.Discard, w.said)
		if err == nil || !strings.Contains(err.Error(), "more than 4194304 bytes") || heard != mostBytes {
			t.Errorf("heard %d bytes, and %v", heard, err)
		}
	}
}

// said is a connection on which everything has been said.
type said struct {
	net.Conn
	text *strings.Reader
}

func (s said) Read(p []byte) (int, error) { return s.text.Read(p) }

func TestLine(t *testing.T) {
	w := &Wire{}
	w.use(said{text: strings.NewReader("one\r\n\ntwo\nthree")})
	for _, want := range []string{"one", "", "two"} {
		if got, err := w.Line(); got != want || err != nil {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
	if got, err := w.Line(); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("of half a line: %q, %v", got, err)
	}
	if got, err := w.Line(); !errors.Is(err, reach.ErrEnded) {
		t.Errorf("after the end: %q, %v", got, err)
	}
}

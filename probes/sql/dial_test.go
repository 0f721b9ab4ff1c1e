package sql

import (
	"context"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
)

// cutConn is a connection that fails at its nth read.
type cutConn struct {
	net.Conn
	left *atomic.Int32
	err  error
}

func (c cutConn) Read(b []byte) (int, error) {
	if c.left.Add(-1) < 0 {
		return 0, c.err
	}
	return c.Conn.Read(b)
}

// A server can go at any point, and the driver tells in many ways: here at the first
// read, the second and so on, until it gets through.
func TestConnectionLostWhereverTheServerIs(t *testing.T) {
	for _, lost := range []error{io.EOF, &net.OpError{Op: "read", Err: syscall.ECONNRESET}} {
		for encrypt := range encryptions() {
			t.Run(lost.Error()+" with encrypt "+encrypt, func(t *testing.T) {
				cert := selfSigned(t, 7)
				s := serve(t, healthy(), cert)
				p := build(t, nil)
				through := false
				for reads := int32(0); !through && reads < 100; reads++ {
					target, left := encrypting(s.target(), encrypt, cert), new(atomic.Int32)
					left.Store(reads)
					dial := target.Dial
					target.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
						conn, err := dial(ctx, network, address)
						return cutConn{conn, left, lost}, err
					}
					_, err := p.Observe(t.Context(), target)
					through = err == nil
					if err != nil && !strings.HasSuffix(err.Error(), ": it closed the connection") {
						t.Errorf("lost at read %d: %v", reads, err)
					}
					leavesNone(t)
				}
				if !through {
					t.Error("never got through")
				}
			})
		}
	}
}

// There are servers that answer the first packet with a header that no SQL Server sends.
func TestForeignServer(t *testing.T) {
	for name, answer := range map[string]string{
		"a web server":           "HTTP/1.1 400 Bad Request\r\n\r\n",
		"a mail server":          "220 mail.corp.test ESMTP\r\n",
		"an empty packet":        "\x04\x01\x00\x08\x00\x00\x01\x00",
		"a packet below nothing": "\x04\x01\x00\x02\x00\x00\x01\x00",
		"another kind of packet": "\x02\x01\x00\x0c\x00\x00\x01\x00abcd",
	} {
		t.Run(name, func(t *testing.T) {
			near, far := net.Pipe()
			target := (&server{}).target()
			target.Dial = func(context.Context, string, string) (net.Conn, error) { return near, nil }
			go func() {
				defer func() { _ = far.Close() }()
				if _, err := far.Read(make([]byte, 4<<10)); err == nil {
					_, _ = far.Write([]byte(answer))
				}
			}()
			_, err := build(t, nil).Observe(t.Context(), target)
			if err == nil || !strings.Contains(err.Error(), ": "+foreign) {
				t.Errorf("got %v", err)
			}
			leavesNone(t)
		})
	}
}

// A probe that panics in the driver leaves no connection behind.
func TestConnectionEndsWithTheProbe(t *testing.T) {
	s := serve(t, healthy(), selfSigned(t, 7))
	d := newDoor(t.Context(), probe{params: params{Encrypt: "true"}}, s.target())
	d.close() // nothing to close is no fault
	conn, err := d.DialContext(t.Context(), "tcp", "")
	if err != nil {
		t.Fatal(err)
	}
	d.close()
	if _, err := conn.Read(make([]byte, 1)); err == nil {
		t.Error("still open")
	}
}

package kerberos

import (
	"context"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"postpatch/probes"
)

// losing is a connection by UDP that loses the first packet.
type losing struct {
	net.Conn
	until time.Time
	asked int
}

func (l *losing) SetReadDeadline(t time.Time) error { l.until = t; return nil }
func (l *losing) Write(p []byte) (int, error)       { l.asked++; return len(p), nil }
func (l *losing) Close() error                      { return nil }
func (l *losing) Read(p []byte) (int, error) {
	if l.asked == 1 {
		time.Sleep(time.Until(l.until))
		return 0, os.ErrDeadlineExceeded
	}
	time.Sleep(10 * time.Millisecond)
	return copy(p, "reply"), nil
}

// TestLostPacket shows that a packet that was lost makes no KDC slow, and no clock wrong.
func TestLostPacket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &visit{target: probes.Target{Dial: func(context.Context, string, string) (net.Conn, error) {
			return new(losing), nil
		}}}
		reply, asked, err := v.byUDP(t.Context(), []byte("request"))
		if took := time.Since(asked); took != 10*time.Millisecond || string(reply) != "reply" {
			t.Errorf("%q in %s: %v", reply, took, err)
		}
	})
}

package auth_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"postpatch/probes/host/winrm/auth"
)

// TestProofOnce shows a proof of the password to one KDC: each that has got it may
// have counted it as wrong.
func TestProofOnce(t *testing.T) {
	l := auth.NewLogins()
	defer l.Close()
	proof := framed(wantsProof(t, hints(18, "CORP.TESTprobe", 0, 0, 0x10, 0)))
	first, second := startScripted(t, proof), startScripted(t, errorReply(t, 24))
	_, err := ask(t.Context(), t, kerberosOptions(l, first.address, second.address))
	if !errors.Is(err, auth.ErrNoKDC) || errors.Is(err, auth.ErrAccount) ||
		!strings.Contains(err.Error(), first.address) || !strings.Contains(err.Error(), "count twice") {
		t.Errorf("got %v", err)
	}
	if first.asked.Load() != 2 || second.asked.Load() != 0 {
		t.Errorf("asked %d and %d times", first.asked.Load(), second.asked.Load())
	}
	// The other KDC is there for others.
	o := kerberosOptions(l, first.address, second.address)
	o.Credential = password("other@corp.test", "pw")
	if _, err := ask(t.Context(), t, o); !errors.Is(err, auth.ErrAccount) || second.asked.Load() != 1 {
		t.Errorf("another account: %v, asked %d times", err, second.asked.Load())
	}
}

// TestProofToWhoAsked gives the proof to the KDC that wants it, and not to one
// that did not answer before.
func TestProofToWhoAsked(t *testing.T) {
	mute := startScripted(t)
	good := startScripted(t, framed(wantsProof(t, hints(18, "CORP.TESTprobe"))), errorReply(t, 24))
	_, err := ask(t.Context(), t, kerberosOptions(nil, mute.address, good.address))
	if !errors.Is(err, auth.ErrAccount) || mute.asked.Load() != 1 || good.asked.Load() != 2 {
		t.Errorf("asked %d and %d times: %v", mute.asked.Load(), good.asked.Load(), err)
	}
}

// TestProofUnsent goes on to the next KDC as long as none has got the proof.
func TestProofUnsent(t *testing.T) {
	gone := startScripted(t, framed(wantsProof(t, hints(18, "CORP.TESTprobe"))))
	next := startScripted(t, errorReply(t, 24))
	o := kerberosOptions(nil, gone.address, next.address)
	var dials atomic.Int32
	o.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		if dials.Add(1) == 2 {
			return nil, errors.New("gone")
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	_, err := ask(t.Context(), t, o)
	if !errors.Is(err, auth.ErrAccount) || gone.asked.Load() != 1 || next.asked.Load() != 1 {
		t.Errorf("asked %d and %d times: %v", gone.asked.Load(), next.asked.Load(), err)
	}
}

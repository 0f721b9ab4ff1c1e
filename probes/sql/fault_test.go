package sql

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"postpatch/probes/fact"
	"postpatch/probes/lab/estate"
)

// faultWords are what is said of a server that misbehaves.
func faultWords() map[estate.Fault]string {
	const (
		late   = "no answer within the check's time"
		closed = "it closed the connection"
	)
	return map[estate.Fault]string{
		"silent": late, "endless": late, "drop": closed, "refuse": closed, "garbage": foreign, "error": "701",
		estate.Slow: late, estate.StallPrelogin: late, estate.StallTLS: late, estate.StallLogin: late,
		estate.StallRow: late, estate.CutRow: closed, estate.WrongType: damaged, estate.Nulls: damaged,
		estate.BadToken: damaged, estate.LongToken: damaged, estate.LongPacket: damaged,
	}
}

// A server that stops anywhere ends with the check's deadline and not a moment later; of
// one that says what cannot be understood, it is told at once. Nothing goes on running: the
// bubble would not end. Time in it is fake, and exact.
func TestFaults(t *testing.T) {
	const deadline = 2 * time.Second
	words := faultWords()
	for _, fault := range estate.SQLFaults() {
		for encrypt := range encryptions() {
			if fault == estate.StallTLS && (encrypt == encryptStrict || encrypt == encryptDisable) {
				continue // no such moment
			}
			if fault == estate.TinyPackets {
				continue // time stands still while the driver sends: see TestDeadlineHolds
			}
			t.Run(fmt.Sprintf("%s with encrypt %s", fault, encrypt), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					h := changed(func(s *estate.SQL) { s.Fault = fault })
					cert := selfSigned(t, 7)
					target, stop := inMemory(t, h, cert)
					defer stop()
					ctx, cancel := context.WithTimeout(t.Context(), deadline)
					defer cancel()
					began := time.Now()
					observed, err := build(t, nil).Observe(ctx, encrypting(target, encrypt, cert))
					if err == nil || !strings.Contains(err.Error(), words[fault]) {
						t.Errorf("got %v, want %q", err, words[fault])
					}
					if slices.ContainsFunc(observed, func(r fact.Reading) bool { return r.Key.Item != "" }) {
						t.Errorf("reports databases: %v", observed)
					}
					late := errors.Is(err, context.DeadlineExceeded)
					if took := time.Since(began); took > deadline || late && took != deadline {
						t.Errorf("took %s of %s", took, deadline)
					}
				})
			})
		}
	}
}

// cancelConn calls off the check at its nth read.
type cancelConn struct {
	net.Conn
	left   *atomic.Int32
	cancel context.CancelFunc
}

func (c cancelConn) Read(b []byte) (int, error) {
	if c.left.Add(-1) < 0 {
		c.cancel()
	}
	return c.Conn.Read(b)
}

// A check can be called off at any moment: here at the first read, the second and so on.
func TestCalledOffWhereverItIs(t *testing.T) {
	for encrypt := range encryptions() {
		t.Run("encrypt "+encrypt, func(t *testing.T) {
			cert := selfSigned(t, 7)
			s := serve(t, healthy(), cert)
			p := build(t, nil)
			through := false
			for reads := int32(0); !through && reads < 100; reads++ {
				ctx, cancel := context.WithCancel(t.Context())
				target, left := encrypting(s.target(), encrypt, cert), new(atomic.Int32)
				left.Store(reads)
				dial := target.Dial
				target.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
					conn, err := dial(ctx, network, address)
					return cancelConn{conn, left, cancel}, err
				}
				_, err := p.Observe(ctx, target)
				through = ctx.Err() == nil
				if !through && !errors.Is(err, context.Canceled) {
					t.Errorf("called off at read %d: got %v", reads, err)
				}
				cancel()
				leavesNone(t)
			}
			if !through {
				t.Error("never got through")
			}
		})
	}
}

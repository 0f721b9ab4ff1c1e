package echo

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"testing"
	"time"
)

// The helper asks this machine, under its many names, all at once.
func TestTheHelper(t *testing.T) {
	sweep := New()
	if turn, leave := sweep.Enter(); !turn.Crowded {
		t.Error("the first would have a socket of its own")
	} else {
		leave()
	}
	plan := Plan{Count: 3, Interval: 10 * time.Millisecond, Wait: 20 * time.Second, Size: 56}
	var all sync.WaitGroup
	for n := range 300 {
		all.Go(func() {
			to := netip.AddrFrom4([4]byte{127, 1, byte(n >> 8), byte(n)})
			tally, err := sweep.Ping(t.Context(), to, plan)
			if err != nil || tally.Sent != 3 || tally.Received != 3 || tally.RTT <= 0 {
				t.Errorf("%v: %+v, %v", to, tally, err)
			}
		})
	}
	all.Wait()
	if sweep.four.conn != nil || len(sweep.four.flights) > 0 {
		t.Error("something is left")
	}
}

// An address that nobody has is silent, or the system has no way to it; and a run that is
// called off does not wait for it.
func TestTheHelperAndSilence(t *testing.T) {
	silent := netip.MustParseAddr("192.0.2.1") // of documentation
	sweep := New()
	tally, err := sweep.Ping(t.Context(), silent, Plan{Count: 2, Interval: 10 * time.Millisecond, Wait: 300 * time.Millisecond, Size: 56})
	if err == nil && tally.Received > 0 {
		t.Skip("a network that answers for everybody")
	}
	if err != nil && !errors.Is(err, ErrUnavailable) {
		t.Errorf("got %+v, %v", tally, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	_, err = sweep.Ping(ctx, silent, Plan{Count: 1, Interval: time.Second, Wait: time.Hour, Size: 56})
	if !errors.Is(err, context.Canceled) && !errors.Is(err, ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}

func TestAHelperThatIsClosed(t *testing.T) {
	c, _, err := open(false, func(reply) {})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.close(); err != nil {
		t.Fatal(err)
	}
	if err := c.send(netip.MustParseAddr("127.0.0.1"), 1, make([]byte, 16), time.Second); err == nil {
		t.Error("it sends on")
	}
	if _, err := c.receive(true); err == nil {
		t.Error("it receives on")
	}
}

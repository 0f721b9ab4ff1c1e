package echo

import (
	"context"
	"fmt"
	"sync"
	"time"

	"postpatch/probes/host"
)

// Few is how many pings in flight have sockets of their own at the most.
const Few = 256

// turns decide who has a socket of their own.
type turns struct {
	mu      sync.Mutex
	flying  int
	crowded bool
	own     chan struct{} // one for each that has a socket of its own
}

// Enter counts a ping in until leave is called, and says whether there are so many that it
// must go through the shared socket. It stays so until half of them are left: sockets of
// their own would cost the others.
func (s *Sweep) Enter() (crowded bool, leave func()) {
	t := &s.turns
	t.mu.Lock()
	defer t.mu.Unlock()
	t.flying++
	t.crowded = t.crowded || t.flying > Few
	return t.crowded, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.flying--
		t.crowded = t.crowded && t.flying > Few/2
	}
}

// Own waits for leave to open a socket of one's own, as long as the plan still has its
// whole time after it: to wait for a reply for less would tell a lie about the host. The
// error wraps host.ErrNotTried, or is ctx's.
func (s *Sweep) Own(ctx context.Context, p Plan) (release func(), err error) {
	own := s.turns.own
	release = func() { <-own }
	select {
	case own <- struct{}{}:
		return release, nil
	default:
	}
	patience := make(<-chan time.Time) // endless
	if end, limited := ctx.Deadline(); limited {
		timer := time.NewTimer(time.Until(end) - p.Length()*10/9)
		defer timer.Stop()
		patience = timer.C
	}
	select {
	case own <- struct{}{}:
		return release, nil
	case <-patience:
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, fmt.Errorf("%w: %d pings were in flight, and none ended in time", host.ErrNotTried, cap(own))
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

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
	open    bool          // the shared socket could be opened since it is crowded
	over    chan struct{} // closed when it was
	own     chan struct{} // one for each that has a socket of its own
}

// Turn is the place of one ping among those in flight.
type Turn struct {
	// Crowded says that there are so many that it must go through the shared socket.
	Crowded bool
	// Over is closed when who has a socket of its own had better begin again through the
	// shared one: it has become crowded, and every raw socket costs all others.
	Over <-chan struct{}
}

// Enter counts a ping in until leave is called. Once it is crowded it stays so until half
// of those are left that may have sockets of their own.
func (s *Sweep) Enter() (turn Turn, leave func()) {
	t := &s.turns
	t.mu.Lock()
	defer t.mu.Unlock()
	t.flying++
	t.crowded = t.crowded || t.flying > Few
	return Turn{t.crowded, t.over}, t.leave
}

func (t *turns) leave() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.flying--
	if t.crowded = t.crowded && t.flying > Few/2; !t.crowded && t.open {
		t.open, t.over = false, make(chan struct{})
	}
}

// call over who has a socket of its own.
func (t *turns) call() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.crowded && !t.open {
		t.open = true
		close(t.over)
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

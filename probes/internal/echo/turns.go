package echo

import (
	"context"
	"fmt"
	"sync"
	"time"

	"postpatch/probes/host"
)

// Few is how many pings in flight have sockets of their own at the most, where the system
// hands each socket its own replies alone.
const Few = 256

// fewRaw is how many have raw ones. Each is handed what all others send and receive, until
// its filter is set: on a busy machine, that has filled its buffer by then, and the first
// reply is lost.
const fewRaw = 1

// turns decide who has a socket of its own.
type turns struct {
	few int // what flies with sockets of its own

	mu      sync.Mutex
	flying  int
	crowded bool
	called  bool
	over    chan struct{} // closed when called
	own     chan struct{} // one for each that has a socket of its own
}

// Turn is the place of one ping among those in flight.
type Turn struct {
	// Crowded says that there are, or were in this run, so many at once that it must go
	// through the shared socket. To change back and forth would have both kinds of sockets
	// in use at once, and each raw one costs all others, and sees what they receive.
	Crowded bool
	// Over is closed when who has a socket of its own had better begin again through the
	// shared one.
	Over <-chan struct{}
}

// Enter counts a ping in until leave is called.
func (s *Sweep) Enter() (turn Turn, leave func()) {
	t := &s.turns
	t.mu.Lock()
	defer t.mu.Unlock()
	t.flying++
	t.crowded = t.crowded || t.flying > t.few
	return Turn{t.crowded, t.over}, t.leave
}

func (t *turns) leave() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.flying--
}

// call calls over who has a socket of its own, to one that could be opened.
func (t *turns) call() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.crowded && !t.called {
		t.called = true
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

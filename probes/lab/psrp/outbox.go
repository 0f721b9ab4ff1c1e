package psrp

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// ErrClosed is what a Receive gets whose pool or pipeline was closed meanwhile.
var ErrClosed = errors.New("the pool or the pipeline was closed")

// Outbox holds what waits for the client to receive it. It may be used from
// several goroutines.
type Outbox struct {
	mu      sync.Mutex
	waiting []delivery
	ended   bool // nothing more will come
	closed  bool
	changed chan struct{} // closed at the next change
}

// delivery is what one Receive gets.
type delivery struct {
	fragments [][]byte
	ready     time.Time
}

func newOutbox() *Outbox { return &Outbox{changed: make(chan struct{})} }

// update changes the outbox, and wakes who waits for it.
func (o *Outbox) update(change func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	change()
	close(o.changed)
	o.changed = make(chan struct{})
}

func (o *Outbox) put(d ...delivery) {
	o.update(func() {
		if !o.ended {
			o.waiting = append(o.waiting, d...)
		}
	})
}

// finish puts the last deliveries in, so that a Receive sees them end.
func (o *Outbox) finish(d ...delivery) {
	o.update(func() {
		if !o.ended {
			o.waiting, o.ended = append(o.waiting, d...), true
		}
	})
}

// interrupt ends with d in place of what is not ready yet. It does nothing when
// everything is ready and the end is there.
func (o *Outbox) interrupt(d ...delivery) {
	o.update(func() {
		ready := slices.IndexFunc(o.waiting, func(d delivery) bool { return time.Until(d.ready) > 0 })
		if ready < 0 {
			ready = len(o.waiting)
		}
		if !o.ended || ready < len(o.waiting) {
			o.waiting, o.ended = append(o.waiting[:ready:ready], d...), true
		}
	})
}

func (o *Outbox) close() { o.update(func() { o.closed = true }) }

// Receive waits for the next fragments, each for a Stream element of its own, of
// at most room bytes in all but for the first one; last says that nothing
// follows. The error is ctx's, or ErrClosed.
func (o *Outbox) Receive(ctx context.Context, room int) (fragments [][]byte, last bool, err error) {
	for {
		o.mu.Lock()
		changed, left := o.changed, time.Duration(-1)
		switch {
		case o.closed:
			o.mu.Unlock()
			return nil, false, ErrClosed
		case len(o.waiting) > 0:
			left = time.Until(o.waiting[0].ready)
		}
		if len(o.waiting) > 0 && left <= 0 || o.ended && len(o.waiting) == 0 {
			fragments = o.take(room)
			last = o.ended && len(o.waiting) == 0
			o.mu.Unlock()
			return fragments, last, nil
		}
		o.mu.Unlock()
		if err := await(ctx, changed, left); err != nil {
			return nil, false, err
		}
	}
}

// take takes what fits of the first delivery.
func (o *Outbox) take(room int) [][]byte {
	if len(o.waiting) == 0 {
		return nil
	}
	first := &o.waiting[0]
	n := 0
	for n < len(first.fragments) && (n == 0 || len(first.fragments[n]) <= room) {
		room -= len(first.fragments[n])
		n++
	}
	taken := first.fragments[:n]
	first.fragments = first.fragments[n:]
	if len(first.fragments) == 0 {
		o.waiting = o.waiting[1:]
	}
	return taken
}

// await returns when something changed, or after left unless that is negative.
func await(ctx context.Context, changed <-chan struct{}, left time.Duration) error {
	var due <-chan time.Time
	if left >= 0 {
		timer := time.NewTimer(left)
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-changed:
	case <-due:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

package runner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"postpatch/probes"
	"postpatch/suites"
)

const (
	// slack is what the ends of questions may come after their time.
	slack = 250 * time.Millisecond
	// spare is what a visit may take beyond all that its checks may take together, where
	// nobody says how long it may take at all: what ends then does not keep to its time.
	spare = 10 * time.Second
	// grace is for what was told to stop: a session says good-bye to its host within 2 s.
	grace = 3 * time.Second
)

// errCut is wrapped by why a visit was cut short. What was under way or was to come then is
// not known, whatever it says.
var errCut = errors.New("cut short")

// cutShort is why, in an operator's words.
type cutShort string

func (c cutShort) Error() string { return string(c) }

func (cutShort) Unwrap() []error { return []error{errCut, probes.ErrNotTried} }

// budget is how long a visit is waited for. It ends with the host's time, or earlier where
// nothing at the host has answered for as long as any one of its checks may take: then it
// is down, and the rest would wait in vain one after the other.
type budget struct {
	host suites.Host
	stop context.CancelCauseFunc
	last context.CancelFunc
	mute *time.Timer

	one time.Duration // that any one check may take at most

	mu     sync.Mutex
	over   bool // that time
	heard  bool // something at the host has answered
	silent bool // something at the host has not
}

// newBudget begins a visit. A time of 0 is what the host's checks may take.
func newBudget(ctx context.Context, h suites.Host, most time.Duration) (context.Context, *budget) {
	b := &budget{host: h}
	why := cutShort("the host's time of " + most.String() + " was over")
	if most <= 0 {
		most = Longest(h) + spare
		why = cutShort("nothing came to an end within " + most.String())
	}
	ctx, b.last = context.WithTimeoutCause(ctx, most, why)
	ctx, b.stop = context.WithCancelCause(ctx)
	for _, c := range h.Checks {
		b.one = max(b.one, limitOf(c))
	}
	b.mute = time.AfterFunc(b.one+slack, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.over = true
		b.giveUp()
	})
	return ctx, b
}

// limitOf is how long a check may take.
func limitOf(c *suites.Check) time.Duration {
	if _, asks := asker(c); asks {
		return timeoutOf(c, sessionTimeout)
	}
	return timeoutOf(c, cmp.Or(c.Kind.Timeout, checkTimeout))
}

// giveUp is called with the lock held.
func (b *budget) giveUp() {
	if b.over && b.silent && !b.heard {
		b.stop(cutShort("nothing at the host answered within " + b.one.String()))
	}
}

// hear notes that something at the host has answered.
func (b *budget) hear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.heard = true
}

// note takes in what a check has seen.
func (b *budget) note(s sighting) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case s.elsewhere(b.host):
	case s.answered():
		b.heard = true
	case errors.Is(s.err, probes.ErrNoAnswer), s.err == nil:
		b.silent = true
		b.giveUp()
	}
}

func (b *budget) end() {
	b.mute.Stop()
	b.stop(nil)
	b.last()
}

// cut is why a visit is cut short; nil while it is not.
func cut(ctx context.Context) error {
	if why := context.Cause(ctx); errors.Is(why, errCut) {
		return why
	}
	return nil
}

// inTime does something, and waits for it no longer than until ctx is done and a little
// more: a probe that does not heed its time holds no place of another host.
func inTime[T any](ctx context.Context, do func() T, instead func(why error) T) T {
	result := make(chan T, 1)
	go func() { result <- do() }()
	select {
	case r := <-result:
		return r
	case <-ctx.Done():
	}
	last := time.NewTimer(grace)
	defer last.Stop()
	select {
	case r := <-result:
		return r
	case <-last.C:
		return instead(fmt.Errorf("%w, and it did not stop", cmp.Or(cut(ctx), context.Cause(ctx))))
	}
}

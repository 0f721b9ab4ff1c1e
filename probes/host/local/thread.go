package local

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"
)

// errHangs is the answer to what is asked of WMI after it did not come back from a
// question before: it is asked no more in that session.
var errHangs = errors.New("WMI has not come back from an earlier question")

// thread does work on one thread of the system, which COM asks for. What is waited for
// ends with its context even where the work does not; the thread ends with it, or when
// the work comes back at last. It is used by one goroutine at a time.
type thread struct {
	work  chan func()
	hangs bool
}

// startThread starts one. Work that is being done when stop is called is left to itself.
func startThread() *thread {
	t := &thread{work: make(chan func())}
	go func() {
		// It is never unlocked: what COM has left on the thread goes with it.
		runtime.LockOSThread()
		for do := range t.work {
			do()
		}
	}()
	return t
}

func (t *thread) stop() { close(t.work) }

// grace is how long work may take to see that its time is over.
const grace = time.Second

// do has the work done within a time, in a context that ends with it, and returns at
// once when ctx is over.
func do[T any](
	ctx context.Context, t *thread, within time.Duration, work func(ctx context.Context) (T, error),
) (T, error) {
	type done struct {
		value T
		err   error
	}
	var none T
	if t.hangs {
		return none, errHangs
	}
	inner, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	back := make(chan done, 1)
	t.work <- func() {
		defer func() { // what a machine answers, nobody has seen before
			if p := recover(); p != nil {
				back <- done{err: fmt.Errorf("reading it panicked: %v", p)}
			}
		}()
		value, err := work(inner)
		back <- done{value, err}
	}
	late := time.NewTimer(within + grace)
	defer late.Stop()
	select {
	case d := <-back:
		if d.err != nil && inner.Err() != nil && ctx.Err() == nil {
			d.err = fmt.Errorf("not done within %s: %w", within, d.err)
		}
		return d.value, d.err
	case <-ctx.Done():
		t.hangs = true
		return none, ctx.Err()
	case <-late.C:
		t.hangs = true
		return none, fmt.Errorf("WMI does not come back within %s", within)
	}
}

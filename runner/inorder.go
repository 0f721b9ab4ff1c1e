package runner

import (
	"fmt"
	"iter"
	"runtime/debug"
)

// InOrder does work on up to n goroutines, and takes what comes of it one at a time,
// in the order of the work, on the caller's own. So no more than n results are there
// at once. After an error nothing new is begun, and what was begun is waited for; the
// first error in that order is returned.
func InOrder[T any](n int, work iter.Seq[func() (T, error)], take func(T) error) error {
	var begun []<-chan done[T]
	defer func() {
		for _, c := range begun {
			<-c
		}
	}()
	next := func() error {
		c := begun[0]
		begun = begun[1:]
		d := <-c
		switch {
		case d.panicked != "":
			panic(d.panicked)
		case d.err != nil:
			return d.err
		default:
			return take(d.result)
		}
	}
	for do := range work {
		if len(begun) >= max(1, n) {
			if err := next(); err != nil {
				return err
			}
		}
		begun = append(begun, begin(do))
	}
	for len(begun) > 0 {
		if err := next(); err != nil {
			return err
		}
	}
	return nil
}

// done is what came of one piece of work.
type done[T any] struct {
	result   T
	err      error
	panicked string // with the stack
}

// begin does a piece of work on a goroutine of its own. A panic goes on where the
// result is taken.
func begin[T any](do func() (T, error)) <-chan done[T] {
	c := make(chan done[T], 1)
	go func() {
		var d done[T]
		defer func() {
			if p := recover(); p != nil {
				d.panicked = fmt.Sprintf("%v\n%s", p, debug.Stack())
			}
			c <- d
		}()
		d.result, d.err = do()
	}()
	return c
}

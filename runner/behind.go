package runner

import (
	"cmp"
	"fmt"
	"runtime/debug"
	"sync"
)

// Behind does work on up to n goroutines beside the one that finds it, and takes what
// comes of it one at a time, whichever is ready first. So what takes long for one host,
// such as a disk that makes its file last, keeps no other waiting.
type Behind[T any] struct {
	take  func(T) error
	slots chan struct{}
	all   sync.WaitGroup

	mu       sync.Mutex // of take, and of what follows
	err      error      // the first one
	panicked string     // with the stack
}

// NewBehind returns one that has nothing to do yet.
func NewBehind[T any](n int, take func(T) error) *Behind[T] {
	return &Behind[T]{take: take, slots: make(chan struct{}, max(1, n))}
}

// Do begins a piece of work, when one of the goroutines is free. It returns the first
// error of the work so far; then nothing new is begun. A panic goes on in the caller.
func (b *Behind[T]) Do(work func() (T, error)) error {
	b.slots <- struct{}{}
	if err := b.failed(); err != nil {
		<-b.slots
		return err
	}
	b.all.Go(func() {
		defer func() {
			if p := recover(); p != nil {
				b.mu.Lock()
				b.panicked = cmp.Or(b.panicked, fmt.Sprintf("%v\n%s", p, debug.Stack()))
				b.mu.Unlock()
			}
			<-b.slots
		}()
		result, err := work()
		b.done(result, err)
	})
	return nil
}

func (b *Behind[T]) done(result T, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil || b.panicked != "" {
		return
	}
	if b.err = err; err == nil {
		b.err = b.take(result)
	}
}

// Take takes something that was ready without any work, in turn with all other.
func (b *Behind[T]) Take(result T) error {
	b.done(result, nil)
	return b.failed()
}

// Wait waits until all is done that was begun, and returns the first error.
func (b *Behind[T]) Wait() error {
	b.all.Wait()
	return b.failed()
}

func (b *Behind[T]) failed() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.panicked != "" {
		panic(b.panicked)
	}
	return b.err
}

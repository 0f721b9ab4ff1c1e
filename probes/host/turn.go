package host

import "context"

// turnKey finds a turn in a context.
type turnKey struct{}

type turn struct{ wait, back func() }

// WithTurn returns a context of which Turn calls wait, and Yield calls back. What a host has
// said is small on the wire, and many times as large when it has been read; so no more hosts'
// answers are read at once than there are processors to do it, however many are waited for.
func WithTurn(ctx context.Context, wait, back func()) context.Context {
	return context.WithValue(ctx, turnKey{}, turn{wait, back})
}

// Turn waits until an answer that is all there may be read. A session calls it when it
// waits for nothing else any longer; it returns at once where nobody has said otherwise.
func Turn(ctx context.Context) {
	if t, is := ctx.Value(turnKey{}).(turn); is {
		t.wait()
	}
}

// Yield gives the turn back early, for good: a session calls it where it has to wait for its
// host after all. As many such hosts as there are turns would keep every other one waiting.
func Yield(ctx context.Context) {
	if t, is := ctx.Value(turnKey{}).(turn); is {
		t.back()
	}
}

// WithoutTurn returns a context of which Turn does not wait: for a session that has more
// to wait for after what it reads now, and would keep other hosts' turn all that time.
func WithoutTurn(ctx context.Context) context.Context {
	return WithTurn(ctx, func() {}, func() {})
}

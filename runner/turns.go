package runner

import (
	"context"
	"runtime"
	"sync"

	"postpatch/probes/host"
)

// turnsKey finds the turns of a run in a context.
type turnsKey struct{}

// withTurns gives a run its turns, see host.Turn: one for each processor, and one for
// who waits for memory.
func withTurns(ctx context.Context) context.Context {
	return context.WithValue(ctx, turnsKey{}, make(chan struct{}, runtime.GOMAXPROCS(0)+1))
}

// inTurn makes a session wait for a turn before it reads what the host has said: first until
// ready returns, which may be nil. The turn ends with yield, when what was read is somebody
// else's.
func inTurn(ctx context.Context, ready func()) (_ context.Context, yield func()) {
	turns, is := ctx.Value(turnsKey{}).(chan struct{})
	if !is {
		return ctx, func() {}
	}
	var once, back sync.Once
	taken := false
	wait := func() {
		once.Do(func() {
			if ready != nil {
				ready()
			}
			select {
			case turns <- struct{}{}:
				taken = true
			case <-ctx.Done(): // whoever waits for this visit waits no longer
			}
		})
	}
	yield = func() {
		once.Do(func() {}) // whoever comes late waits no more
		if taken {
			back.Do(func() { <-turns })
		}
	}
	return host.WithTurn(ctx, wait, yield), yield
}

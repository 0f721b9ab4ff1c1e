package sql

import (
	"context"
	"fmt"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/reach"
)

// farewell is how long after the check's end the driver is waited for. It ends at once, as
// its connection is closed, unless a server misleads it: it waits for ever for what it has
// forgotten, and clears as much memory as a value claims to need.
const farewell = 2 * time.Second

// observation is what Observe returns.
type observation struct {
	readings []fact.Reading
	err      error
}

// Observe implements probes.Probe. A driver that does not come back is left behind.
func (p probe) Observe(ctx context.Context, t probes.Target) ([]fact.Reading, error) {
	done := make(chan observation, 1)
	go func() {
		defer func() {
			if over := recover(); over != nil { // nobody else can catch it here
				done <- observation{err: fmt.Errorf("asking SQL Server at %q: %v", p.at(t), over)}
			}
		}()
		readings, err := p.observe(ctx, t)
		done <- observation{readings, err}
	}()
	select {
	case s := <-done:
		return s.readings, s.err
	case <-ctx.Done():
	}
	late := time.NewTimer(farewell)
	defer late.Stop()
	select {
	case s := <-done:
		return s.readings, s.err
	case <-late.C:
		return nil, fmt.Errorf("asking SQL Server at %q: the driver does not come back: %w", p.at(t),
			reach.Cause(ctx, ctx.Err()))
	}
}

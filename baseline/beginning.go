package baseline

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
)

// checkBegun compares what the run was begun as with its manifest, which repeats it.
// Nothing else rests on that file once a run is finished; but whoever has changed it has
// been in the store. Runs of the first versions have none.
func (s *Snapshot) checkBegun(ctx context.Context) *Damage {
	run := s.manifest.Run
	b, err := s.store.readBegun(ctx, run)
	damage := (*Damage)(nil)
	switch {
	case errors.As(err, &damage) && damage.Kind == Unfinished:
		return nil
	case errors.As(err, &damage):
		return damage
	case err != nil:
		return unreadable(run, err, "the beginning of baseline %s cannot be read", run)
	case !sameHead(b.Head, s.manifest.Head):
		return damaged(run, Edited, "the beginning of baseline %s is not that of its manifest", run)
	}
	return nil
}

func sameHead(a, b Head) bool {
	one, err := json.Marshal(a)
	other, _ := json.Marshal(b) // nothing is equal to what cannot be written
	return err == nil && bytes.Equal(one, other)
}

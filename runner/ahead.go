package runner

import (
	"fmt"
	"time"
)

// ahead says why nothing can be asked since the baseline; nil when it can. Its time is
// that of the clock that it was taken by. Where that is later than now, a clock is or
// was wrong, and nobody knows how long ago the baseline was: to ask for too short a
// time would find that nothing has come since.
func (o Options) ahead(now time.Time) error {
	now = now.Round(0) // the clock on the wall alone, which may have been set meanwhile
	if began := o.Began.Round(0); !began.IsZero() && began.Before(now) {
		now = began
	}
	if !o.Baseline.After(now) {
		return nil
	}
	return fmt.Errorf("it asks what came since the baseline, which was finished at %s, later than this run began, "+
		"at %s: a clock is or was wrong, and nobody knows since when to ask",
		o.Baseline.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))
}

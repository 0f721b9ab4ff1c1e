package baseline

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Latest returns the newest finished run that keep wants. A run with a damaged
// manifest may be the newest: then the answer is an error, not an older run. So it is
// where several are wanted and clocks tell no order: one that was finished later than
// now would be the newest for ever, and of two that were finished at one moment neither
// is.
func (s *Store) Latest(ctx context.Context, now time.Time, keep func(Manifest) bool) (Manifest, bool, error) {
	runs, err := s.Runs(ctx)
	if err != nil {
		return Manifest{}, false, err
	}
	runs = slices.DeleteFunc(runs, func(m Manifest) bool { return !keep(m) })
	last := len(runs) - 1
	switch {
	case last < 0:
		return Manifest{}, false, nil
	case last == 0:
		return runs[0], true, nil
	case runs[last].Finished.After(now):
		return Manifest{}, false, fmt.Errorf("which baseline is the newest cannot be told: %s was finished at %s, and "+
			"now it is %s, so that a clock is or was wrong; %s", runs[last].Run, runs[last].Finished.UTC().Format(time.RFC3339),
			now.UTC().Format(time.RFC3339), choice(runs))
	case runs[last].Finished.Equal(runs[last-1].Finished):
		return Manifest{}, false, fmt.Errorf("which baseline is the newest cannot be told: %s and %s were finished "+
			"at the same moment; %s", runs[last-1].Run, runs[last].Run, choice(runs))
	}
	return runs[last], true, nil
}

// choice names runs to choose from, those of late first.
func choice(runs []Manifest) string {
	names := make([]string, 0, len(runs))
	for _, m := range slices.Backward(runs) {
		names = append(names, m.Run)
	}
	more := ""
	if n := len(names) - shown; n > 0 {
		names, more = names[:shown], fmt.Sprintf(" and %d more", n)
	}
	return "name the one from before the patch with --baseline: " + strings.Join(names, ", ") + more
}

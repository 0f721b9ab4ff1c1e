package main

import (
	"fmt"
	"time"

	"postpatch/baseline"
)

// clockNotes says where a baseline's times cannot be, measured by those of the run that
// is compared with it. What is compared does not rest on them; what is asked since the
// baseline does.
func clockNotes(m baseline.Manifest, began time.Time) []string {
	var notes []string
	utc := func(t time.Time) string { return t.UTC().Format(time.RFC3339) }
	if m.Finished.Before(m.Started) {
		notes = append(notes, fmt.Sprintf("the baseline began at %s and was finished at %s: the clock was set back meanwhile",
			utc(m.Started), utc(m.Finished)))
	}
	if m.Finished.After(began) {
		notes = append(notes, fmt.Sprintf("the baseline was finished at %s, later than this run began, at %s: a clock is or "+
			"was wrong; what is asked since the baseline is unknown, all else is compared as ever",
			utc(m.Finished), utc(began)))
	}
	return notes
}

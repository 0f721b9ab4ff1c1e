package runner

import (
	"strings"
	"testing"
	"time"
)

func TestAheadGoesByTheEarliestClock(t *testing.T) {
	at := time.Date(2026, 11, 10, 3, 0, 0, 0, time.UTC)
	tests := []struct {
		name                 string
		baseline, began, now time.Time
		want                 string
	}{
		{"no baseline", time.Time{}, at, at, ""},
		{"before", at.Add(-time.Nanosecond), at, at, ""},
		{"the same moment", at, at, at, ""},
		{"later", at.Add(time.Nanosecond), at, at.Add(time.Hour), "at 2026-11-10T03:00:00Z: a clock"},
		{"later, and the clock was set back since the run began", at.Add(-time.Minute), at, at.Add(-time.Hour), "02:00:00Z"},
		{"nobody kept when the run began", at.Add(time.Second), time.Time{}, at, "03:00:00Z"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := Options{Baseline: test.baseline, Began: test.began}.ahead(test.now)
			if (err != nil) != (test.want != "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("want %q, got %v", test.want, err)
			}
		})
	}
}

// A clock that is set back while a run goes makes no report of less than no time.
func TestNoRunTakesLessThanNoTime(t *testing.T) {
	began := time.Date(2026, 11, 10, 3, 0, 0, 0, time.UTC)
	if took := NewTally(began).Summary(began.Add(-time.Hour)).Took; took != 0 {
		t.Errorf("it took %s", took)
	}
}

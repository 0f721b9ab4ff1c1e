package baseline

import (
	"context"
	"slices"
	"strings"
)

// shown is how many captures a message names.
const shown = 5

// noSuchRun tells of a name that the store has not, and of those that it has.
func (s *Store) noSuchRun(ctx context.Context, run string, names []string) *Damage {
	d := damagef(run, Missing, "there is no baseline %s in the store %q", run, s.name)
	near := nearest(run, names)
	if near != "" {
		d.Msg += "; did you mean " + near + "?"
	}
	runs, _ := s.Runs(ctx) // damaged ones are told to who asks for them
	var captures []string
	for _, m := range slices.Backward(runs) {
		if m.Command == "capture" {
			captures = append(captures, m.Run)
		}
	}
	switch {
	case len(captures) > shown:
		d.Msg += "; its newest captures are " + strings.Join(captures[:shown], ", ")
	case len(captures) > 0:
		d.Msg += "; its captures are " + strings.Join(captures, ", ")
	case near == "":
		d.Msg += restore
	}
	return d
}

// nearest returns the name that is a few typing errors away, or that run is a
// part of; "" for none.
func nearest(run string, names []string) string {
	run = strings.ToLower(run)
	best, least := "", 1+max(1, len(run)/4)
	for _, name := range names {
		if n := distance(run, strings.ToLower(name)); n < least {
			best, least = name, n
		}
	}
	if best != "" {
		return best
	}
	for _, name := range slices.Backward(names) { // by time, where names end with one
		if strings.Contains(strings.ToLower(name), run) {
			return name
		}
	}
	return ""
}

// distance counts the letters to put in, take out or change.
func distance(a, b string) int {
	last := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		diagonal := last[0]
		last[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, last[j+1] = last[j+1], min(diagonal+cost, last[j]+1, last[j+1]+1)
		}
	}
	return last[len(b)]
}

package runner

import (
	"fmt"
	"strings"
	"time"

	"postpatch/suites"
)

// words are a wanted change for a finding: what has to be, by which update, and whether
// its time is over when the host was seen.
func (j judging) words(must suites.MustChange, met bool) string {
	text := "the plan wants " + must.Words()
	if update := ofUpdate(must.Update, met, j.at); update != "" {
		text += ": " + update
	}
	if must.Reason != "" {
		text += " (" + must.Reason + ")"
	}
	return text
}

// ofUpdate is an update in words. Of one that is on after its time nobody knows when it
// came, so nothing is said of that.
func ofUpdate(u suites.Update, met bool, at time.Time) string {
	var parts []string
	for _, part := range []string{u.KB, u.Severity} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	if !u.Released.IsZero() {
		parts = append(parts, "released "+u.Released.Format(time.DateOnly))
	}
	if u.Within > 0 {
		parts = append(parts, dueBy(u.Released.Add(u.Within), met, at))
	}
	return strings.Join(parts, ", ")
}

func dueBy(due time.Time, met bool, at time.Time) string {
	text := "due by " + due.UTC().Format(time.DateOnly)
	if !due.Equal(due.Truncate(24 * time.Hour)) {
		text = "due by " + due.UTC().Format("2006-01-02 15:04Z")
	}
	switch {
	case at.IsZero():
		return text
	case met && at.After(due):
		return text
	case met:
		return text + ": in time"
	case at.Before(due):
		return text + ": " + roughly(due.Sub(at)) + " left"
	default:
		return text + ": overdue since " + roughly(at.Sub(due))
	}
}

// roughly is a time in one or two units, without what is too small to matter.
func roughly(d time.Duration) string {
	const day = 24 * time.Hour
	switch hours := int(d / time.Hour); {
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d/time.Minute))
	case d < 2*day:
		return fmt.Sprintf("%d h", hours)
	case hours%24 == 0 || d > 14*day:
		return fmt.Sprintf("%d d", hours/24)
	default:
		return fmt.Sprintf("%d d %d h", hours/24, hours%24)
	}
}

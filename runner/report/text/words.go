package text

import (
	"fmt"
	"strings"
	"time"

	"postpatch/runner/report"
	"postpatch/runner/report/fold"
)

// size is how much a group tells, in its title.
func size(g fold.Group, s fold.Size) string {
	switch {
	case g == fold.Unreachable || g == fold.Problem || s.Told == s.Checks:
		return report.Thousands(s.Told)
	case s.Items == s.Checks:
		return fmt.Sprintf("%s, %s", report.Count(s.Checks, "check"), report.Count(s.Told, "reading"))
	default:
		return fmt.Sprintf("%s, %s", report.Count(s.Checks, "check"), report.Count(s.Items, "item"))
	}
}

func checks(n int) string {
	if n == 1 {
		return "check"
	}
	return "checks"
}

func ago(d time.Duration) string {
	if d < 0 {
		return "later than this run"
	}
	return report.Spell(d) + " ago"
}

// moment tells a time in UTC; the year only where it is not that of the run.
func moment(t, run time.Time) string {
	layout := "2 Jan 15:04 UTC"
	if t.UTC().Year() != run.UTC().Year() {
		layout = "2 Jan 2006 15:04 UTC"
	}
	return t.UTC().Format(layout)
}

// listed joins names with ", ", and with cut counts those that do not fit.
func listed(names []string, room int, cut bool) string {
	if !cut {
		return strings.Join(names, ", ")
	}
	s, used := "", 0
	for i, name := range names {
		used += columns(name)
		rest := ""
		if left := len(names) - i - 1; left > 0 {
			rest = fmt.Sprintf(", %d more", left)
		}
		if i > 0 && used+len(rest) > room {
			return s + fmt.Sprintf(", %d more", len(names)-i)
		}
		if i > 0 {
			s += ", "
		}
		s += name
		used += len(", ")
	}
	return s
}

package text

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"postpatch/runner/report/fold"
)

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return thousands(n) + " " + word + "s"
}

// size is how much a group tells, in its title.
func size(g fold.Group, s fold.Size) string {
	switch {
	case g == fold.Unreachable || g == fold.Problem || s.Told == s.Checks:
		return thousands(s.Told)
	case s.Items == s.Checks:
		return fmt.Sprintf("%s, %s", plural(s.Checks, "check"), plural(s.Told, "reading"))
	default:
		return fmt.Sprintf("%s, %s", plural(s.Checks, "check"), plural(s.Items, "item"))
	}
}

func checks(n int) string {
	if n == 1 {
		return "check"
	}
	return "checks"
}

// thousands groups digits by a space from five digits on.
func thousands(n int) string {
	s := strconv.Itoa(n)
	if n < 10000 {
		return s
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + " " + s[i:]
	}
	return s
}

// spell tells a duration in its two largest units: "5 h 12 m".
func spell(d time.Duration) string {
	d = max(d, 0)
	day := 24 * time.Hour
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Truncate(100*time.Millisecond).Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%d m %02d s", d/time.Minute, d%time.Minute/time.Second)
	case d < day:
		return fmt.Sprintf("%d h %02d m", d/time.Hour, d%time.Hour/time.Minute)
	default:
		return fmt.Sprintf("%d d %d h", d/day, d%day/time.Hour)
	}
}

func ago(d time.Duration) string {
	if d < 0 {
		return "later than this run"
	}
	return spell(d) + " ago"
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

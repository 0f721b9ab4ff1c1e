package history

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"postpatch/runner/report"
)

func pick(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// spell tells a duration in its two largest units, short: "5h12m".
func spell(d time.Duration) string {
	day := 24 * time.Hour
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", max(0, d)/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", d/time.Minute, d%time.Minute/time.Second)
	case d < day:
		return fmt.Sprintf("%dh%02dm", d/time.Hour, d%time.Hour/time.Minute)
	default:
		return fmt.Sprintf("%dd%02dh", d/day, d%day/time.Hour)
	}
}

// brief tells a duration for a table.
func brief(d time.Duration) string {
	if d >= time.Minute && d < time.Hour {
		return fmt.Sprintf("%dm", d.Round(time.Minute)/time.Minute)
	}
	return spell(d)
}

// listed names a few, and counts the rest of all.
func listed(names []string, all int) string {
	s := strings.Join(names, ", ")
	if more := all - len(names); more > 0 {
		s += fmt.Sprintf(" and %s more", report.Thousands(more))
	}
	return s
}

func sortedKeys[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }

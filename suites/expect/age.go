package expect

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"postpatch/probes/fact"
)

// ahead is how far in the future a time may lie that is still young: what ends while it
// is looked at, and an hour of local time that nobody can tell from the next, where the
// clock is put back.
const ahead = time.Hour

// age reads what follows "younger than" and "older than". What it comes to depends on
// when the reading was taken: it holds for nothing until At has told that.
func (l language) age(op, rest string) (Predicate, error) {
	if l.t != fact.TypeTime {
		return Predicate{}, fmt.Errorf("%q is for times; for type %s want %s", op, l.t, l.right())
	}
	limit, ok := Span(rest)
	if !ok || limit == 0 {
		return Predicate{}, fmt.Errorf("want a time like 15m, 36h or 7d after %q, got %q", op, rest)
	}
	source := op + " " + rest
	return Predicate{source: source, at: func(at time.Time) Predicate {
		return Predicate{source: source, holds: func(v fact.Value) bool {
			t, ok := v.(fact.Time)
			if !ok {
				return false
			}
			// Not the difference: of times far apart it is cut off.
			from := at.Add(-limit)
			if op == "older than" {
				return time.Time(t).Before(from)
			}
			return !time.Time(t).Before(from) && !time.Time(t).After(at.Add(ahead))
		}}
	}}, nil
}

// At is the predicate of a reading that was taken at a time, on which ages depend. Where
// nobody knows the time, zero, what speaks of an age holds for nothing.
func (p Predicate) At(at time.Time) Predicate {
	if p.at == nil || at.IsZero() {
		return p
	}
	return p.at(at)
}

// HasAge says whether the predicate depends on when the reading was taken.
func (p Predicate) HasAge() bool { return p.at != nil }

// made makes a predicate of others, once and, where one of them speaks of an age, again
// when the time is known.
func made(from []Predicate, of func([]Predicate) Predicate) Predicate {
	p := of(from)
	for _, part := range from {
		if part.at == nil {
			continue
		}
		p.at = func(at time.Time) Predicate {
			known := make([]Predicate, len(from))
			for i, part := range from {
				known[i] = part.At(at)
			}
			return of(known)
		}
	}
	return p
}

// Span reads a time as people write it: 90s, 15m, 1h30m, 36h, 7d, 2 weeks. No time is
// less than none.
func Span(text string) (time.Duration, bool) {
	text = strings.ReplaceAll(strings.TrimSpace(text), " ", "")
	if d, err := time.ParseDuration(text); err == nil {
		return d, d >= 0
	}
	const day = 24 * time.Hour
	digits := strings.TrimRight(text, "abcdefghijklmnopqrstuvwxyz")
	unit := map[string]time.Duration{
		"d": day, "day": day, "days": day, "w": 7 * day, "week": 7 * day, "weeks": 7 * day,
	}[text[len(digits):]]
	const most = 10_000 // weeks are still less than a Duration holds
	n, err := strconv.ParseUint(digits, 10, 64)
	if err != nil || unit == 0 || n > most {
		return 0, false
	}
	return time.Duration(n) * unit, true
}

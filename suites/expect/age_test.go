package expect_test

import (
	"strings"
	"testing"
	"time"

	"postpatch/probes/fact"
	"postpatch/suites/expect"
)

func TestAge(t *testing.T) {
	at := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) fact.Value { return fact.Time(at.Add(-d)) }
	const day = 24 * time.Hour
	for _, c := range []struct {
		source, why string
		value       fact.Value
		want        bool
	}{
		{"younger than 7d", "", ago(6 * day), true},
		{"younger than 7d", "to the second", ago(7 * day), true},
		{"younger than 7d", "", ago(7*day + time.Second), false},
		{"younger than 15m", "it ended while it was looked at", ago(-time.Minute), true},
		{"younger than 15m", "nobody can tell the hour when the clock is put back", ago(-time.Hour), true},
		{"younger than 15m", "a wrong clock proves nothing", ago(-2 * time.Hour), false},
		{"younger than 2 weeks", "", ago(13 * day), true},
		{"younger than 7d", "never", fact.Time(time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)), false},
		{"younger than 7d", "as far apart as can be", fact.Time(time.Time{}), false},
		{"younger  than\t7d", "however it is spaced", ago(time.Hour), true},
		{"older than 7d", "", ago(8 * day), true},
		{"older than 7d", "", ago(7 * day), false},
		{"older than 7d", "never", fact.Time(time.Time{}), true},
		{"younger than 7d", "nothing was told", nil, false},
		{"younger than 7d", "another type", fact.Int(3), false},
	} {
		p, err := expect.Parse(c.source, fact.TypeTime)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.At(at).Holds(c.value); got != c.want {
			t.Errorf("%s of %v: got %t, want %t: %s", c.source, c.value, got, c.want, c.why)
		}
		if p.Holds(c.value) || p.At(time.Time{}).Holds(c.value) {
			t.Errorf("%s of %v holds although nobody knows when it was looked at", c.source, c.value)
		}
		if !p.HasAge() || p.At(at).HasAge() {
			t.Errorf("%s: does it depend on the time? %t, then %t", c.source, p.HasAge(), p.At(at).HasAge())
		}
	}
}

// TestAgeInForms holds that forms hand the time on, and that no form of an age holds
// where nobody knows it: "not" least of all.
func TestAgeInForms(t *testing.T) {
	at := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	ok := must(t)
	young, old := fact.Time(at.Add(-time.Hour)), fact.Time(at.Add(-90*24*time.Hour))
	age := func() expect.Predicate { return ok(expect.Parse("younger than 7d", fact.TypeTime)) }
	after := ok(expect.Parse("> 2026-01-01", fact.TypeTime))
	for _, c := range []struct {
		p          expect.Predicate
		young, old bool
	}{
		{ok(expect.Not(age(), fact.TypeTime)), false, true},
		{ok(expect.AnyOf([]expect.Predicate{after, age()})), true, true},
		{ok(expect.AllOf([]expect.Predicate{after, age()})), true, false},
		{ok(expect.AllOf([]expect.Predicate{after, ok(expect.Not(age(), fact.TypeTime))})), false, true},
	} {
		if got := c.p.At(at).Holds(young); got != c.young {
			t.Errorf("%s of a young one: got %t", c.p, got)
		}
		if got := c.p.At(at).Holds(old); got != c.old {
			t.Errorf("%s of an old one: got %t", c.p, got)
		}
		if c.p.Holds(young) || c.p.Holds(old) {
			t.Errorf("%s holds although nobody knows when it was looked at", c.p)
		}
	}
}

func TestAgeIsRefused(t *testing.T) {
	for source, c := range map[string]struct {
		t    fact.Type
		want string
	}{
		"younger than":         {fact.TypeTime, "want a time like 15m, 36h or 7d"},
		"younger than 7":       {fact.TypeTime, "want a time like 15m, 36h or 7d"},
		"younger than 0s":      {fact.TypeTime, "want a time like 15m, 36h or 7d"},
		"younger than -3d":     {fact.TypeTime, "want a time like 15m, 36h or 7d"},
		"older than 99999999d": {fact.TypeTime, "want a time like 15m, 36h or 7d"},
		"older than 5s":        {fact.TypeDuration, `"older than" is for times`},
		"younger than me":      {fact.TypeText, `"younger than" is for times`},
	} {
		if _, err := expect.Parse(source, c.t); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", source, err, c.want)
		}
	}
}

package runner_test

import (
	"strings"
	"testing"
	"time"

	"postpatch/baseline"
	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/runner"
	"postpatch/suites"
	"postpatch/suites/expect"
)

// behind is a check of which the colour is looked at only where the squeak is heard.
func behind(t *testing.T, partial bool, expectations ...string) *suites.Check {
	t.Helper()
	c := check(t, expectations...)
	c.Kind.Readings = append([]probes.ReadingSpec(nil), c.Kind.Readings...)
	for i := range c.Kind.Readings {
		switch r := &c.Kind.Readings[i]; r.Name {
		case "squeak":
			r.Unseen = []fact.Value{fact.Text("not heard")}
		case "colour":
			r.Behind, r.Partial = "squeak", partial
		}
	}
	return c
}

// TestKeptAndNothingKnownOfBefore holds that what is to be kept and is not well fails where
// nobody could look at the baseline.
func TestKeptAndNothingKnownOfBefore(t *testing.T) {
	const read, unread = " squeak=heard", " squeak=not heard"
	for colour, want := range map[string]string{"red": "passed", "blue": "failed failing"} {
		before, now := doors(unread, "front sign=x"), doors(read, "front colour="+colour, "front sign=x")
		if got := told(judge(keep(behind(t, false, "colour=red")), &before, now, nil).Checks[0]); got[0] != want {
			t.Errorf("%s: got %q, want %s", colour, got, want)
		}
	}
}

// TestKeptAndUnseen holds that a reading which says itself that it was not observed is
// unknown where it was well, and nothing known where it was so before.
func TestKeptAndUnseen(t *testing.T) {
	for _, c := range [][3]string{
		{"heard", "not heard", "unknown"},
		{"silent", "not heard", "passed"},
		{"not heard", "not heard", "passed"},
		{"not heard", "silent", "failed failing"},
		{"not heard", "heard", "passed"},
		{"heard", "silent", "regressed failing"},
	} {
		before, now := doors("front squeak="+c[0]), doors("front squeak="+c[1])
		if got := told(judge(keep(behind(t, false, "squeak=heard")), &before, now, nil).Checks[0]); got[0] != c[2] {
			t.Errorf("%s, then %s: got %q, want %s", c[0], c[1], got, c[2])
		}
	}
}

// TestPartial holds that an item which has no such reading is not asked for it, unless it
// had one, and that an expectation which finds no item at all still fails.
func TestPartial(t *testing.T) {
	const read = " squeak=heard"
	all := doors(read, "back bell=rings", "back colour=red", "front bell=rings")
	none := doors(read, "back bell=rings", "front bell=rings")
	for name, c := range map[string]struct {
		partial     bool
		before, now baseline.Host
		want        string
	}{
		"an item without it":                    {false, all, all, "pre-existing"},
		"an item without it, as it may be":      {true, all, all, "passed"},
		"an item that has lost it":              {true, all, none, "regressed failing"},
		"no item with it, now and at all times": {true, none, none, "pre-existing"},
		"no item with it, and no baseline":      {true, doors(), none, "failed no baseline failing"},
	} {
		if got := told(judge(behind(t, c.partial, "colour=red"), &c.before, c.now, nil).Checks[0]); got[0] != c.want {
			t.Errorf("%s: got %q, want %s", name, got, c.want)
		}
	}
}

// TestSorts holds that an item of another sort is not asked for what it never has: one with
// no reading in common of which the kind expects something.
func TestSorts(t *testing.T) {
	c := check(t, "colour=red")
	c.Kind.Readings = append([]probes.ReadingSpec(nil), c.Kind.Readings...)
	for i := range c.Kind.Readings {
		if c.Kind.Readings[i].Name == "squeak" {
			c.Kind.Readings[i].Expect = "none"
		}
	}
	for want, now := range map[string]baseline.Host{
		"passed no baseline":             doors("front bell=rings", "front colour=red", "lock squeak=none"),
		"failed no baseline failing":     doors("front bell=rings", "front colour=red", "back bell=rings"),
		"failed no baseline failing gap": doors("front bell=rings", "front colour=red", "back bell=rings", "lock squeak=none"),
	} {
		want = strings.TrimSuffix(want, " gap")
		before := doors()
		got := told(judge(c, &before, now, nil).Checks[0])
		if got[0] != want || want != "passed no baseline" && got[1] != "back colour: failed ->" {
			t.Errorf("got %q, want %s", got, want)
		}
	}
}

// TestAges holds that an age is told from when each side was seen, so that judging a run
// again, later, comes to the same.
func TestAges(t *testing.T) {
	taken := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	day := 24 * time.Hour
	p, err := expect.Parse("younger than 7d", fact.TypeTime)
	if err != nil {
		t.Fatal(err)
	}
	built := func(at time.Time) baseline.Host { return doors("front built=" + at.Format(time.RFC3339)) }
	for name, c := range map[string]struct {
		before, now baseline.Host
		beforeAt    time.Time
		want        string
	}{
		"young, then and now":      {built(taken.Add(-day)), built(taken), taken, "passed"},
		"it has become old":        {built(taken.Add(-6 * day)), built(taken.Add(-6 * day)), taken, "regressed failing"},
		"it was old":               {built(taken.Add(-9 * day)), built(taken.Add(-9 * day)), taken, "pre-existing"},
		"it is young again":        {built(taken.Add(-9 * day)), built(taken.Add(day)), taken, "fixed"},
		"nobody knows when before": {built(taken.Add(-9 * day)), built(taken.Add(-9 * day)), time.Time{}, "failed failing"},
	} {
		tested := check(t)
		tested.Expect = []suites.Expectation{{Reading: "built", Predicate: p}}
		c.before.Taken = c.beforeAt
		v := runner.Visit{
			Host: suites.Host{Name: "h", Checks: []*suites.Check{tested}}, Seen: c.now, Started: taken.Add(2 * day),
		}
		got := runner.Judge(v, &c.before, nil).Checks[0]
		if lines := told(got); lines[0] != c.want {
			t.Errorf("%s: got %q, want %s", name, lines, c.want)
		}
	}
}

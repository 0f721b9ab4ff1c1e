package runner_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/baseline"
	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/runner"
	"postpatch/suites"
	"postpatch/suites/expect"
)

// behind is a check of which the colour is looked at only where the squeak is heard.
func behind(t *testing.T, partial bool, expectations ...string) suites.Check {
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

// TestExpectedBehindWhatWasNotLookedAt holds that what is expected, or was well, and
// nobody could look at, is unknown: neither passed nor gone.
func TestExpectedBehindWhatWasNotLookedAt(t *testing.T) {
	const read, unread = " squeak=heard", " squeak=not heard"
	own, kept := behind(t, false, "colour=red"), keep(behind(t, false, "colour=red"))
	for name, c := range map[string]struct {
		check       suites.Check
		before, now baseline.Host
		want        []string
	}{
		"the suite's, of an item that it had": {
			own, doors(read, "front colour=red"), doors(unread, "front sign=x"), []string{"unknown"},
		},
		"the suite's, and it never could": {
			own, doors(unread, "front sign=x"), doors(unread, "front sign=x"), []string{"unknown"},
		},
		"kept": {kept, doors(read, "front colour=red"), doors(unread, "front sign=x"), []string{"unknown"}},
		"kept, and it was not well": {
			kept, doors(read, "front colour=blue"), doors(unread, "front colour=blue"), []string{"passed"},
		},
		"kept, and gone although somebody looked": {
			kept, doors(read, "front colour=red", "front sign=x"), doors(read, "front sign=x"),
			[]string{"regressed failing", "front colour: regressed red->"},
		},
		"kept, and nobody knows how it was": {
			kept, doors(unread, "front sign=x"), doors(read, "front colour=blue", "front sign=x"),
			[]string{"failed failing", "front colour: failed ->blue"},
		},
		"well, and nobody knows how it was": {
			kept, doors(unread, "front sign=x"), doors(read, "front colour=red", "front sign=x"), []string{"passed"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := judge(c.check, &c.before, c.now, nil).Checks[0]
			lines := told(got)
			for i := len(lines) - 1; i > 0; i-- {
				if f := got.Findings[i-1]; f.Reading == "" || f.Reading == "sign" {
					lines = append(lines[:i], lines[i+1:]...)
				}
			}
			if d := cmp.Diff(c.want, lines); d != "" {
				t.Errorf("%s (-want +got):\n%s", got.Error, d)
			}
		})
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
			Host: suites.Host{Name: "h", Checks: []suites.Check{tested}}, Seen: c.now, Started: taken.Add(2 * day),
		}
		got := runner.Judge(v, &c.before, nil).Checks[0]
		if lines := told(got); lines[0] != c.want {
			t.Errorf("%s: got %q, want %s", name, lines, c.want)
		}
	}
}

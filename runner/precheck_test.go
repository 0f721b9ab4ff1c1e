package runner_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/baseline"
	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/runner"
	"postpatch/runner/report"
	"postpatch/suites"
)

// TestUnseen holds that a reading which says that it was not observed leaves the check
// unknown where somebody expects something of it, and nowhere else.
func TestUnseen(t *testing.T) {
	for name, c := range map[string]struct {
		expect []string
		before *baseline.Host
		now    baseline.Host
		want   []string
		about  string
	}{
		"of which nothing is expected": {nil, nil, doors(" squeak=not heard", "front bell=rings"), []string{"passed"}, ""},
		"of which something is": {
			[]string{"squeak=soft"}, nil, doors(" squeak=not heard"), []string{"unknown"}, "squeak: not heard",
		},
		"of an item": {
			[]string{"squeak=soft"}, nil, doors("front squeak=not heard"), []string{"unknown"}, "front squeak: not heard",
		},
		"of which the kind expects something": {
			[]string{"*squeak=soft"},
			nil, doors("front squeak=not heard"),
			[]string{"failed failing", "front squeak: failed ->not heard"},
			"",
		},
		"beside what fails": {
			[]string{"bell=rings", "squeak=soft"},
			nil, doors("front bell=broken", "front squeak=not heard"),
			[]string{"failed failing", "front bell: failed ->broken"},
			"front squeak: not heard",
		},
		"as it is meant to be": {[]string{"squeak=soft"}, nil, doors("front squeak=soft"), []string{"passed"}, ""},
		"not as it is meant to be": {
			[]string{"squeak=soft"},
			nil, doors("front squeak=loud"),
			[]string{"failed failing", "front squeak: failed ->loud"},
			"",
		},
	} {
		t.Run(name, func(t *testing.T) {
			tested := check(t, c.expect...)
			tested.Kind.Readings = append([]probes.ReadingSpec(nil), tested.Kind.Readings...)
			for i := range tested.Kind.Readings {
				if tested.Kind.Readings[i].Name == "squeak" {
					tested.Kind.Readings[i].Unseen = []fact.Value{fact.Text("not heard"), fact.Text("too late")}
				}
			}
			got := judge(tested, c.before, c.now, nil).Checks[0]
			if diff := cmp.Diff(c.want, told(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if got.Error != c.about {
				t.Errorf("error %q, want %q", got.Error, c.about)
			}
		})
	}
}

// TestBehindWhatWasNotLookedAt holds that what comes and goes with a look is no change.
func TestBehindWhatWasNotLookedAt(t *testing.T) {
	const read, unread = " squeak=heard", " squeak=not heard"
	for name, c := range map[string]struct {
		before, now baseline.Host
		want        []string
	}{
		"gone, and nobody could look": {doors(read, "front colour=red"), doors(unread, "front sign=x"), nil},
		"new, and nobody could look":  {doors(unread, "front sign=x"), doors(read, "front colour=red", "front sign=x"), nil},
		"new, and nobody knew of it":  {doors("front sign=x"), doors(read, "front colour=red", "front sign=x"), nil},
		"gone although somebody looked": {
			doors(read, "front colour=red", "front sign=x"), doors(read, "front sign=x"),
			[]string{"front colour: drifted red->"},
		},
		"new although somebody had looked": {
			doors(read, "front sign=x"), doors(read, "front colour=red", "front sign=x"),
			[]string{"front colour: drifted ->red"},
		},
		"otherwise than before": {
			doors(unread, "front colour=red"), doors(unread, "front colour=blue"),
			[]string{"front colour: drifted red->blue"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			tested := behindSqueak(check(t))
			var got []string
			for _, line := range told(judge(tested, &c.before, c.now, nil).Checks[0])[1:] {
				if strings.Contains(line, "colour") {
					got = append(got, line)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// behindSqueak lets the colour be known only where the squeak was heard.
func behindSqueak(c *suites.Check) *suites.Check {
	c.Kind.Readings = slices.Clone(c.Kind.Readings)
	for i := range c.Kind.Readings {
		switch c.Kind.Readings[i].Name {
		case "squeak":
			c.Kind.Readings[i].Unseen = []fact.Value{fact.Text("not heard")}
		case "colour":
			c.Kind.Readings[i].Behind = "squeak"
		}
	}
	return c
}

// TestNotLookedAtIsUnknown holds that what could not be looked at never passes where it was
// looked at before, or where something is wanted of it, and never fails either.
func TestNotLookedAtIsUnknown(t *testing.T) {
	const read, unread = " squeak=heard", " squeak=not heard"
	red, blue, other := "front colour=red", "front colour=blue", "front sign=x"
	for name, c := range map[string]struct {
		check       *suites.Check
		before, now baseline.Host
		want        string
	}{
		"it was looked at before":     {check(t), doors(read, red), doors(unread, other), "unknown"},
		"it was, and found well":      {check(t, "*colour=red"), doors(read, red, other), doors(unread, other), "unknown"},
		"the suite wants it":          {check(t, "colour=red"), doors(unread, other), doors(unread, other), "unknown"},
		"the suite asserts it":        {asserting(t, check(t), `after.colour == "red"`), doors(unread, other), doors(unread, other), "unknown"},
		"it asserts it of two times":  {asserting(t, check(t), `after.colour == before.colour`), doors(read, red), doors(unread, other), "unknown"},
		"nobody could look before":    {check(t), doors(unread, other), doors(unread, other), "passed"},
		"the kind alone wants it":     {check(t, "*colour=red"), doors(unread, other), doors(unread, other), "passed"},
		"something else has failed":   {check(t, "sign=y"), doors(read, red, "front sign=y"), doors(unread, other), "regressed failing"},
		"it was looked at, and fails": {check(t, "colour=red"), doors(read, red), doors(read, blue), "regressed failing"},
	} {
		t.Run(name, func(t *testing.T) {
			got := judge(behindSqueak(c.check), &c.before, c.now, nil).Checks[0]
			if got := told(got); got[0] != c.want {
				t.Errorf("got %q, want %s", got, c.want)
			}
			if c.want == "unknown" && got.Error != "squeak: not heard" {
				t.Errorf("it says %q", got.Error)
			}
		})
	}
}

// TestMayBegin holds the words in which a precheck says whether the patch may begin.
func TestMayBegin(t *testing.T) {
	one := func(o report.Outcome) report.Host {
		return report.Host{Checks: []report.Check{{Outcome: o, Failing: o == report.Failed}}}
	}
	gone := func(name string) report.Host {
		return report.Host{Host: name, Unreachable: "silent", Checks: []report.Check{{Outcome: report.Unknown}}}
	}
	waived := report.Host{Checks: []report.Check{{
		Outcome: report.Waived, Findings: []report.Finding{{Outcome: report.Waived}},
	}}}
	for name, c := range map[string]struct {
		hosts           []report.Host
		exit            int
		verdict, reason string
	}{
		"all is well":    {[]report.Host{one(report.Passed)}, 0, "READY", "the patch may begin"},
		"waived":         {[]report.Host{waived}, 0, "READY", "the patch may begin, 1 check waived"},
		"failed":         {[]report.Host{one(report.Failed), waived}, 1, "NOT READY", "1 check failed, 1 check waived"},
		"not known":      {[]report.Host{one(report.Unknown)}, 3, "INCOMPLETE", "1 check unknown"},
		"no answer":      {[]report.Host{gone("b"), gone("a")}, 3, "INCOMPLETE", "no answer from a, b; 2 hosts unreachable"},
		"and one failed": {[]report.Host{gone("a"), one(report.Failed)}, 1, "NOT READY", "no answer from a; 1 check failed, 1 host unreachable"},
		"of many": {
			[]report.Host{gone("a"), gone("b"), gone("c"), gone("d"), gone("e")},
			3, "INCOMPLETE",
			"no answer from a, b, c and 2 more; 5 hosts unreachable",
		},
	} {
		t.Run(name, func(t *testing.T) {
			tally := runner.NewTally(time.Time{})
			tally.Precheck()
			for _, h := range c.hosts {
				tally.Add(h)
			}
			s := tally.Summary(time.Time{})
			if s.ExitCode != c.exit || s.Verdict != c.verdict || s.Reason != c.reason {
				t.Errorf("got exit %d, %s, %q; want %d, %s, %q", s.ExitCode, s.Verdict, s.Reason, c.exit, c.verdict, c.reason)
			}
		})
	}
}

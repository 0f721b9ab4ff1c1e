package runner_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/baseline"
	"postpatch/probes/fact"
	"postpatch/runner"
	"postpatch/runner/report"
	"postpatch/suites"
)

// What was seen beside an error at the baseline was there: where the check is observed
// whole now, it can go no more silently than anything else. What is seen beside an
// error now may have been there before.
func TestWhatHalfABaselineHasCanGo(t *testing.T) {
	const half, back = "error: no bell", "back state=open"
	for name, tt := range map[string]struct {
		before, now baseline.Host
		want        []string
	}{
		"an item": {
			doors(half, back, "front state=open"), doors(back),
			[]string{"drifted failing", "front: drifted there->gone"},
		},
		"a reading": {
			doors(half, back, "back colour=red"), doors(back), []string{"drifted", "back colour: drifted red->"},
		},
		"an item, and now is not whole either": {
			doors(half, back, "front state=open"), doors(half, back), []string{"unknown"},
		},
		"an item that is new beside an error": {
			doors(back), doors(half, back, "front state=open"), []string{"unknown"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, told(judge(check(t), &tt.before, tt.now, nil).Checks[0])); d != "" {
				t.Errorf("outcome (-want +got):\n%s", d)
			}
		})
	}
	before := doors(half, back)
	before.Unreachable = "nothing answers"
	if got := told(judge(check(t), &before, doors("front state=open"), nil).Checks[0]); got[0] != "unknown no baseline" {
		t.Errorf("what was seen of a host that did not answer: %v", got)
	}
}

// What the plan wants is unmet where it is seen not to be so, whatever the baseline
// has of the check.
func TestAWantedChangeNeedsNoBaseline(t *testing.T) {
	for name, before := range map[string]baseline.Host{
		"a check that is new": {Host: "h"}, "a check that was not observed": doors("error: timed out"),
	} {
		for colour, want := range map[string][]string{
			"red":  {"unmet failing", "front colour: unmet ->red"},
			"blue": {"unknown", "front colour: expected ->blue"},
		} {
			c := judge(check(t), &before, doors("front colour="+colour), plan(t, "colour=blue")).Checks[0]
			c.Mark = ""
			if d := cmp.Diff(want, told(c)); d != "" {
				t.Errorf("%s, %s (-want +got):\n%s", name, colour, d)
			}
		}
	}
}

// An assertion that finds nothing to look at has looked: where a waiver covers that,
// nothing else is wrong with a check that is new.
func TestAnAssertionOverNothingCanBeWaived(t *testing.T) {
	c := asserting(t, check(t), "after.creak < 5")
	h := judgeWaived(t, c, doors("front state=open"))
	if d := cmp.Diff([]string{"waived new", "assert: waived ->"}, told(h.Checks[0])); d != "" {
		t.Errorf("outcome (-want +got):\n%s", d)
	}
}

// judgeWaived judges a new check that a waiver in force covers.
func judgeWaived(t *testing.T, c *suites.Check, now baseline.Host) report.Host {
	t.Helper()
	planning := runner.NewPlanning(nil)
	planning.Waive([]suites.Waiver{waiver(t, ".*", "2026-11-23")}, time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC))
	return runner.Judge(visitOf(c, now), &baseline.Host{Host: "h"}, planning)
}

// What another version has stored in another type says nothing of how it was: neither
// that it failed before, nor that it may be gone.
func TestABaselineOfAnotherType(t *testing.T) {
	before := func(lines ...string) baseline.Host {
		h := doors(lines...)
		for i, r := range h.Readings {
			if r.Key.Name == "squeak" {
				h.Readings[i].Value = fact.Int(3)
			}
		}
		return h
	}
	const there = "front state=open"
	for name, tt := range map[string]struct {
		check       *suites.Check
		before, now baseline.Host
		want        []string
	}{
		"what the suite expects fails": {
			check(t, "squeak=no"), before(there, "front squeak=3"), doors(there, "front squeak=yes"),
			[]string{"failed failing", "front squeak: failed 3->yes"},
		},
		"what the suite expects holds": {
			check(t, "squeak=no"), before(there, "front squeak=3"), doors(there, "front squeak=no"), []string{"passed"},
		},
		"what the kind expects is gone": {
			check(t, "*squeak=no"), before(there, "front squeak=3"), doors(there), []string{"unknown"},
		},
		"nobody looks at it": {check(t), before(there, "front squeak=3"), doors(there), []string{"passed"}},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, told(judge(tt.check, &tt.before, tt.now, nil).Checks[0])); d != "" {
				t.Errorf("outcome (-want +got):\n%s", d)
			}
		})
	}
}

// What the suite expects, was not met and is gone now is no better than what the kind
// expects: it fails otherwise. Nor was what nobody asked for at the baseline broken then.
func TestWhatFailedBeforeAndIsGone(t *testing.T) {
	before, now := doors("front state=shut", "front sign=in"), doors("front sign=in")
	want := []string{"drifted failing", "front state: drifted shut->"}
	if d := cmp.Diff(want, told(judge(check(t, "state=open"), &before, now, nil).Checks[0])); d != "" {
		t.Errorf("gone (-want +got):\n%s", d)
	}
	now = restated(doors(" sign=in"))
	before = doors("front state=open", " sign=in")
	want = []string{
		"failed failing", "front: drifted there->gone, or not asked for any more", "state: failed ->",
	}
	if d := cmp.Diff(want, told(judge(check(t, "state=open"), &before, now, nil).Checks[0])); d != "" {
		t.Errorf("asked otherwise (-want +got):\n%s", d)
	}
}

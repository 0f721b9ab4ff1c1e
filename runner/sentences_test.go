package runner_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/baseline"
	"postpatch/probes/fact"
	"postpatch/runner"
	"postpatch/runner/report"
	"postpatch/suites"
)

// What a finding says was wanted, word for word.
func TestWhatAFindingWanted(t *testing.T) {
	gated := check(t, "*state=open")
	gated.Expect = append(gated.Expect, keep(check(t, "*squeak=no")).Expect...)
	for name, tt := range map[string]struct {
		check       *suites.Check
		before, now baseline.Host
		want        string
	}{
		"fails otherwise than before": {
			check(t, "state=open"), doors("front state=shut"), doors("front state=broken"),
			"expected open, which it did not meet before either",
		},
		"to be kept, and not known of before": {
			keep(check(t, "*colour=red")),
			doors("error: no bell", "side squeak=no"), doors("side colour=blue", "side squeak=no"),
			"expected red, and nothing is known of before",
		},
		"to be kept, and not seen before": {
			gated, doors("front state=shut"), doors("front state=open", "front squeak=loud"),
			"expected no, and nothing is known of before",
		},
		"an assertion that finds nothing": {
			asserting(t, check(t), "after.creak < 5"), doors("front state=open"), doors("front state=open"),
			"expected after.creak < 5; no item has a reading of it",
		},
		"the kind's own, and not reported any more": {
			check(t, "*bell=rings"), doors("front bell=rings", "front colour=red"), doors("front colour=red"),
			"expected rings",
		},
	} {
		findings := judge(tt.check, &tt.before, tt.now, nil).Checks[0].Findings
		if len(findings) == 0 {
			t.Fatalf("%s: nothing is found", name)
		}
		if got := findings[len(findings)-1].Wanted; got != tt.want {
			t.Errorf("%s: want %q, got %q", name, tt.want, got)
		}
	}
}

// What a check that is unknown says of the reason, word for word.
func TestWhyACheckIsUnknown(t *testing.T) {
	half := doors("error: no bell", "side state=open", " state=open")
	const held = " state=open"
	for name, tt := range map[string]struct {
		now  baseline.Host
		want string
	}{
		"one": {
			doors(held, "side state=open", "side colour=red"),
			"nothing to compare with of side colour: at the baseline it could not be observed (no bell)",
		},
		"of the check as a whole": {
			doors(held, "side state=open", " colour=red"),
			"nothing to compare with of colour: at the baseline it could not be observed (no bell)",
		},
		"as many as are listed": {
			doors(
				held, "side state=open", "a colour=red", "b colour=red", "c colour=red", "d colour=red", "e colour=red",
			),
			"nothing to compare with of a colour, b colour, c colour, d colour, e colour: " +
				"at the baseline it could not be observed (no bell)",
		},
		"one more": {
			doors(
				held, "side state=open", "a colour=red", "b colour=red", "c colour=red", "d colour=red", "e colour=red",
				"f colour=red",
			),
			"nothing to compare with of a colour, b colour, c colour, d colour, e colour and 1 more: " +
				"at the baseline it could not be observed (no bell)",
		},
	} {
		if c := judge(check(t), &half, tt.now, nil).Checks[0]; c.Outcome != report.Unknown || c.Error != tt.want {
			t.Errorf("%s: want %q, got %q: %q", name, tt.want, c.Outcome, c.Error)
		}
	}
}

// The same of checks that have no baseline at all, or one of another version.
func TestWhyThereIsNothingToCompareWith(t *testing.T) {
	stored, state := doors("front squeak=no"), "front state=open"
	stored.Readings[0].Value = fact.Int(3)
	both := doors("front squeak=no", state)
	both.Readings[0].Value = fact.Int(3)
	for want, tt := range map[string]struct {
		check       *suites.Check
		before, now baseline.Host
	}{
		"it was not tried": {check(t), doors(state), baseline.Host{Host: "h"}},
		"nothing to compare with of front squeak: at the baseline it could not be observed " +
			"(it is stored in another type)": {
			keep(check(t, "squeak=no")), both, doors(state),
		},
		"nothing to compare with: the check expects nothing of its own, and the baseline has nothing of it": {
			check(t), baseline.Host{Host: "h"}, doors(state),
		},
		"nothing to compare with of front colour: at the baseline it could not be observed " +
			"(it is stored in another type)": {
			check(t), stored, doors("front squeak=no", "front colour=red"),
		},
	} {
		c := judge(tt.check, &tt.before, tt.now, nil).Checks[0]
		if c.Outcome != report.Unknown || c.Error != want {
			t.Errorf("want %q, got %q: %q", want, c.Outcome, c.Error)
		}
	}
}

// Which machine answers is asked for only where something that is observed could have
// said it.
func TestAMachineThatDoesNotSayWhichItIs(t *testing.T) {
	inside, outside := check(t), check(t)
	inside.Probe, outside.Probe = asking{}, probeFunc(nil)
	for name, tt := range map[string]struct {
		check *suites.Check
		now   baseline.Host
		want  string // the error of a check that is added
	}{
		"asked and observed": {
			inside, doors("front state=open"),
			"the baseline is of machine abc, and the one that answers does not say which it is",
		},
		"asked, and not observed":  {inside, doors("error: timed out"), ""},
		"observed without a word":  {outside, doors("front state=open"), ""},
		"neither asked nor seen":   {outside, doors("error: timed out"), ""},
		"asked, observed and told": {inside, sayingABC(doors("front state=open")), ""},
	} {
		before := sayingABC(doors("front state=open"))
		got := ""
		for _, c := range judge(tt.check, &before, tt.now, nil).Checks[1:] {
			got += c.ID + " " + string(c.Outcome) + ": " + c.Error
		}
		want := tt.want
		if want != "" {
			want = "identity unknown: " + want
		}
		if got != want {
			t.Errorf("%s: want %q, got %q", name, want, got)
		}
	}
}

func sayingABC(h baseline.Host) baseline.Host {
	h.Identity = "abc"
	return h
}

// A check that is no more counts as skipped, and says why.
func TestACheckThatIsNoMore(t *testing.T) {
	before := doors("front state=open")
	h := report.Host{Counts: map[report.Outcome]int{}}
	runner.AddRemoved(&h, &before, nil, nil)
	want := []report.Check{{
		ID: "door", Suite: "house", Kind: "door", Outcome: report.Skipped,
		Error: "it was checked at the baseline, and is no more",
	}}
	if d := cmp.Diff(want, h.Checks); d != "" || h.Counts[report.Skipped] != 1 {
		t.Errorf("skipped: %d, checks (-want +got):\n%s", h.Counts[report.Skipped], d)
	}
}

// What the plan wants is told in its words, whether it came or not.
func TestWhatThePlanWanted(t *testing.T) {
	red, none := doors("front state=open", "front colour=red"), doors("front state=open")
	for name, tt := range map[string]struct{ before, now baseline.Host }{
		"came":             {red, doors("front state=open", "front colour=blue")},
		"did not come":     {red, red},
		"went":             {red, none},
		"was not there":    {none, none},
		"came from nought": {none, doors("front state=open", "front colour=blue")},
	} {
		got := judge(check(t), &tt.before, tt.now, plan(t, "colour=blue")).Checks[0].Findings
		if len(got) != 1 || got[0].Wanted != "the plan wants blue" {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// An assertion that fails is told to the last field; it has a side only where one of
// its readings is there.
func TestHowAnAssertionIsTold(t *testing.T) {
	none, loud := doors("front sign=in"), doors("front sign=in", "front creak=9")
	c := asserting(t, check(t), "after.creak < 5")
	want := report.Finding{
		Item: "front", Reading: "assert", Outcome: report.Failed, Now: "creak 9", HasNow: true,
		Wanted: "expected after.creak < 5",
	}
	if d := cmp.Diff([]report.Finding{want}, judge(c, nil, loud, nil).Checks[0].Findings); d != "" {
		t.Errorf("before it was there (-want +got):\n%s", d)
	}
	want = report.Finding{
		Item: "front", Reading: "assert", Outcome: report.PreExisting, Before: "creak 9", HasBefore: true,
		Wanted: "expected after.creak < 5; after.creak is not there",
	}
	got := judge(c, &loud, none, nil).Checks[0].Findings
	if d := cmp.Diff([]report.Finding{want}, got); d != "" {
		t.Errorf("where it is gone (-want +got):\n%s", d)
	}
}

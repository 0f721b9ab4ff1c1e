package runner_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/baseline"
	"postpatch/probes/fact"
)

// A change that does not fail the run is no proof of what it replaced: where the
// baseline was not whole, what came is unknown, though it is told as new as well.
func TestWhatCameToHalfABaselineIsUnknown(t *testing.T) {
	before := doors("error: no bell", "front state=open")
	got := told(judge(check(t), &before, doors("front state=open", "front colour=red"), nil).Checks[0])
	if got[0] != "unknown" {
		t.Errorf("a warning speaks for what nothing is known of: %q", got)
	}
}

// What little was seen of a host that did not answer is compared with nothing: neither
// with a check that is observed whole now, nor with a part of one.
func TestAHostThatDidNotAnswerIsComparedWithNothing(t *testing.T) {
	before := doors("front state=open", "front colour=red")
	before.Unreachable = "nothing answers"
	for name, tt := range map[string]struct {
		now  baseline.Host
		want []string
	}{
		"whole":  {doors("front state=open", "front colour=blue"), []string{"passed no baseline"}},
		"a part": {doors("error: no bell", "front state=open", "front colour=blue"), []string{"unknown no baseline"}},
	} {
		if d := cmp.Diff(tt.want, told(judge(check(t, "state=open"), &before, tt.now, nil).Checks[0])); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

// Nor does a gate that had failed there tell anything of what was behind it.
func TestAGateOfAHostThatDidNotAnswer(t *testing.T) {
	c := check(t, "*bell=rings")
	c.Expect = append(c.Expect, keep(check(t, "*squeak=no")).Expect...)
	before := doors("front bell=silent")
	before.Unreachable = "nothing answers"
	got := told(judge(c, &before, doors("front bell=rings", "front squeak=loud"), nil).Checks[0])
	if d := cmp.Diff([]string{"passed no baseline"}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// What another type says is told as a change, and needs no other word.
func TestAnotherTypeIsAChange(t *testing.T) {
	before := doors("front colour=red")
	before.Readings[0].Value = fact.Int(3)
	c := judge(check(t), &before, doors("front colour=red"), nil).Checks[0]
	if d := cmp.Diff([]string{"drifted", "front colour: drifted 3->red"}, told(c)); d != "" || c.Error != "" {
		t.Errorf("%q (-want +got):\n%s", c.Error, d)
	}
}

// Of a host that does not answer, and of another machine, nothing is judged, also where
// a part was seen.
func TestNothingIsJudgedOfWhatIsNotTheHost(t *testing.T) {
	before := sayingABC(doors("front state=open"))
	silent, another := doors("error: no bell", "front state=shut"), doors("front state=shut")
	silent.Unreachable, another.Identity = "nothing answers", "xyz"
	for name, now := range map[string]baseline.Host{"it does not answer": silent, "another machine": another} {
		if d := cmp.Diff([]string{"unknown"}, told(judge(check(t, "state=open"), &before, now, nil).Checks[0])); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

// Whether a part of a check was seen that could not be observed whole, for the reader
// who may take that for a baseline.
func TestPartly(t *testing.T) {
	for want, now := range map[bool]baseline.Host{
		true: doors("error: no bell", "front state=open"), false: doors("error: no bell"),
	} {
		if got := judge(check(t, "state=open"), nil, now, nil).Checks[0].Partly; got != want {
			t.Errorf("%v: partly is %v", now.Readings, got)
		}
	}
}

// Readings are judged in whichever order somebody hands them over.
func TestReadingsInAnyOrder(t *testing.T) {
	before := doors("back state=open", "front colour=red", "front state=open", "side state=open")
	now := doors("back state=open", "front colour=blue", "front state=shut", "side state=open")
	want := told(judge(check(t, "state=open"), &before, now, nil).Checks[0])
	slices.Reverse(before.Readings)
	slices.Reverse(now.Readings)
	if d := cmp.Diff(want, told(judge(check(t, "state=open"), &before, now, nil).Checks[0])); d != "" {
		t.Errorf("(-sorted +reversed):\n%s", d)
	}
}

// Only of an item that is told as new does nobody need to hear that an assertion has
// nothing of before to be held against: not where the item was there, or may have been.
func TestWhatIsNewIsNoAnswer(t *testing.T) {
	const creaks, there = "front creak=1", "front sign=in"
	odd := doors(creaks, "front squeak=3")
	odd.Readings[1].Value = fact.Int(3)
	for name, tt := range map[string]struct {
		before, now baseline.Host
		want        []string
		about       string
	}{
		"it is told as new": {
			doors(creaks), doors(creaks, "side creak=1", "side colour=red"), []string{"drifted", "side: drifted ->new"}, "",
		},
		"it is told as new, and may be": {
			doors(creaks), doors(creaks, "side creak=1", "side sign=in"), []string{"expected", "side: expected ->new"}, "",
		},
		"another is": {
			doors(creaks), doors(creaks, "side creak=1", "back colour=red"),
			[]string{"unknown", "back: drifted ->new"},
			"side assert",
		},
		"another has changed": {
			doors(creaks, "front colour=red"), doors(creaks, "side creak=1", "front colour=blue"),
			[]string{"unknown", "front colour: drifted red->blue"},
			"side assert",
		},
		"the item was there": {
			doors(there), doors(there, creaks, "front colour=red"),
			[]string{"unknown", "front colour: drifted ->red"},
			"front assert",
		},
		"it is the check as a whole": {
			doors(creaks), doors(creaks, " creak=1", " colour=red"), []string{"unknown", ": drifted ->new"}, "assert",
		},
		"the baseline was not whole": {
			doors("error: no bell", creaks), doors(creaks, "side creak=1", "side knocks=3"),
			[]string{"unknown"},
			"side assert",
		},
		"a part of it is of another type": {
			odd, doors(creaks, "front squeak=3", "side creak=1", "side colour=red"),
			[]string{"unknown", "side: drifted ->new"},
			"side assert",
		},
		"the check asks otherwise": {
			restated(doors(creaks)), doors(creaks, "side creak=1", "side knocks=3"),
			[]string{"unknown failing", "side knocks: drifted ->3"},
			"side assert",
		},
	} {
		c := asserting(t, check(t), "after.creak <= before.creak * 2")
		got := judge(c, &tt.before, tt.now, plan(t, "", "sign")).Checks[0]
		want := ""
		if tt.about != "" {
			want = "the baseline has nothing to hold this against: " + tt.about
		}
		if d := cmp.Diff(tt.want, told(got)); d != "" || got.Error != want {
			t.Errorf("%s: %q, outcome (-want +got):\n%s", name, got.Error, d)
		}
	}
}

// What waiting has learnt of a host is not told of one that does not answer, or is another.
func TestNothingIsToldOfAWaitForAnother(t *testing.T) {
	before := sayingABC(doors("front state=open"))
	waited := func(change func(*baseline.Host)) baseline.Host {
		now := doors("front state=open")
		key := fact.Key{Host: "h", Check: "(settling)", Name: "after"}
		now.Checks = append(now.Checks, baseline.Check{Check: key.Check, Kind: "settling"})
		now.Readings = append(now.Readings, fact.Reading{Key: key, Value: fact.Duration(time.Minute)})
		now.Sort()
		change(&now)
		return now
	}
	for name, tt := range map[string]struct {
		change func(*baseline.Host)
		want   time.Duration
	}{
		"it answers":         {func(*baseline.Host) {}, time.Minute},
		"it does not answer": {func(h *baseline.Host) { h.Unreachable = "nothing answers" }, 0},
		"another machine":    {func(h *baseline.Host) { h.Identity = "xyz" }, 0},
	} {
		if got := judge(check(t), &before, waited(tt.change), nil).Settled; got != tt.want {
			t.Errorf("%s: want %s, got %s", name, tt.want, got)
		}
	}
}

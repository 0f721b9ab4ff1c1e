package runner_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/baseline"
	"postpatch/runner/report"
	"postpatch/suites"
)

// Of a baseline that was not whole, what it has nothing of passes only by an
// expectation of its own: nobody knows whether the rest has changed.
func TestABaselineThatWasNotWhole(t *testing.T) {
	for name, tt := range map[string]struct {
		check       *suites.Check
		before, now baseline.Host
		want        []string
		about       string // of the check's error
	}{
		"what both have is compared": {
			check(t), doors("error: no bell", "front colour=red"), doors("front colour=blue"),
			[]string{"drifted", "front colour: drifted red->blue"},
			"",
		},
		"what it lacks is not known to be the same": {
			check(t), doors("error: no bell", "front colour=red"), doors("front colour=red", "side colour=red"),
			[]string{"unknown"},
			"side colour: at the baseline it could not be observed (no bell)",
		},
		"but by what the kind expects": {
			check(t, "*colour=red"), doors("error: no bell", "front colour=red"), doors("front colour=red", "side colour=red"),
			[]string{"passed"},
			"",
		},
		"and by what is to be kept": {
			keep(check(t, "*colour=red")), doors("error: no bell", "front colour=red"),
			doors("front colour=red", "side colour=red"),
			[]string{"passed"},
			"",
		},
		"which it does not meet": {
			keep(check(t, "*colour=red")), doors("error: no bell", "front colour=red", "side squeak=no"),
			doors("front colour=red", "side colour=blue", "side squeak=no"),
			[]string{"failed failing", "side colour: failed ->blue"},
			"",
		},
		"which another one does not meet, that may be new": {
			keep(check(t, "*colour=red")), doors("error: no bell", "front colour=red"),
			doors("front colour=red", "side colour=blue"),
			[]string{"unknown"},
			"side colour: at the baseline",
		},
		"nor is what is counted, unless it is listed too": {
			check(t), doors("error: no bell", "front colour=red"), doors("front colour=red", "night knocks=3"),
			[]string{"passed"},
			"",
		},
		"what nobody compares needs no baseline": {
			check(t), doors("error: no bell", "front colour=red"), doors("front colour=red", "side squeak=loud", "side sign=in"),
			[]string{"passed"},
			"",
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := judge(tt.check, &tt.before, tt.now, nil).Checks[0]
			if d := cmp.Diff(tt.want, told(c)); d != "" || !strings.Contains(c.Error, tt.about) {
				t.Errorf("error %q, outcome (-want +got):\n%s", c.Error, d)
			}
		})
	}
}

// Only a gate speaks for what is missing: any other failure of an item, and even
// more of the check as a whole, has nothing to do with it.
func TestOnlyAGateSpeaksForOthers(t *testing.T) {
	const colour, sign = "*colour=red", "*sign=in"
	kept := check(t, "*bell=rings")
	kept.Expect = append(kept.Expect, keep(check(t, colour)).Expect...)
	closed := doors("front bell=silent")
	got := told(judge(kept, &closed, doors("front bell=rings", "front colour=blue"), nil).Checks[0])
	want := []string{"failed failing", "front bell: fixed silent->rings", "front colour: failed ->blue"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("what is to be kept, behind a gate that had failed (-want +got):\n%s", d)
	}
	for name, tt := range map[string]struct {
		before, now baseline.Host
		want        []string
	}{
		"what failed before is no excuse for what came": {
			doors("error: no sign", " colour=blue", " built=2026-11-01T01:00:00Z"), doors(" colour=blue", " sign=out"),
			[]string{"failed failing", "colour: pre-existing blue->blue", "sign: failed ->out"},
		},
		"what failed before is no excuse for what went": {
			doors(" colour=blue", " sign=in"), doors(" colour=blue"),
			[]string{"regressed failing", "colour: pre-existing blue->blue", "sign: regressed in->"},
		},
		"a gate that failed before, and fails, is none for what was there": {
			doors("front bell=silent", "front sign=in"), doors("front bell=silent"),
			[]string{"regressed failing", "front bell: pre-existing silent->silent", "front sign: regressed in->"},
		},
		"a gate that fails now is": {
			doors("front bell=rings", "front sign=in"), doors("front bell=silent"),
			[]string{"regressed failing", "front bell: regressed rings->silent"},
		},
		"items' gates that fail, as before, are none for what the check had as a whole": {
			doors("front bell=silent", " colour=red", " squeak=no"), doors("front bell=silent", " squeak=no"),
			[]string{"regressed failing", "front bell: pre-existing silent->silent", "colour: regressed red->"},
		},
		"a gate that failed before is one for what came": {
			doors("front bell=silent"), doors("front bell=rings", "front sign=out"),
			[]string{"pre-existing", "front bell: fixed silent->rings", "front sign: pre-existing ->out"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := told(judge(check(t, "*bell=rings", colour, sign), &tt.before, tt.now, nil).Checks[0])
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("outcome (-want +got):\n%s", d)
			}
		})
	}
}

// What little was seen of a host that did not answer at the baseline is nothing to
// compare with: what fails now has failed, and nobody knows since when.
func TestABaselineThatDidNotAnswer(t *testing.T) {
	before := doors("front bell=rings")
	before.Unreachable = "no answer"
	for name, tt := range map[string]struct {
		now  baseline.Host
		want []string
	}{
		"met":     {doors("front bell=rings"), []string{"passed no baseline"}},
		"not met": {doors("front bell=silent"), []string{"failed no baseline failing", "front bell: failed rings->silent"}},
	} {
		got := told(judge(check(t, "*bell=rings"), &before, tt.now, nil).Checks[0])
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

// An item that the baseline has not was not there to fail: what the suite itself
// expects of it and it lacks has failed now.
func TestANewItemWasNotBrokenBefore(t *testing.T) {
	before := doors("front bell=rings", "front colour=red")
	now := doors("front bell=rings", "front colour=red", "side bell=rings")
	got := told(judge(check(t, "colour=red"), &before, now, nil).Checks[0])
	want := []string{"failed failing", "side: drifted ->new", "side colour: failed ->"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("outcome (-want +got):\n%s", d)
	}
}

// That the check asks otherwise than at the baseline says nothing of an item that both
// have: what it lacked then and lacks now was broken before.
func TestWhatAnItemLacksStillWasLackingBefore(t *testing.T) {
	before, now := doors("front bell=rings"), doors("front bell=rings", "side bell=rings", "side colour=red")
	now.Checks[0].Asked = "otherwise"
	got := told(judge(check(t, "colour=red"), &before, now, nil).Checks[0])
	want := []string{"pre-existing", "front colour: pre-existing ->"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("outcome (-want +got):\n%s", d)
	}
}

// A gate that had failed speaks for what could not be seen behind it, not for what was.
func TestAFailedGateHidesOnlyWhatWasNotSeen(t *testing.T) {
	kept := check(t, "*bell=rings")
	kept.Expect = append(kept.Expect, keep(check(t, "*colour=red")).Expect...)
	for name, tt := range map[string]struct {
		before, now baseline.Host
		want        []string
	}{
		"it was kept": {
			doors("front bell=silent", "front colour=red"), doors("front bell=rings", "front colour=blue"),
			[]string{"regressed failing", "front bell: fixed silent->rings", "front colour: regressed red->blue"},
		},
		"it was not": {
			doors("front bell=silent", "front colour=green"), doors("front bell=rings", "front colour=blue"),
			[]string{"drifted", "front bell: fixed silent->rings", "front colour: drifted green->blue"},
		},
		"it was not seen, and no gate had failed": {
			doors("front bell=rings"), doors("front bell=rings", "front colour=blue"),
			[]string{"drifted", "front colour: drifted ->blue"},
		},
		"the gate of another": {
			doors("front bell=silent", "side bell=rings"),
			doors("front bell=rings", "side bell=rings", "side colour=blue"),
			[]string{"drifted", "front bell: fixed silent->rings", "side colour: drifted ->blue"},
		},
	} {
		if d := cmp.Diff(tt.want, told(judge(kept, &tt.before, tt.now, nil).Checks[0])); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

// A gate that was not there, or of which only what it was is to be kept, had not failed:
// what is there for the first time and not as expected has failed now.
func TestNoGateHadFailed(t *testing.T) {
	own := check(t, "sign=in")
	kept := keep(check(t, "*bell=rings"))
	for name, tt := range map[string]struct {
		expects     []suites.Expectation
		before, now baseline.Host
	}{
		"it was not there": {
			check(t, "*bell=rings").Expect, doors("front colour=red"),
			doors("front colour=red", "front bell=rings", "front sign=out"),
		},
		"it is to be kept": {
			kept.Expect, doors("front bell=silent"), doors("front bell=silent", "front sign=out"),
		},
	} {
		c := *own
		c.Expect = append(tt.expects, own.Expect...)
		got := judge(&c, &tt.before, tt.now, nil).Checks[0]
		if got.Outcome != report.Failed || !got.Failing {
			t.Errorf("%s: %v", name, told(got))
		}
	}
}

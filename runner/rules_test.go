package runner_test

import (
	"fmt"
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/baseline"
	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/runner"
	"postpatch/runner/report"
	"postpatch/suites"
)

// ofDoor is what a suite says of the readings of some doors.
func ofDoor(item, reading string, rule fact.Rule) suites.Override {
	return suites.Override{
		Pattern: suites.Pattern{Kind: door.Name, Item: item, Reading: reading}, Rule: &rule,
		From: suites.Origin{Level: suites.CheckLevel, File: "s.yaml", Line: 7},
	}
}

// A rule counts for the items that its pattern chooses, wherever the judge asks for it.
func TestARuleOfOneItem(t *testing.T) {
	ignore, note := fact.Rule{Op: fact.Ignore}, fact.Note
	muted := ofDoor("back", "state", fact.Rule{})
	muted.Rule, muted.Severity = nil, &note
	severe, fail := ofDoor("=back", "colour", fact.Rule{}), fact.Fail
	severe.Rule, severe.Severity = nil, &fail
	for name, tt := range map[string]struct {
		override    suites.Override
		before, now baseline.Host
		want        []string
	}{
		"its value changes": {
			ofDoor("BACK*", "colour", ignore), doors("back colour=red", "front colour=red"),
			doors("back colour=blue", "front colour=blue"),
			[]string{"drifted", "front colour: drifted red->blue"},
		},
		"its severity": {
			severe, doors("back colour=red", "front colour=red"), doors("back colour=blue", "front colour=blue"),
			[]string{"drifted failing", "back colour: drifted red->blue", "front colour: drifted red->blue"},
		},
		"its severity, as it goes": {
			muted, doors("back state=open", "front state=open"), doors("front state=open"),
			[]string{"passed", "back: drifted there->gone"},
		},
		"what is counted may go": {
			ofDoor("back", "colour", fact.Rule{Gone: true}),
			doors("back state=open", "back colour=red", "front state=open", "front colour=red"),
			doors("back state=open", "front state=open"),
			[]string{"drifted", "front colour: drifted red->"},
		},
		"what is counted comes": {
			ofDoor("back", "colour", fact.Rule{Gone: true}), doors("front state=open"),
			doors("front state=open", "back colour=red"),
			[]string{"drifted", "back colour: drifted ->red"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := check(t)
			c.Compare = suites.Compare(door, door.Items, nil, []suites.Override{tt.override})
			if d := cmp.Diff(tt.want, told(judge(c, &tt.before, tt.now, nil).Checks[0])); d != "" {
				t.Errorf("outcome (-want +got):\n%s", d)
			}
		})
	}
	// Of half a baseline, what a rule ignores needs none.
	c := check(t)
	c.Compare = suites.Compare(door, door.Items, nil, []suites.Override{ofDoor("back", "*", ignore)})
	before := doors("other colour=red")
	before.Checks[0].Error = "the rest did not answer"
	got := judge(c, &before, doors("other colour=red", "back colour=red"), nil).Checks[0]
	if got.Outcome != report.Passed {
		t.Errorf("an ignored item wants a baseline: %s %s", got.Outcome, got.Error)
	}
	got = judge(c, &before, doors("other colour=red", "front colour=red"), nil).Checks[0]
	if got.Outcome != report.Unknown {
		t.Errorf("another item wants none: %s", got.Outcome)
	}
}

// Items are the same as the check's naming has it, not as the kind or the judge would.
func TestTheSuiteSaysWhenItemsAreTheSame(t *testing.T) {
	before, now := doors("Front bell=rings"), doors("FRONT bell=rings")
	c := check(t, "*bell=rings")
	apart := []string{"drifted failing", "FRONT: drifted ->new", "Front: drifted there->gone"}
	for naming, want := range map[probes.Naming][]string{probes.AnyCase: {"passed"}, probes.Exact: apart, "": apart} {
		c.Items = naming
		if d := cmp.Diff(want, told(judge(c, &before, now, nil).Checks[0])); d != "" {
			t.Errorf("%q (-want +got):\n%s", naming, d)
		}
	}
	c.Items = probes.HostNames
	before, now = doors("www.example.org. bell=rings"), doors("WWW.example.org bell=rings")
	if got := told(judge(c, &before, now, nil).Checks[0]); got[0] != "passed" {
		t.Errorf("a host name without its dot: %q", got)
	}
}

// Every change that a rule hides is told with its check, and counted once.
func TestWhatIsHiddenIsCounted(t *testing.T) {
	c := check(t)
	c.Compare = suites.Compare(door, door.Items, nil, []suites.Override{
		ofDoor("front", "colour", fact.Rule{Op: fact.Ignore}), ofDoor("", "sign", fact.Rule{Op: fact.SameText}),
	})
	before := doors("front state=open", "front colour=red", "front creak=1", "front sign=Hi", "back sign=Ho")
	now := doors("front state=open", "front colour=blue", "front creak=2", "front sign=HI", "back sign=other",
		"back creak=3")
	got := judge(c, &before, now, nil)
	var hidden []string
	counted := map[string]int{}
	for _, h := range got.Checks[0].Hidden {
		hidden = append(hidden, fmt.Sprintf("%s %s %s->%s %v %v: %s by %s %s:%d",
			h.Item, h.Reading, h.Before, h.Now, h.HasBefore, h.HasNow, h.Rule, h.By, h.File, h.Line))
		counted[h.Counted("door")]++
	}
	if d := cmp.Diff([]string{
		"back creak ->3 false true: ignore by kind :0",
		"front colour red->blue true true: ignore by check s.yaml:7",
		"front creak 1->2 true true: ignore by kind :0",
		"front sign Hi->HI true true: same text by check s.yaml:7",
	}, hidden); d != "" {
		t.Errorf("hidden (-want +got):\n%s", d)
	}
	if !maps.Equal(counted, got.Ignored) || len(counted) != 3 {
		t.Errorf("counted %v, of %v", got.Ignored, counted)
	}
	// Whatever the check comes to otherwise.
	v := runner.Visit{Host: suites.Host{Name: "h", Checks: []*suites.Check{c}}, Seen: now}
	v.Seen.Checks[0].Error = "half of it did not answer"
	if got := runner.Judge(v, &before, nil); len(got.Checks[0].Hidden) == 0 || got.Ignored["door.colour: ignore"] != 1 {
		t.Errorf("of a check that was not whole: %+v, %v", got.Checks[0].Hidden, got.Ignored)
	}
}

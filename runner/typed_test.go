package runner_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/baseline"
	"postpatch/probes/fact"
	"postpatch/runner"
	"postpatch/suites"
)

// told in another type than the kind declares, as another version of it may have.
func retyped(h baseline.Host, name string, v fact.Value) baseline.Host {
	for i := range h.Readings {
		if h.Readings[i].Key.Name == name {
			h.Readings[i].Value = v
		}
	}
	return h
}

// Values of two types are a change, and what is expected of one type says nothing of
// the other: nothing passes, or is taken for broken before, by it.
func TestJudgeAnotherType(t *testing.T) {
	asNumber := func(lines ...string) baseline.Host { return retyped(doors(lines...), "state", fact.Int(1)) }
	for name, tt := range map[string]struct {
		check       *suites.Check
		before, now baseline.Host
		want        []string
	}{
		"a change": {
			check(t), asNumber("front state=1"), doors("front state=1"),
			[]string{"drifted failing", "front state: drifted 1->1"},
		},
		"a change, where the rule lets much pass": {
			check(t), retyped(doors("front knocks=1"), "knocks", fact.Text("1")), doors("front knocks=1"),
			[]string{"drifted failing", "front knocks: drifted 1->1"},
		},
		"none, where the rule ignores it": {
			check(t), retyped(doors("front creak=1"), "creak", fact.Text("1")), doors("front creak=9"), []string{"passed"},
		},
		"it meets no expectation": {
			check(t, "state=!= shut"), doors("front state=open"), asNumber("front state=1"),
			[]string{"regressed failing", "front state: regressed open->1"},
		},
		"nor that it is there at all": {
			check(t, "state=any"), doors("front state=open"), asNumber("front state=1"),
			[]string{"regressed failing", "front state: regressed open->1"},
		},
		"on both sides it meets none": {
			check(t, "state=open"), asNumber("front state=1"), asNumber("front state=1"),
			[]string{"failed failing", "front state: failed 1->1"},
		},
		"it was not broken before": {
			check(t, "state=open"), asNumber("front state=1"), doors("front state=shut"),
			[]string{"failed failing", "front state: failed 1->shut"},
		},
		"nor fixed since": {
			check(t, "state=open"), asNumber("front state=1"), doors("front state=open"),
			[]string{"drifted failing", "front state: drifted 1->open"},
		},
		"nor was a gate": {
			check(t, "state=open", "colour=red"), asNumber("front state=1"), doors("front state=open", "front colour=blue"),
			[]string{
				"failed failing", "front state: drifted 1->open", "front colour: failed ->blue",
			},
		},
		"an assertion of now": {
			asserting(t, check(t), "after.creak < 5"),
			retyped(doors("front creak=1"), "creak", fact.Text("1")), doors("front creak=9"),
			[]string{"failed failing", "front assert: failed creak 1->creak 9"},
		},
		"an assertion that another type would meet": {
			asserting(t, check(t), `after.state != before.state`), asNumber("front state=1"), doors("front state=open"),
			[]string{"unknown failing", "front state: drifted 1->open"},
		},
		"an assertion of what is there in another type": {
			asserting(t, check(t), `after.state != "shut"`), doors("front state=open"), asNumber("front state=1"),
			[]string{"regressed failing", "front state: drifted open->1", "front assert: regressed state open->state 1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			before := tt.before
			if diff := cmp.Diff(tt.want, told(judge(tt.check, &before, tt.now, nil).Checks[0])); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What was learned of one type hides nothing of another, and what was seen in two
// teaches nothing.
func TestJudgeLearnedOfAnotherType(t *testing.T) {
	c := check(t)
	c.Compare = compared("creak", fact.Rule{}, fact.Fail)
	seen := func(v fact.Value) baseline.Host { return retyped(doors("front creak=1"), "creak", v) }
	for name, tt := range map[string]struct {
		samples []baseline.Host
		now     fact.Value
	}{
		"learned as numbers":  {[]baseline.Host{seen(fact.Int(1)), seen(fact.Int(9))}, fact.Text("9")},
		"learned as texts":    {[]baseline.Host{seen(fact.Text("1")), seen(fact.Text("9"))}, fact.Int(9)},
		"as durations":        {[]baseline.Host{seen(fact.Duration(1)), seen(fact.Duration(9))}, fact.Int(5)},
		"as sets":             {[]baseline.Host{seen(fact.SetOf("1")), seen(fact.SetOf("1", "9"))}, fact.Text("1")},
		"in two types":        {[]baseline.Host{seen(fact.Text("1")), seen(fact.Int(9))}, fact.Int(1)},
		"in two, and as last": {[]baseline.Host{seen(fact.Int(1)), seen(fact.Text("9"))}, fact.Int(1)},
	} {
		t.Run(name, func(t *testing.T) {
			before, err := baseline.Learn(tt.samples, runner.Naming([]*suites.Check{c}))
			if err != nil {
				t.Fatal(err)
			}
			judged := judge(c, &before, seen(tt.now), nil)
			if len(judged.Ignored) != 0 || !judged.Checks[0].Failing {
				t.Errorf("got %v, and %v was hidden", told(judged.Checks[0]), judged.Ignored)
			}
		})
	}
}

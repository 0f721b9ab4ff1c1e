package runner_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/baseline"
	"postpatch/probes/fact"
	"postpatch/suites"
	"postpatch/suites/assert"
)

// asserting is the door check that expects nothing but what the expressions say.
func asserting(t *testing.T, c *suites.Check, expressions ...string) *suites.Check {
	t.Helper()
	types := map[string]fact.Type{}
	for _, spec := range door.Readings {
		types[spec.Name] = spec.Type
	}
	for _, source := range expressions {
		a, problems := assert.Compile(source, types)
		if len(problems) > 0 {
			t.Fatal(source, problems)
		}
		c.Assert = append(c.Assert, suites.Assertion{Expr: a})
	}
	return c
}

func restated(h baseline.Host) baseline.Host {
	h.Checks[0].Asked = "something else"
	return h
}

func TestJudgeAsserts(t *testing.T) {
	const quiet, loud = "front creak=1", "front creak=9"
	const below, same = "after.creak < 5", "after.creak <= before.creak * 2"
	absent := baseline.Host{Host: "h"}
	for name, tt := range map[string]struct {
		asserts     []string
		before, now baseline.Host
		want        []string
		about       string // of the check's error
	}{
		"met and met": {[]string{below}, doors(quiet), doors(quiet), []string{"passed"}, ""},
		"met, and not met any more": {
			[]string{below},
			doors(quiet), doors(loud),
			[]string{"regressed failing", "front assert: regressed creak 1->creak 9"},
			"",
		},
		"not met before either": {
			[]string{below},
			doors(loud), doors(loud),
			[]string{"pre-existing", "front assert: pre-existing creak 9->creak 9"},
			"",
		},
		"not met before, and met now": {
			[]string{below}, doors(loud), doors(quiet), []string{"fixed", "front assert: fixed creak 9->creak 1"}, "",
		},
		"of a new item": {
			[]string{below},
			doors(quiet), doors(quiet, "side creak=9", "back creak=2"),
			[]string{"failed failing", "side assert: failed ->creak 9"},
			"",
		},
		"of a new item that lacks what it needs": {
			[]string{"after.squeak == 'no' and after.creak > 0"},
			doors(quiet, "front squeak=no"), doors(quiet, "front squeak=no", "side creak=1"),
			[]string{"failed failing", "side assert: failed ->squeak (absent), creak 1"},
			"",
		},
		"met, of a new check": {[]string{below}, absent, doors(quiet), []string{"passed new"}, ""},
		"not met, of a new check": {
			[]string{below}, absent, doors(loud), []string{"failed new failing", "front assert: failed ->creak 9"}, "",
		},
		"not met, of a check that was not observed": {
			[]string{below},
			doors("error: no bell"), doors(loud),
			[]string{"failed no baseline failing", "front assert: failed ->creak 9"},
			"",
		},
		"of an item that is gone": {
			[]string{below},
			doors(quiet, "side creak=1"), doors(quiet),
			[]string{"regressed failing", "side assert: regressed creak 1->"},
			"",
		},
		"of a reading that is gone": {
			[]string{"after.creak > 0 and after.sign == 'in'"},
			doors(quiet, "front sign=in"), doors("front sign=in"),
			[]string{"regressed failing", "front assert: regressed creak 1, sign in->creak (absent), sign in"},
			"",
		},
		"of a reading that nobody needs": {
			[]string{"after.sign == 'in' or after.creak > 0"},
			doors("front sign=in"), doors("front sign=in"),
			[]string{"passed"},
			"",
		},
		"of a reading that never was there": {
			[]string{"not (after.knocks > 3)"},
			doors(quiet), doors(quiet),
			[]string{"pre-existing", "assert: pre-existing ->"},
			"",
		},
		"of a reading that never was seen by half a baseline": {
			[]string{"not (after.knocks > 3)"},
			doors(quiet, "error: no bell"), doors(quiet),
			[]string{"failed failing", "assert: failed ->"},
			"",
		},
		"of a reading that neither has": {
			[]string{"after.creak > 0 and after.knocks < 3"},
			doors(quiet), doors(quiet),
			[]string{"pre-existing", "front assert: pre-existing creak 1, knocks (absent)->creak 1, knocks (absent)"},
			"",
		},
		"of a reading that neither has, if half a baseline": {
			[]string{"after.creak > 0 and after.knocks < 3"},
			doors(quiet, "error: no bell"), doors(quiet),
			[]string{"failed failing", "front assert: failed creak 1, knocks (absent)->creak 1, knocks (absent)"},
			"",
		},
		"that fails to be computed": {
			[]string{"after.creak % (after.creak - 1) < 3"},
			doors("front creak=3"), doors(quiet),
			[]string{"regressed failing", "front assert: regressed creak 3->creak 1"},
			"",
		},
		"several, each by its number": {
			[]string{below, "after.creak != 9"},
			doors(quiet), doors(loud),
			[]string{
				"regressed failing", "front assert 1: regressed creak 1->creak 9", "front assert 2: regressed creak 1->creak 9",
			},
			"",
		},
		"of another list of items": {
			[]string{below}, restated(doors(quiet, "side creak=1")), doors(quiet), []string{"passed"}, "",
		},
		"seen in part: what fails": {
			[]string{below},
			doors(quiet, "side creak=9", "back creak=1"), doors("error: no bell", loud, "side creak=1"),
			[]string{"regressed failing", "front assert: regressed creak 1->creak 9"},
			"no bell",
		},
		"seen in part: nothing of it": {
			[]string{"after.knocks > 0"}, doors(quiet), doors("error: no bell", quiet), []string{"unknown"}, "no bell",
		},
		"what was before holds": {[]string{same}, doors("front creak=2"), doors("front creak=4"), []string{"passed"}, ""},
		"what was before does not": {
			[]string{same},
			doors("front creak=2"), doors("front creak=5"),
			[]string{"regressed failing", "front assert: regressed creak 2->creak 5"},
			"",
		},
		"nothing of before, of a new check":               {[]string{same}, absent, doors(quiet), []string{"unknown new"}, "front assert"},
		"nothing of before, of one that was not observed": {[]string{same}, doors("error: x"), doors(quiet), []string{"unknown no baseline"}, "front assert"},
		"nothing of before, and it fails whatever was": {
			[]string{"after.creak < 5 and after.creak == before.creak"},
			absent, doors(loud),
			[]string{"failed new failing", "front assert: failed ->creak 9"},
			"",
		},
		"nothing of before, of a new item, and it fails whatever was": {
			[]string{"after.creak < 5 and after.creak == before.creak"},
			doors(quiet), doors(quiet, "side creak=9"),
			[]string{"failed failing", "side assert: failed ->creak 9"},
			"",
		},
		"nothing of before, of the check as a whole, and it fails whatever was": {
			[]string{"after.creak < 5 and after.creak == before.creak"},
			doors(" sign=in"), doors(" sign=in", " creak=9"),
			[]string{"regressed failing", "assert: regressed ->creak 9"},
			"",
		},
		"nothing of before, and it holds whatever was": {
			[]string{"after.creak < 5 or after.creak == before.creak"},
			absent, doors(quiet),
			[]string{"unknown new"},
			"front assert",
		},
		"nothing of before, of a new item": {
			[]string{same}, doors(quiet), doors(quiet, "side creak=1"), []string{"unknown"}, "side assert",
		},
		"of before, of an item that is gone": {
			[]string{same},
			doors(quiet, "side creak=1"), doors(quiet),
			[]string{"regressed failing", "side assert: regressed creak 1->"},
			"",
		},
		"of before, of a reading that neither has": {
			[]string{"after.knocks == before.knocks and after.sign == 'in'"},
			doors("front sign=in"), doors("front sign=in"),
			[]string{"unknown"},
			"front assert",
		},
		"of before, with no item at all": {
			[]string{"after.knocks == before.knocks"},
			doors(quiet), doors(quiet),
			[]string{"failed failing", "assert: failed ->"},
			"",
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := judge(asserting(t, check(t), tt.asserts...), &tt.before, tt.now, nil).Checks[0]
			d := cmp.Diff(tt.want, told(c))
			if d != "" || !strings.Contains(c.Error, tt.about) || (c.Error == "") != (tt.about == "") {
				t.Errorf("error %q, outcome (-want +got):\n%s", c.Error, d)
			}
		})
	}
}

func TestAssertsAtCapture(t *testing.T) {
	for name, tt := range map[string]struct {
		expression string
		now        baseline.Host
		want       []string
	}{
		"met":             {"after.creak < 5", doors("front creak=1"), []string{"passed"}},
		"not met":         {"after.creak < 5", doors("front creak=9"), []string{"failed failing", "front assert: failed ->creak 9"}},
		"of nothing":      {"after.creak < 5", doors("front sign=in"), []string{"failed failing", "assert: failed ->"}},
		"of before":       {"after.creak < before.creak", doors("front creak=9"), []string{"passed"}},
		"of the same lot": {"after.creak < 5", doors("front creak=1", "front bell=rings", "side bell=rings"), []string{"failed failing", "side assert: failed ->"}},
	} {
		got := told(judge(asserting(t, check(t), tt.expression), nil, tt.now, nil).Checks[0])
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

// Where a gate fails nobody needs to hear what an assertion lacks behind it.
func TestAssertsBehindAGate(t *testing.T) {
	const gate = "*bell=rings"
	for name, tt := range map[string]struct {
		expression  string
		before, now baseline.Host
		want        []string
	}{
		"it fails now": {
			"after.creak < 5", doors("front bell=rings", "front creak=1"), doors("front bell=silent"),
			[]string{"regressed failing", "front bell: regressed rings->silent"},
		},
		"it fails now, and so does what is there": {
			"after.creak < 5", doors("front bell=rings", "front creak=1"), doors("front bell=silent", "front creak=9"),
			[]string{
				"regressed failing", "front assert: regressed creak 1->creak 9", "front bell: regressed rings->silent",
			},
		},
		"it fails now, and one of two is there": {
			"after.creak > 0 and after.sign == 'in'",
			doors("front bell=rings", "front creak=1", "front sign=in"), doors("front bell=silent", "front creak=1"),
			[]string{"regressed failing", "front bell: regressed rings->silent"},
		},
		"it failed before, too": {
			"after.creak < 5", doors("front bell=silent"), doors("front bell=silent"),
			[]string{"pre-existing", "front bell: pre-existing silent->silent"},
		},
		"it failed before, too, of what was before": {
			"after.bell == 'x' or after.creak < before.creak", doors("front bell=silent"), doors("front bell=silent"),
			[]string{"pre-existing", "front bell: pre-existing silent->silent"},
		},
		"it failed before": {
			"after.creak < 5", doors("front bell=silent"), doors("front bell=rings", "front creak=9"),
			[]string{"pre-existing", "front bell: fixed silent->rings", "front assert: pre-existing ->creak 9"},
		},
		"it failed before, of what was before": {
			"after.creak <= before.creak", doors("front bell=silent"), doors("front bell=rings", "front creak=9"),
			[]string{"unknown", "front bell: fixed silent->rings"},
		},
	} {
		got := told(judge(asserting(t, check(t, gate), tt.expression), &tt.before, tt.now, nil).Checks[0])
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

func TestAnAssertionSaysWhatItWants(t *testing.T) {
	c := asserting(t, check(t), "after.creak < int(host.vars.most)")
	c.Assert[0].Why = "the neighbours"
	before, now := doors("front creak=1"), doors("front creak=9")
	for most, want := range map[string]string{
		"5": "expected after.creak < int(host.vars.most), \"the neighbours\"",
		"x": "expected after.creak < int(host.vars.most); invalid operation: int(x), \"the neighbours\"",
		"":  `expected after.creak < int(host.vars.most); the variable "most" is not set, "the neighbours"`,
	} {
		if c.Assert[0].Vars = map[string]string{"most": most}; most == "" {
			c.Assert[0].Vars = nil
		}
		if got := judge(c, &before, now, nil).Checks[0].Findings[0].Wanted; got != want {
			t.Errorf("want %q, got %q", want, got)
		}
	}
}

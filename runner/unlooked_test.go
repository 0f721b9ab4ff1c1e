package runner_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/baseline"
	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/suites"
)

// seenFromElsewhere lets a door's colour be seen from one side of it, as the sign of the
// same door says, and a sign be read where the squeak was heard.
func seenFromElsewhere(c *suites.Check) *suites.Check {
	c = behindSqueak(c)
	for i := range c.Kind.Readings {
		switch c.Kind.Readings[i].Name {
		case "sign":
			c.Kind.Readings[i].Behind, c.Kind.Readings[i].Rule = "squeak", fact.Rule{Op: fact.Ignore}
			c.Kind.Readings[i].Unseen = []fact.Value{fact.Text("other side")}
		case "colour":
			c.Kind.Readings[i].Behind = "sign"
		}
	}
	c.Compare = suites.Compare(*c.Kind, c.Kind.Items, nil, nil)
	return c
}

// TestSeenFromElsewhere holds that what an item shows to another host alone is neither gone
// nor new nor wanted here, while what is gone from view and from the item is.
func TestSeenFromElsewhere(t *testing.T) {
	const heard = " squeak=heard"
	red, blue, here, away := "front colour=red", "front colour=blue", "front sign=here", "front sign=other side"
	for name, c := range map[string]struct {
		check       *suites.Check
		before, now baseline.Host
		want        []string
	}{
		"it has turned away":         {check(t, "*colour=red"), doors(heard, here, red), doors(heard, away), []string{"passed"}},
		"it has turned to us":        {check(t), doors(heard, away), doors(heard, here, red), []string{"passed"}},
		"and is not as it should":    {check(t, "*colour=red"), doors(heard, away), doors(heard, here, blue), []string{"failed failing", "front colour: failed ->blue"}},
		"the suite wants it of all":  {check(t, "colour=red"), doors(heard, here, red, "back sign=here", "back colour=red"), doors(heard, away, "back sign=here", "back colour=red"), []string{"passed"}},
		"it is gone, and it is here": {check(t), doors(heard, here, red), doors(heard, here), []string{"drifted", "front colour: drifted red->"}},
		"the item is gone":           {check(t), doors(heard, here, red), doors(heard), []string{"drifted", "front: drifted there->gone"}},
		"it is gone, and was well":   {check(t, "*colour=red"), doors(heard, here, red), doors(heard), []string{"regressed failing", "front: drifted there->gone", "front colour: regressed red->"}},
		"nobody could look":          {check(t, "*colour=red"), doors(heard, here, red), doors(" squeak=not heard"), []string{"unknown"}},
		"nor at the baseline":        {check(t, "*colour=red"), doors(" squeak=not heard"), doors(heard, here, red), []string{"passed"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := told(judge(seenFromElsewhere(c.check), &c.before, c.now, nil).Checks[0])
			got = slices.DeleteFunc(got, func(line string) bool {
				return line == "squeak: drifted heard->not heard" || line == "squeak: drifted not heard->heard"
			})
			if len(got) == 1 && got[0] == "drifted" {
				got[0] = "passed" // but for the squeak
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// TestItemsOfOneSort holds which items a suite's expectation binds that lack the reading:
// those of which the kind wants the same, and not those of another sort.
func TestItemsOfOneSort(t *testing.T) {
	sorted := func(c *suites.Check) *suites.Check {
		c.Kind.Readings = slices.Clone(c.Kind.Readings)
		want := func(name, value string) {
			i := slices.IndexFunc(c.Kind.Readings, func(r probes.ReadingSpec) bool { return r.Name == name })
			c.Kind.Readings[i].Expect = value
		}
		want("sign", "x")
		want("squeak", "y")
		return c
	}
	now := doors("a sign=x", "a colour=red", "b sign=x", "gate squeak=y")
	for name, c := range map[string]struct {
		check *suites.Check
		want  []string
	}{
		"one of its sort lacks it":   {check(t, "colour=red"), []string{"failed no baseline failing", "b colour: failed ->"}},
		"of the other sort none has": {check(t, "squeak=y"), []string{"passed no baseline"}},
	} {
		t.Run(name, func(t *testing.T) {
			empty := doors("error: it was away")
			got := told(judge(sorted(c.check), &empty, now, nil).Checks[0])
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

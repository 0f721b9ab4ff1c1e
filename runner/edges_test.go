package runner_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/baseline"
	"postpatch/probes"
	"postpatch/probes/all"
	"postpatch/probes/fact"
	"postpatch/runner/runnertest"
	"postpatch/suites"
)

func kindOf(t testing.TB, name string) probes.Kind {
	t.Helper()
	for _, k := range all.Kinds() {
		if k.Name == name {
			return k
		}
	}
	t.Fatal(name)
	return probes.Kind{}
}

type failure string

func (e failure) Error() string { return string(e) }

// A value that the kind excuses, or that is about to be well, is no failure where
// nothing is known of before either.
func TestExcusedOfAHalfBaseline(t *testing.T) {
	for _, value := range []string{"waits", "soon"} {
		c := keep(check(t, "*bell=rings"))
		before := doors("error: one door is locked", "front bell=rings")
		got := judge(c, &before, doors("front bell=rings", "side bell="+value), nil).Checks[0]
		if got.Failing {
			t.Errorf("%s: %q", value, told(got))
		}
	}
}

func TestExcusedBehindAGate(t *testing.T) {
	for _, value := range []string{"waits", "soon"} {
		c := check(t, "*state=open")
		c.Expect = append(c.Expect, keep(check(t, "*bell=rings")).Expect...)
		before := doors("front state=shut")
		got := judge(c, &before, doors("front state=open", "front bell="+value), nil).Checks[0]
		if got.Failing {
			t.Errorf("%s: %q", value, told(got))
		}
	}
}

// The same with the kinds that have such values.
func TestExcusedValuesOfRealKinds(t *testing.T) {
	task := kindOf(t, "task")
	got := runnertest.Told(t, task, `- task: {name: '\Shop\Once'}`, [2]runnertest.Seen{
		{Readings: []fact.Reading{probes.Read(`\Shop\Once`, "present", fact.Bool(false))}},
		{Readings: []fact.Reading{
			probes.Read(`\Shop\Once`, "present", fact.Bool(true)),
			probes.Read(`\Shop\Once`, "enabled", fact.Bool(true)),
			probes.Read(`\Shop\Once`, "health", fact.Text("well, but not due")),
		}},
	})
	t.Log("a task that came:", got)
	if got[0] != "fixed" {
		t.Error("a named task that came, and is well but not due, fails")
	}
	services := kindOf(t, "services")
	one := probes.Read("A", "state", fact.Text("running"))
	got = runnertest.Told(t, services, "- services: {}", [2]runnertest.Seen{
		{Readings: []fact.Reading{one}, Err: failure("the keys of the services could not be read")},
		{Readings: []fact.Reading{one, probes.Read("B", "state", fact.Text("idle"))}},
	})
	t.Log("an idle service that is new:", got)
	if got[0] == "failed failing" {
		t.Error("a new service that is idle fails")
	}
}

// A suite that makes the rule of a count stricter must not get less by it.
func TestAStricterRuleOfACount(t *testing.T) {
	c := check(t)
	c.Compare = compared("knocks", fact.Rule{Op: fact.AtMost}, fact.Fail)
	before := doors("front state=open", " knockers=")
	got := judge(c, &before, doors("front state=open", "night knocks=300", " knockers=he"), nil).Checks[0]
	if !got.Failing {
		t.Errorf("a serious event that is new passes by the rule \"at most\": %q", told(got))
	}
}

// What fails before and now, and fails less, is not broken by the patch.
func TestLessOfAFailure(t *testing.T) {
	ping := kindOf(t, "ping")
	got := runnertest.Told(t, ping, "- ping: srv01", [2]runnertest.Seen{
		{Readings: []fact.Reading{probes.Read("srv01", "loss", fact.Int(50))}},
		{Readings: []fact.Reading{probes.Read("srv01", "loss", fact.Int(25))}},
	})
	if got[0] != "pre-existing" {
		t.Errorf("%q", got)
	}
}

// A plan that lets an item go lets it go.
func TestWhatAPlanLetsGo(t *testing.T) {
	plan := &suites.Plan{Reboot: suites.RebootAllowed, May: []suites.MayChange{
		{Pattern: suites.Pattern{Kind: "door", Item: "old", Reading: "*"}},
	}}
	before := doors("front bell=rings", "old bell=rings")
	got := told(judge(keep(check(t, "*bell=rings")), &before, doors("front bell=rings"), plan).Checks[0])
	if d := cmp.Diff([]string{"expected", "old: expected there->gone"}, got); d != "" {
		t.Error(d)
	}
}

// What was about to be well at the baseline, and still is, is open and no failure.
func TestPendingTwice(t *testing.T) {
	before := doors("error: it has yet to start", "front bell=soon")
	got := judge(check(t, "*bell=rings"), &before, doors("error: it has yet to start", "front bell=soon"), nil).Checks[0]
	if got.Failing {
		t.Errorf("%q", told(got))
	}
}

// A reading that met what is to be kept and is reported no more, of an item that is
// still there, although the suite asks something else of other items.
func TestVanishedOfARestatedCheck(t *testing.T) {
	c := keep(check(t, "*creak_why=none"))
	before, now := doors("front bell=rings", "front creak_why=none"), doors("front bell=rings")
	now.Checks[0].Asked = "something else"
	got := judge(c, &before, now, nil).Checks[0]
	if got.Outcome == "passed" {
		t.Errorf("%q", told(got))
	}
}

// What is expected and found nowhere was not so before merely because half a baseline,
// or one of another list of items, has nothing of it.
func TestWhatIsFoundNowhereWasNotKnown(t *testing.T) {
	for name, before := range map[string]baseline.Host{
		"half a baseline": doors("error: no bell", "side colour=red"),
		"another list":    restated(doors("front sign=in")),
	} {
		got := told(judge(check(t, "sign=in"), &before, doors("side colour=red"), nil).Checks[0])
		if len(got) == 0 || got[0] != "failed failing" {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

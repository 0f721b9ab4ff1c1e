package runner_test

import (
	"strconv"
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
	"postpatch/suites/expect"
)

// door is a kind of this test: doors by name, each with a state.
var door = probes.Define(probes.Kind{
	Name: "door", Doc: "Doors.", Item: "the door's name", Items: probes.AnyCase,
	Readings: []probes.ReadingSpec{
		{Name: "state", Type: fact.TypeText, Severity: fact.Fail, Gate: true, Doc: "open or shut."},
		{
			Name: "bell", Type: fact.TypeText, Severity: fact.Fail, Expect: "rings", Gate: true,
			Doc:     "Whether somebody is there.",
			Excused: []fact.Value{fact.Text("waits")}, Pending: []fact.Value{fact.Text("soon")},
		},
		{Name: "colour", Type: fact.TypeText, Doc: "Its paint."},
		{Name: "sign", Type: fact.TypeText, Severity: fact.Note, Doc: "What it says."},
		{Name: "creak", Type: fact.TypeInt, Rule: fact.Rule{Op: fact.Ignore}, Doc: "How loud."},
		{Name: "squeak", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Doc: "How it squeaks."},
		{
			Name: "creak_why", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Evidence: true, Doc: "Why it creaks.",
		},
		{
			Name: "knocks", Type: fact.TypeInt, Rule: fact.Rule{Op: fact.AtMost, Percent: 100, Gone: true}, Severity: fact.Fail,
			Doc: "How often somebody knocked.",
		},
		{
			Name: "knockers", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.Subset}, Severity: fact.Fail, Fallback: true,
			Doc: "Who knocked.",
		},
		{Name: "rebuilt", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.Ignore}, Role: probes.Boots, Doc: "Since when, each time."},
		{Name: "built", Type: fact.TypeTime, Rule: fact.Rule{Op: fact.Ignore}, Role: probes.BootTime, Doc: "Since when."},
		{Name: "age", Type: fact.TypeDuration, Rule: fact.Rule{Op: fact.Ignore}, Role: probes.Uptime, Doc: "For how long."},
		{
			Name: "late", Type: fact.TypeDuration, Rule: fact.Rule{Op: fact.Ignore}, Role: probes.ClockSkew,
			Doc: "How far its clock is off.",
		},
		{
			Name: "paint", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.Ignore}, Role: probes.Configuring,
			Doc: "What is still wet.",
		},
		{
			Name: "worn", Type: fact.TypeBool, Rule: fact.Rule{Op: fact.Ignore}, Role: probes.RebootPending,
			Doc: "Whether it has to be rebuilt.",
		},
	},
}, struct{}{}, func(struct{}) (probes.Probe, error) { return nil, nil })

const key = "house/door"

// doors is a host's snapshot: "front state=open" lines, or one "error: …" line.
func doors(lines ...string) baseline.Host {
	h := baseline.Host{Host: "h", Checks: []baseline.Check{{Check: key, Kind: "door"}}}
	for _, line := range lines {
		if why, isError := strings.CutPrefix(line, "error: "); isError {
			h.Checks[0].Error = why
			continue
		}
		at, text, _ := strings.Cut(line, "=")
		item, name, _ := strings.Cut(at, " ")
		value := valueOf(name, text)
		k := fact.Key{Host: "h", Check: key, Item: item, Name: name}
		h.Readings = append(h.Readings, fact.Reading{Key: k, Value: value})
	}
	h.Sort()
	return h
}

// valueOf is a reading of the door's in its type.
func valueOf(name, text string) fact.Value {
	switch spec, _ := door.Reading(name); spec.Type {
	case fact.TypeTime:
		built, err := time.Parse(time.RFC3339, text)
		if err != nil {
			panic(err)
		}
		return fact.Time(built)
	case fact.TypeDuration:
		d, err := time.ParseDuration(text)
		if err != nil {
			panic(err)
		}
		return fact.Duration(d)
	case fact.TypeBool:
		return fact.Bool(text == "true")
	case fact.TypeSet:
		if text == "" {
			return fact.SetOf()
		}
		return fact.SetOf(strings.Split(text, ", ")...)
	case fact.TypeInt:
		if n, err := strconv.Atoi(text); err == nil {
			return fact.Int(n)
		}
	}
	return fact.Text(text) // an error where the test is about one
}

// check is the door check with expectations "reading=predicate"; one that
// starts with * is the kind's own.
func check(t *testing.T, expectations ...string) *suites.Check {
	t.Helper()
	c := &suites.Check{Suite: "house", ID: "door", Kind: new(door), Items: door.Items}
	c.Compare = suites.Compare(door, door.Items, nil, nil)
	for _, e := range expectations {
		e, isDefault := strings.CutPrefix(e, "*")
		reading, source, _ := strings.Cut(e, "=")
		p, err := expect.Parse(source, fact.TypeText)
		if err != nil {
			t.Fatal(err)
		}
		c.Expect = append(c.Expect, suites.Expectation{Reading: reading, Predicate: p, Default: isDefault})
	}
	return c
}

// compared are the door's comparisons with one that the check says.
func compared(reading string, rule fact.Rule, severity fact.Severity) suites.Comparisons {
	return suites.Compare(door, door.Items, nil, []suites.Override{{
		Pattern: suites.Pattern{Kind: door.Name, Reading: reading}, Rule: &rule, Severity: &severity,
	}})
}

// keep makes the check's expectations bind only what met them before.
func keep(c *suites.Check) *suites.Check {
	for i := range c.Expect {
		c.Expect[i].Default, c.Expect[i].Keep = true, true
	}
	return c
}

func judge(c *suites.Check, before *baseline.Host, now baseline.Host, plan *suites.Plan) report.Host {
	v := runner.Visit{Host: suites.Host{Name: "h", Checks: []*suites.Check{c}}, Seen: now}
	return runner.Judge(v, before, runner.NewPlanning(plan))
}

// told is an outcome with its mark and findings, on a line each.
func told(c report.Check) []string {
	lines := []string{strings.TrimSpace(string(c.Outcome) + " " + c.Mark)}
	if c.Failing {
		lines[0] += " failing"
	}
	for _, f := range c.Findings {
		lines = append(lines, strings.TrimSpace(f.Item+" "+f.Reading)+": "+string(f.Outcome)+" "+f.Before+"->"+f.Now)
	}
	return lines
}

func TestJudgeCheck(t *testing.T) {
	absent := baseline.Host{Host: "h"}
	for name, test := range map[string]struct {
		expect      []string
		before, now baseline.Host
		want        []string
	}{
		"held and holds": {
			[]string{"state=open"}, doors("front state=open"), doors("front state=open"), []string{"passed"},
		},
		"held and fails": {
			[]string{"state=open"},
			doors("front state=open"), doors("front state=shut"),
			[]string{"regressed failing", "front state: regressed open->shut"},
		},
		"failed and fails": {
			[]string{"state=open"},
			doors("front state=shut"), doors("front state=shut"),
			[]string{"pre-existing", "front state: pre-existing shut->shut"},
		},
		"failed and holds": {
			[]string{"state=open"},
			doors("front state=shut"), doors("front state=open"),
			[]string{"fixed", "front state: fixed shut->open"},
		},
		"another item fails than before": {
			[]string{"state=open"},
			doors("back state=shut", "front state=open"), doors("back state=shut", "front state=shut"),
			[]string{"regressed failing", "back state: pre-existing shut->shut", "front state: regressed open->shut"},
		},
		"not observed now": {
			[]string{"state=open"}, doors("front state=open"), doors("error: timed out"), []string{"unknown"},
		},
		"not observed before, holds": {
			[]string{"state=open"}, doors("error: timed out"), doors("front state=open"), []string{"passed no baseline"},
		},
		"not observed before, fails": {
			[]string{"state=open"},
			doors("error: timed out"), doors("front state=shut"),
			[]string{"failed no baseline failing", "front state: failed ->shut"},
		},
		"every item is behind its gate": {
			[]string{"*bell=rings", "colour=red"},
			absent, doors("back bell=silent", "front bell=silent", "house creak=3"),
			[]string{"failed new failing", "back bell: failed ->silent", "front bell: failed ->silent"},
		},
		"an item is behind its gate, another lacks what is expected": {
			[]string{"*bell=rings", "colour=red"},
			absent, doors("back bell=rings", "front bell=silent"),
			[]string{"failed new failing", "colour: failed ->", "front bell: failed ->silent"},
		},
		"new check holds": {
			[]string{"state=open"}, absent, doors("front state=open"), []string{"passed new"},
		},
		"new check fails": {
			[]string{"state=open"},
			absent, doors("front state=shut"),
			[]string{"failed new failing", "front state: failed ->shut"},
		},
		"the expected reading has gone": {
			[]string{"state=open"},
			doors("front state=open", "front colour=red"), doors("front colour=red"),
			[]string{"regressed failing", "front state: regressed open->"},
		},
		"an expectation that finds nothing to look at does not pass": {
			[]string{"state=open"}, absent, doors(), []string{"failed new failing", "state: failed ->"},
		},
		"a default expectation does not bind where its reading never was": {
			[]string{"*creak=1"}, doors("front state=open"), doors("front state=open"), []string{"passed"},
		},
		"an ignored reading that met a default expectation has gone": {
			[]string{"*squeak=quiet"},
			doors("front squeak=quiet", "front state=open"), doors("front state=open"),
			[]string{"regressed failing", "front squeak: regressed quiet->"},
		},
		"a change that nobody allowed, by severity": {
			nil, doors("front state=open", "front colour=red", "front sign=in"),
			doors("front state=shut", "front colour=blue", "front sign=out"),
			[]string{
				"drifted failing", "front colour: drifted red->blue", "front sign: drifted in->out",
				"front state: drifted open->shut",
			},
		},
		"a warning does not fail the run": {
			nil, doors("front colour=red"), doors("front colour=blue"), []string{"drifted", "front colour: drifted red->blue"},
		},
		"a note does not even change the outcome": {
			nil, doors("front sign=in"), doors("front sign=out"), []string{"passed", "front sign: drifted in->out"},
		},
		"an ignored change is none": {
			nil, doors("front creak=1"), doors("front creak=2"), []string{"passed"},
		},
		"a new item is one finding": {
			nil, doors("front state=open"), doors("front state=open", "side state=shut", "side colour=red"),
			[]string{"drifted", "side: drifted ->new"},
		},
		"a new item that fails is no regression": {
			[]string{"state=open"},
			doors("front state=open"), doors("front state=open", "side state=shut"),
			[]string{"failed failing", "side state: failed ->shut"},
		},
		"what was expected went away with a failure": {
			[]string{"state=open", "colour=red"},
			doors("front state=open", "front colour=red"), doors("front state=shut"),
			[]string{"regressed failing", "front state: regressed open->shut"},
		},
		"what went away with a failure is no finding of its own": {
			[]string{"state=open"},
			doors("front state=open", "front colour=red"), doors("front state=shut"),
			[]string{"regressed failing", "front state: regressed open->shut"},
		},
		"items that went away with the whole check's failure": {
			[]string{"*bell=rings"},
			doors(" bell=rings", "side colour=red"), doors(" bell=silent"),
			[]string{"regressed failing", "bell: regressed rings->silent"},
		},
		"items that went away beside a failure that explains nothing": {
			[]string{"*bell=rings", "colour=red"},
			doors(" bell=rings", " colour=red", "side state=open"), doors(" bell=rings", " colour=blue"),
			[]string{"regressed failing", "side: drifted there->gone", "colour: regressed red->blue"},
		},
		"what failed before fails otherwise now": {
			[]string{"state=open"},
			doors("front state=shut"), doors("front state=broken"),
			[]string{"drifted failing", "front state: drifted shut->broken"},
		},
		"what failed before and may do as it likes": {
			[]string{"squeak=no"},
			doors("front squeak=some"), doors("front squeak=more"),
			[]string{"pre-existing", "front squeak: pre-existing some->more"},
		},
		"a reading that was not there before was not broken before": {
			[]string{"colour=red"},
			doors("front state=open"), doors("front state=open", "front colour=blue"),
			[]string{"failed failing", "front colour: failed ->blue"},
		},
		"a reading that was not there because its item failed": {
			[]string{"state=open", "colour=red"},
			doors("front state=shut"), doors("front state=shut", "front colour=blue"),
			[]string{"pre-existing", "front colour: pre-existing ->blue", "front state: pre-existing shut->shut"},
		},
		"a reading that holds and was not there is not fixed": {
			[]string{"colour=red"},
			doors("front state=open"), doors("front state=open", "front colour=red"),
			[]string{"drifted", "front colour: drifted ->red"},
		},
		"the suite's own expectation binds items that lack the reading": {
			[]string{"*bell=rings", "colour=red"},
			absent, doors("front bell=rings", "front colour=red", "side bell=rings"),
			[]string{"failed new failing", "side colour: failed ->"},
		},
		"the suite's own expectation leaves items of another sort alone": {
			[]string{"*bell=rings", "colour=red"},
			absent, doors(" bell=rings", " colour=red", "side bell=rings"),
			[]string{"passed new"},
		},
		"what fails beside an error is told": {
			[]string{"state=open"},
			doors("front state=open"), doors("error: the back is silent", "front state=shut"),
			[]string{"regressed failing", "front state: regressed open->shut"},
		},
		"what holds beside an error proves nothing": {
			[]string{"state=open"},
			doors("front state=open"), doors("error: the back is silent", "front state=open"),
			[]string{"unknown"},
		},
		"a failing change in what was broken before": {
			[]string{"colour=red"},
			doors("front colour=blue", "front state=open"), doors("front colour=blue", "front state=shut"),
			[]string{"pre-existing failing", "front state: drifted open->shut", "front colour: pre-existing blue->blue"},
		},
		"what was seen beside an error at the baseline is compared": {
			[]string{"*bell=rings"},
			doors("error: the back is silent", "front bell=rings", "front colour=red"),
			doors("front bell=rings", "front colour=blue", "back bell=silent"),
			[]string{"failed failing", "front colour: drifted red->blue", "back bell: failed ->silent"},
		},
		"nothing expected and nothing to compare with": {nil, absent, doors("front state=open"), []string{"unknown new"}},
		"what came with a fix is no finding of its own": {
			[]string{"state=open"},
			doors("front state=shut"), doors("front state=open", "front colour=red"),
			[]string{"fixed", "front state: fixed shut->open"},
		},
		"a value that changed beside a fix is told": {
			[]string{"state=open"},
			doors("front state=shut", "front colour=red"), doors("front state=open", "front colour=blue"),
			[]string{"drifted", "front state: fixed shut->open", "front colour: drifted red->blue"},
		},
		"another item's failure excuses nothing": {
			[]string{"state=open"},
			doors("back state=open", "front state=open", "front colour=red"),
			doors("back state=shut", "front state=open"),
			[]string{"regressed failing", "front colour: drifted red->", "back state: regressed open->shut"},
		},
		"a gone item is one finding, as grave as its gravest reading": {
			nil, doors("front state=open", "side colour=red", "side state=shut"), doors("front state=open"),
			[]string{"drifted failing", "side: drifted there->gone"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := told(judge(check(t, test.expect...), &test.before, test.now, nil).Checks[0])
			if d := cmp.Diff(test.want, got); d != "" {
				t.Errorf("outcome (-want +got):\n%s", d)
			}
		})
	}
}

func TestJudgeKeeps(t *testing.T) {
	for name, test := range map[string]struct {
		before, now baseline.Host
		want        []string
	}{
		"held and holds": {doors("front squeak=no"), doors("front squeak=no"), []string{"passed"}},
		"held and lost": {
			doors("front squeak=no"), doors("front squeak=yes"),
			[]string{"regressed failing", "front squeak: regressed no->yes"},
		},
		"never held":      {doors("front squeak=yes"), doors("front squeak=loud"), []string{"passed"}},
		"holds now first": {doors("front squeak=yes"), doors("front squeak=no"), []string{"passed"}},
		"new item":        {doors("back sign=in"), doors("back sign=in", "front squeak=yes"), []string{"passed"}},
		"not seen before": {doors("error: timed out"), doors("front squeak=yes"), []string{"unknown no baseline"}},
		"moved out of sight": {
			doors("front squeak=no", "front sign=in"), doors("front sign=in"),
			[]string{"regressed failing", "front squeak: regressed no->"},
		},
		"the item is gone": {
			doors("back sign=in", "front squeak=no", "front state=open"), doors("back sign=in"),
			[]string{"drifted failing", "front: drifted there->gone"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := told(judge(keep(check(t, "squeak=no")), &test.before, test.now, nil).Checks[0])
			if d := cmp.Diff(test.want, got); d != "" {
				t.Errorf("outcome (-want +got):\n%s", d)
			}
		})
	}
	if got := judge(keep(check(t, "squeak=no")), nil, doors("front squeak=yes"), nil); got.Outcome != report.Passed {
		t.Errorf("without a baseline: %s", got.Outcome)
	}
}

// A suite that asks for other items than at the baseline has changed, not the
// host; what it still asks for is compared as ever.
func TestJudgeRestated(t *testing.T) {
	before := doors("front state=open", "side state=open", "side colour=red")
	before.Checks[0].Asked = "front side"
	now := doors("front state=shut", "back state=open")
	now.Checks[0].Asked = "front back"
	got := told(judge(check(t, "*state=open"), &before, now, nil).Checks[0])
	if d := cmp.Diff([]string{
		"regressed failing", "side: drifted there->gone, or not asked for any more", "front state: regressed open->shut",
	}, got); d != "" {
		t.Errorf("outcome (-want +got):\n%s", d)
	}
}

// An excused value is neither a failure nor a success: it stands between a
// service's boot and its start.
func TestExcusedValues(t *testing.T) {
	for name, test := range map[string]struct {
		check       *suites.Check
		before, now string
		want        []string
	}{
		"now, of what met it":  {check(t, "*bell=rings"), "rings", "waits", []string{"passed"}},
		"now, of what is kept": {keep(check(t, "*bell=rings")), "rings", "waits", []string{"passed"}},
		"now, and the suite itself expects": {
			check(t, "bell=rings"), "rings", "waits", []string{"regressed failing", "front bell: regressed rings->waits"},
		},
		"now, of what did not meet it": {
			check(t, "*bell=rings"), "mute", "waits", []string{"pre-existing", "front bell: pre-existing mute->waits"},
		},
		"before, and it fails now": {
			check(t, "*bell=rings"), "waits", "mute", []string{"failed failing", "front bell: failed waits->mute"},
		},
		"before, and it is well":  {check(t, "*bell=rings"), "waits", "rings", []string{"passed"}},
		"before, of what is kept": {keep(check(t, "*bell=rings")), "waits", "mute", []string{"passed"}},
		"about to, of what is kept": {
			keep(check(t, "*bell=rings")), "soon", "mute", []string{"regressed failing", "front bell: regressed soon->mute"},
		},
		"about to, and it came": {keep(check(t, "*bell=rings")), "soon", "rings", []string{"passed"}},
		"about to, now":         {keep(check(t, "*bell=rings")), "rings", "soon", []string{"passed"}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, rule := range []fact.Op{fact.Same, fact.Ignore} { // the first as the kind has it
				test.check.Compare = compared("bell", fact.Rule{Op: rule}, fact.Fail)
				before := doors("front bell=" + test.before)
				got := told(judge(test.check, &before, doors("front bell="+test.now), nil).Checks[0])
				if d := cmp.Diff(test.want, got); d != "" {
					t.Errorf("%v: outcome (-want +got):\n%s", fact.Rule{Op: rule}, d)
				}
			}
		})
	}
	got := told(judge(check(t, "*bell=rings"), nil, doors("front bell=waits"), nil).Checks[0])
	if d := cmp.Diff([]string{"failed failing", "front bell: failed ->waits"}, got); d != "" {
		t.Errorf("without a baseline (-want +got):\n%s", d)
	}
}

func TestJudgeWithoutBaseline(t *testing.T) {
	c := check(t, "state=open")
	got := told(judge(c, nil, doors("front state=shut", "front colour=red"), nil).Checks[0])
	if d := cmp.Diff([]string{"failed failing", "front state: failed ->shut"}, got); d != "" {
		t.Errorf("outcome (-want +got):\n%s", d)
	}
	got = told(judge(c, nil, doors("front state=open"), nil).Checks[0])
	if d := cmp.Diff([]string{"passed"}, got); d != "" {
		t.Errorf("outcome (-want +got):\n%s", d)
	}
}

func plan(t *testing.T, must string, may ...string) *suites.Plan {
	t.Helper()
	p := &suites.Plan{Name: "p", Reboot: suites.RebootAllowed}
	if reading, source, found := strings.Cut(must, "="); found {
		predicate, err := expect.Parse(source, fact.TypeText)
		if err != nil {
			t.Fatal(err)
		}
		p.Must = []suites.MustChange{{
			Pattern: suites.Pattern{Kind: "door", Reading: reading}, Predicate: predicate,
		}}
	}
	for _, reading := range may {
		p.May = append(p.May, suites.MayChange{Pattern: suites.Pattern{Kind: "door", Reading: reading}})
	}
	return p
}

func TestJudgeByPlan(t *testing.T) {
	before := doors("front state=open", "front colour=red")
	for name, test := range map[string]struct {
		plan *suites.Plan
		now  baseline.Host
		want []string
	}{
		"a change that the plan allows": {
			plan(t, "", "colour"), doors("front state=open", "front colour=blue"),
			[]string{"expected", "front colour: expected red->blue"},
		},
		"a change that the plan wants": {
			plan(t, "colour=blue"), doors("front state=open", "front colour=blue"),
			[]string{"expected", "front colour: expected red->blue"},
		},
		"a wanted change that did not come": {
			plan(t, "colour=blue"), doors("front state=open", "front colour=red"),
			[]string{"unmet failing", "front colour: unmet red->red"},
		},
		"a wanted change that came otherwise": {
			plan(t, "colour=blue", "colour"), doors("front state=open", "front colour=green"),
			[]string{"unmet failing", "front colour: unmet red->green"},
		},
		"a wanted change of a reading that is not there": {
			plan(t, "sign=out"), doors("front state=open", "front colour=red"),
			[]string{"unmet failing", "sign: unmet ->"},
		},
		"a wanted change does not excuse what regressed": {
			plan(t, "state=!= open"), doors("front state=shut", "front colour=red"),
			[]string{"regressed failing", "front state: regressed open->shut"},
		},
		"a gone item of which one reading may change": {
			plan(t, "", "state"), doors(), []string{"drifted failing", "front: drifted there->gone"},
		},
		"a gone item that may go": {
			plan(t, "", "*"), doors("back colour=red"),
			[]string{"expected", "back: expected ->new", "front: expected there->gone"},
		},
		"the plan does not excuse what regressed": {
			plan(t, "", "state", "*"), doors("front state=shut", "front colour=red"),
			[]string{"regressed failing", "front state: regressed open->shut"},
		},
		"what could not be observed is not unmet": {
			plan(t, "colour=blue"), doors("error: timed out"), []string{"unknown"},
		},
		"what was seen beside an error counts": {
			plan(t, "colour=blue"), doors("error: no bell", "front state=open", "front colour=red"),
			[]string{"unmet failing", "front colour: unmet red->red"},
		},
		"a wanted change that was seen beside an error": {
			plan(t, "colour=blue"), doors("error: no bell", "front state=open", "front colour=blue"),
			[]string{"unknown", "front colour: expected red->blue"},
		},
		"what was not seen beside an error is not unmet": {
			plan(t, "colour=blue"), doors("error: no colour", "front state=open"), []string{"unknown"},
		},
		"what was mended is no drift beside an error either": {
			plan(t, ""), doors("error: no bell", "front state=open", "front colour=red"), []string{"unknown"},
		},
		"what drifted beside an error is told": {
			plan(t, ""), doors("error: no state", "front colour=blue"),
			[]string{"unknown", "front colour: drifted red->blue"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := check(t, "state=open")
			if strings.Contains(name, "gone item") {
				c = check(t)
			}
			got := told(judge(c, &before, test.now, test.plan).Checks[0])
			if d := cmp.Diff(test.want, got); d != "" {
				t.Errorf("outcome (-want +got):\n%s", d)
			}
		})
	}
}

func TestPlanThatLooksAtNothing(t *testing.T) {
	other := plan(t, "colour=blue")
	other.Must[0].Pattern.Item = "side"
	windows := plan(t, "colour=blue")
	windows.Must[0].Pattern.Kind = "window"
	for name, test := range map[string]struct {
		plan    *suites.Plan
		now     baseline.Host
		outcome report.Outcome
		nowhere []string
	}{
		"an item that this host does not have": {other, doors("front colour=red"), report.Passed, []string{"door/side.colour"}},
		"an item that it has":                  {other, doors("front colour=red", "side colour=blue"), report.Drifted, nil},
		"an item that could not be observed":   {other, doors("error: timed out"), report.Unknown, nil},
		"a kind that nobody asks about":        {windows, doors("front colour=red"), report.Passed, []string{"window.colour"}},
	} {
		t.Run(name, func(t *testing.T) {
			planning := runner.NewPlanning(test.plan)
			before := doors("front colour=red")
			v := runner.Visit{Host: suites.Host{Name: "h", Checks: []*suites.Check{check(t)}}, Seen: test.now}
			h := runner.Judge(v, &before, planning)
			if h.Outcome != test.outcome {
				t.Errorf("outcome %s, want %s", h.Outcome, test.outcome)
			}
			nowhere, _ := planning.Nowhere()
			var got []string
			for _, c := range nowhere.Checks {
				got = append(got, c.ID)
			}
			if d := cmp.Diff(test.nowhere, got); d != "" {
				t.Errorf("nowhere (-want +got):\n%s", d)
			}
			tally := runner.NewTally(time.Time{})
			tally.Add(h)
			tally.Add(nowhere)
			if s := tally.Summary(time.Time{}); (s.ExitCode == runner.ExitBroken) != (test.nowhere != nil) {
				t.Errorf("exit %d: %s", s.ExitCode, s.Reason)
			}
		})
	}
}

func TestJudgeAnotherMachine(t *testing.T) {
	before, now := doors("front state=open"), doors("front state=open")
	before.Identity, now.Identity = "4c4c4544", "564d0000"
	h := judge(check(t, "state=open"), &before, now, nil)
	if h.Problem == "" || h.Checks[0].Outcome != report.Unknown {
		t.Errorf("problem %q, outcome %s", h.Problem, h.Checks[0].Outcome)
	}
	tally := runner.NewTally(time.Time{})
	tally.Add(h)
	if s := tally.Summary(time.Time{}); s.ExitCode != runner.ExitNoVerdict {
		t.Errorf("exit %d, want 2: %s", s.ExitCode, s.Reason)
	}
	now.Identity = "" // an identity that was not learnt proves nothing
	if h := judge(check(t, "state=open"), &before, now, nil); h.Problem != "" {
		t.Errorf("problem %q", h.Problem)
	}
}

func TestSummary(t *testing.T) {
	const fine = "nothing regressed, nothing unmet"
	one := func(o report.Outcome, failing bool) report.Host {
		return report.Host{Checks: []report.Check{{Outcome: o, Failing: failing}}}
	}
	gone := report.Host{Unreachable: "silent", Checks: []report.Check{{Outcome: report.Unknown}}}
	another := report.Host{Problem: "it is another", Checks: []report.Check{{Outcome: report.Unknown}}}
	verdicts := []string{"PASS", "FAIL", "NO VERDICT", "INCOMPLETE"} // by exit code
	for name, test := range map[string]struct {
		hosts  []report.Host
		exit   int
		reason string
	}{
		"nothing":                 {nil, 0, fine},
		"passed and pre-existing": {[]report.Host{one(report.Passed, false), one(report.PreExisting, false)}, 0, fine},
		"drift as a warning":      {[]report.Host{one(report.Drifted, false)}, 0, fine},
		"drift that fails":        {[]report.Host{one(report.Drifted, true)}, 1, "1 check drifted"},
		"failed":                  {[]report.Host{one(report.Failed, true), one(report.Failed, true)}, 1, "2 checks failed"},
		"unmet":                   {[]report.Host{one(report.Unmet, true)}, 1, "1 check unmet"},
		"unknown":                 {[]report.Host{one(report.Unknown, false)}, 3, "1 check unknown"},
		"another machine":         {[]report.Host{another, gone}, 2, "1 host answered by another machine, 1 host unreachable"},
		"unreachable":             {[]report.Host{gone}, 3, "1 host unreachable"},
		"regressed and unreachable": {
			[]report.Host{gone, one(report.Regressed, true)}, 1, "1 check regressed, 1 host unreachable",
		},
	} {
		t.Run(name, func(t *testing.T) {
			tally := runner.NewTally(time.Time{})
			for _, h := range test.hosts {
				tally.Add(h)
			}
			s := tally.Summary(time.Time{})
			if s.ExitCode != test.exit || s.Reason != test.reason || s.Verdict != verdicts[test.exit] {
				t.Errorf("got exit %d, %s, %q; want %d, %q", s.ExitCode, s.Verdict, s.Reason, test.exit, test.reason)
			}
		})
	}
}

// What was hidden is added up over the hosts.
func TestSummaryOfWhatWasHidden(t *testing.T) {
	tally := runner.NewTally(time.Time{})
	for range 2 {
		tally.Add(report.Host{Ignored: map[string]int{"door.creak: ignore": 3}})
	}
	if got := tally.Summary(time.Time{}).Ignored["door.creak: ignore"]; got != 6 {
		t.Errorf("hidden: %d", got)
	}
}

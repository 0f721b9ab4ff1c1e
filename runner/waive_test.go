package runner_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/baseline"
	"postpatch/probes"
	"postpatch/runner"
	"postpatch/runner/report"
	"postpatch/suites"
)

// waiver is one of a door's item and reading, "front.state", until a day.
func waiver(t *testing.T, of, until string) suites.Waiver {
	t.Helper()
	day, err := time.Parse(time.DateOnly, until)
	if err != nil {
		t.Fatal(err)
	}
	item, reading, _ := strings.Cut(of, ".")
	return suites.Waiver{
		Pattern: suites.Pattern{Kind: "door", Item: item, Reading: reading}, Until: day,
		Reason: "the smith is ill", Owner: "smith", File: "house.suite.yaml", Line: 7,
	}
}

// onTheLastDay judges at the end of 2026-11-23, and sums up.
func onTheLastDay(
	v runner.Visit, before *baseline.Host, plan *suites.Plan, waivers ...suites.Waiver,
) (report.Host, report.Summary) {
	planning := runner.NewPlanning(plan)
	planning.Waive(waivers, time.Date(2026, 11, 23, 23, 59, 59, 0, time.UTC))
	h := runner.Judge(v, before, planning)
	tally := runner.NewTally(time.Time{})
	tally.Add(h)
	return h, tally.Summary(time.Time{})
}

func visitOf(c *suites.Check, now baseline.Host) runner.Visit {
	return runner.Visit{Host: suites.Host{Name: "h", Checks: []*suites.Check{c}}, Seen: now}
}

// Whatever a waiver covers is waived on its last day, and failed on the next.
func TestWhatAWaiverCovers(t *testing.T) {
	for name, test := range map[string]struct {
		before *baseline.Host
		now    baseline.Host
		of     string
		was    report.Outcome
		wanted string
	}{
		"regressed":    {new(doors("front bell=rings")), doors("front bell=silent"), "front.bell", report.Regressed, "expected rings; "},
		"pre-existing": {new(doors("front bell=silent")), doors("front bell=silent"), "front.bell", report.PreExisting, "expected rings; "},
		"failed":       {nil, doors("front bell=silent"), "FRONT.bell", report.Failed, "expected rings; "},
		"a drift that fails": {
			new(doors("front state=open", "front bell=rings")), doors("front state=shut", "front bell=rings"), "front.state",
			report.Drifted, "rule: same; ",
		},
		"a drift that warns": {
			new(doors("front colour=red", "front bell=rings")), doors("front colour=blue", "front bell=rings"), ".colour",
			report.Drifted, "rule: same; ",
		},
		"an item that went": {
			new(doors("front bell=rings", "side colour=red")), doors("front bell=rings"), "side.*", report.Drifted, "",
		},
		"an item that came": {
			new(doors("front bell=rings")), doors("front bell=rings", "side colour=red"), "side.*", report.Drifted, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			v := visitOf(check(t, "*bell=rings"), test.now)
			h, s := onTheLastDay(v, test.before, nil, waiver(t, test.of, "2026-11-23"))
			c := h.Checks[0]
			if c.Outcome != report.Waived || h.Outcome != report.Waived || c.Failing || s.ExitCode != runner.ExitOK ||
				s.Waived != 1 || s.Counts[report.Waived] != 1 || h.Counts[report.Waived] != 1 ||
				!strings.Contains(s.Reason, "1 check waived") {
				t.Errorf("in force: %+v\n%+v", c, s)
			}
			want := report.Waiver{
				Was: test.was, Until: "2026-11-23", Reason: "the smith is ill", Owner: "smith", File: "house.suite.yaml", Line: 7,
			}
			if d := cmp.Diff(want, c.Findings[0].Waiver); d != "" {
				t.Errorf("in force (-want +got):\n%s", d)
			}
			h, s = onTheLastDay(v, test.before, nil, waiver(t, test.of, "2026-11-22"))
			c = h.Checks[0]
			if c.Outcome != report.Failed || h.Outcome != report.Failed || !c.Failing ||
				s.ExitCode != runner.ExitBroken || s.Waived != 0 {
				t.Errorf("over: %+v\n%+v", c, s)
			}
			want.Until, want.Over = "2026-11-22", true
			if d := cmp.Diff(want, c.Findings[0].Waiver); d != "" {
				t.Errorf("over (-want +got):\n%s", d)
			}
			if got := c.Findings[0].Wanted; got != test.wanted+"the waiver until 2026-11-22 is over: the smith is ill" {
				t.Errorf("over: %q", got)
			}
		})
	}
}

// What no waiver covers comes to what it comes to without any.
func TestWhatNoWaiverCovers(t *testing.T) {
	before := doors("front bell=rings", "front state=open", "front sign=hello", " built=2026-11-01T00:00:00Z")
	noted := doors("front bell=rings", "front state=open", "front sign=bye", " built=2026-11-01T00:00:00Z")
	all := waiver(t, ".*", "2026-11-23")
	past := waiver(t, ".*", "2020-01-01")
	elsewhere := waiver(t, ".*", "2026-11-23")
	elsewhere.Suite = "garden"
	otherHost := waiver(t, ".*", "2026-11-23")
	otherHost.Hosts = []string{"g"}
	plan := &suites.Plan{Reboot: suites.RebootRequired}
	for name, test := range map[string]struct {
		now     baseline.Host
		plan    *suites.Plan
		waivers []suites.Waiver
	}{
		"all is well":                         {before, nil, []suites.Waiver{all}},
		"all is well, and it is over":         {before, nil, []suites.Waiver{past}},
		"a note":                              {noted, nil, []suites.Waiver{all}},
		"a note, and it is over":              {noted, nil, []suites.Waiver{past}},
		"what could not be observed":          {doors("error: timed out"), nil, []suites.Waiver{all}},
		"what the plan wants":                 {before, plan, []suites.Waiver{all}},
		"what the plan wants, and it is over": {before, plan, []suites.Waiver{past}},
		"another suite's":                     {doors("front bell=silent"), nil, []suites.Waiver{elsewhere}},
		"another host's":                      {doors("front bell=silent"), nil, []suites.Waiver{otherHost}},
		"an item as a whole, by one reading": {
			doors(" built=2026-11-01T00:00:00Z"), nil, []suites.Waiver{waiver(t, "front.state", "2026-11-23")},
		},
		"another item": {doors("front bell=silent"), nil, []suites.Waiver{waiver(t, "side.*", "2026-11-23")}},
	} {
		t.Run(name, func(t *testing.T) {
			v := visitOf(check(t, "*bell=rings"), test.now)
			without, was := onTheLastDay(v, &before, test.plan)
			with, is := onTheLastDay(v, &before, test.plan, test.waivers...)
			if d := cmp.Diff(without, with); d != "" {
				t.Errorf("(-without +with):\n%s", d)
			}
			if is.ExitCode != was.ExitCode || is.Waived != 0 {
				t.Errorf("exit %d, without %d", is.ExitCode, was.ExitCode)
			}
		})
	}
}

// A waiver is for the findings that it names; the check's others fail it.
func TestAWaiverCoversOneByOne(t *testing.T) {
	before := doors("front bell=rings", "front state=open", "side bell=rings")
	v := visitOf(check(t, "*bell=rings"), doors("front bell=silent", "front state=shut", "side bell=silent"))
	h, s := onTheLastDay(v, &before, nil, waiver(t, "front.*", "2026-11-23"))
	want := []string{
		"regressed failing", "front bell: waived rings->silent", "front state: waived open->shut", "side bell: regressed rings->silent",
	}
	if d := cmp.Diff(want, told(h.Checks[0])); d != "" {
		t.Error(d)
	}
	if s.ExitCode != runner.ExitBroken || s.Reason != "1 check regressed, 1 check waived" || s.Waived != 2 {
		t.Errorf("%+v", s)
	}
	h, s = onTheLastDay(v, &before, nil, waiver(t, ".bell", "2026-11-23"))
	want = []string{
		"waived failing", "front state: drifted open->shut", "front bell: waived rings->silent", "side bell: waived rings->silent",
	}
	if d := cmp.Diff(want, told(h.Checks[0])); d != "" {
		t.Error(d)
	}
	if s.ExitCode != runner.ExitBroken || s.Reason != "1 check drifted, 1 check waived" {
		t.Errorf("%+v", s)
	}
}

// A check that has something waived is counted so, unless it comes to worse.
func TestWhatIsWaivedIsCounted(t *testing.T) {
	before := doors("front bell=rings", "side bell=silent", "front colour=red")
	v := visitOf(check(t, "*bell=rings"), doors("front bell=silent", "side bell=silent", "front colour=blue"))
	_, s := onTheLastDay(v, &before, nil, waiver(t, "front.bell", "2026-11-23"))
	if d := cmp.Diff(map[report.Outcome]int{report.Waived: 1}, s.Counts); d != "" || s.ExitCode != runner.ExitOK {
		t.Errorf("exit %d (-want +got):\n%s", s.ExitCode, d)
	}
}

// What is unknown stays so, whatever else of the check is waived.
func TestUnknownIsNeverWaived(t *testing.T) {
	before := doors("front bell=rings", "side bell=rings")
	all := waiver(t, ".*", "2026-11-23")
	for name, now := range map[string]baseline.Host{
		"a part of it could be observed":         doors("error: no side", "front bell=silent"),
		"nothing is left to tell of it anything": doors(),
	} {
		v := visitOf(check(t, "bell=rings"), now)
		h, s := onTheLastDay(v, &before, nil, all)
		c := h.Checks[0]
		if c.Outcome != report.Unknown || c.Error == "" || s.ExitCode != runner.ExitIncomplete || s.Waived == 0 {
			t.Errorf("%s: %+v\n%+v", name, c, s)
		}
		if _, s := onTheLastDay(v, &before, nil); s.ExitCode != runner.ExitBroken {
			t.Errorf("%s: without the waiver exit %d", name, s.ExitCode)
		}
	}
}

func TestTheWaiverThatHoldsLongestSpeaks(t *testing.T) {
	before := doors("front bell=rings")
	v := visitOf(check(t, "*bell=rings"), doors("front bell=silent"))
	short, long := waiver(t, "front.bell", "2020-01-01"), waiver(t, ".*", "2027-01-01")
	also := waiver(t, ".bell", "2027-01-01")
	also.Line = 8
	for _, waivers := range [][]suites.Waiver{{short, long, also}, {long, also, short}} {
		h, _ := onTheLastDay(v, &before, nil, waivers...)
		if f := h.Checks[0].Findings[0]; f.Outcome != report.Waived || f.Waiver.Until != "2027-01-01" || f.Waiver.Line != 7 {
			t.Errorf("%+v", f)
		}
	}
	h, _ := onTheLastDay(v, &before, &suites.Plan{Reboot: suites.RebootAllowed, Waivers: []suites.Waiver{long}}, short)
	if f := h.Checks[0].Findings[0]; f.Outcome != report.Waived {
		t.Errorf("a plan's: %+v", f)
	}
}

// Without a day nobody knows whether a waiver holds.
func TestWithoutADayNothingIsWaived(t *testing.T) {
	planning := runner.NewPlanning(nil)
	planning.Waive([]suites.Waiver{waiver(t, ".*", "2027-01-01")}, time.Time{})
	before := doors("front bell=rings")
	h := runner.Judge(visitOf(check(t, "*bell=rings"), doors("front bell=silent")), &before, planning)
	if h.Outcome != report.Regressed {
		t.Errorf("%+v", h)
	}
}

func TestOverNamesWhatIsLeftOver(t *testing.T) {
	planning := runner.NewPlanning(nil)
	planning.Waive([]suites.Waiver{waiver(t, "front.bell", "2026-11-22"), waiver(t, ".*", "2026-11-23")},
		time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC))
	if d := cmp.Diff([]string{"house.suite.yaml:7 (door/front.bell, until 2026-11-22)"}, planning.Over()); d != "" {
		t.Error(d)
	}
}

// A plan's change may be of some hosts, and to one value.
func TestAPlanAllowsThisChangeAndNoOther(t *testing.T) {
	before := doors("front colour=red")
	only := func(to string, hosts ...string) *suites.Plan {
		return planFrom(t, to, hosts)
	}
	for name, test := range map[string]struct {
		plan *suites.Plan
		now  string
		want report.Outcome
	}{
		"to the value":            {only("Blue"), "front colour=blue", report.Expected},
		"to another":              {only("green"), "front colour=blue", report.Drifted},
		"on the host":             {only("blue", "x", "h*"), "front colour=blue", report.Expected},
		"on another host":         {only("blue", "x"), "front colour=blue", report.Drifted},
		"gone, and it is":         {only("gone"), "front state=open", report.Expected},
		"gone, and it is not":     {only("gone"), "front colour=blue", report.Drifted},
		"to a value, and it went": {only("blue"), "front state=open", report.Drifted},
	} {
		before := before
		if strings.Contains(test.now, "state") {
			before = doors("front colour=red", "front state=open")
		}
		if h := judge(check(t), &before, doors(test.now), test.plan); h.Outcome != test.want {
			t.Errorf("%s: %+v", name, h.Checks[0])
		}
	}
}

// planFrom reads a plan that lets the front door's colour change to something.
func planFrom(t *testing.T, to string, hosts []string) *suites.Plan {
	t.Helper()
	text := "plan: p\nmay_change:\n  - {change: door/front.colour, to: " + to
	if len(hosts) > 0 {
		text += ", hosts: ['" + strings.Join(hosts, "', '") + "']"
	}
	file := filepath.Join(t.TempDir(), "p.plan.yaml")
	if err := os.WriteFile(file, []byte(text+"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	plan, problems := suites.LoadPlan(file, []probes.Kind{door})
	if len(problems) > 0 {
		t.Fatal(suites.Format(problems, os.ReadFile))
	}
	return plan
}

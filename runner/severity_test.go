package runner_test

import (
	"slices"
	"strings"
	"testing"

	"postpatch/probes/fact"
	"postpatch/runner"
	"postpatch/runner/report"
	"postpatch/suites"
)

// drifts are a plan's words on drift: "warn", or "front.state=fail" of an item and a
// reading.
func drifts(words ...[3]string) *suites.Plan {
	plan := &suites.Plan{Reboot: suites.RebootAllowed}
	for _, w := range words {
		d := suites.Drift{Severity: w[2]}
		if w[1] != "" {
			d.Pattern = suites.Pattern{Kind: "door", Item: w[0], Reading: w[1]}
		}
		plan.Drift = append(plan.Drift, d)
	}
	return plan
}

// How bad a drift is says the last word of the plan that fits, and where none does the
// suite's and the kind's.
func TestAPlansWordOnDrift(t *testing.T) {
	every := func(severity string) [3]string { return [3]string{"", "", severity} }
	state := []string{"front state=open", "front state=shut"} // fails by its kind
	colour := []string{"front colour=red", "front colour=blue"}
	sign := []string{"front sign=in", "front sign=out"} // a note by its kind
	for name, c := range map[string]struct {
		readings []string // before and now, beside a bell that rings
		plan     *suites.Plan
		want     fact.Severity
		item     bool // the finding is of an item as a whole
	}{
		"without a plan, the kind's":           {state, nil, fact.Fail, false},
		"a plan that says nothing":             {colour, drifts(), fact.Warn, false},
		"everything, milder":                   {state, drifts(every("warn")), fact.Warn, false},
		"everything is a note":                 {state, drifts(every("note")), fact.Note, false},
		"everything, graver":                   {colour, drifts(every("fail")), fact.Fail, false},
		"everything does not lift a note":      {sign, drifts(every("fail")), fact.Note, false},
		"nor do all readings of a kind":        {sign, drifts([3]string{"", "*", "fail"}), fact.Note, false},
		"its own name does":                    {sign, drifts([3]string{"", "sign", "fail"}), fact.Fail, false},
		"its own name, then everything":        {sign, drifts([3]string{"", "sign", "fail"}, every("warn")), fact.Fail, false},
		"a pattern over everything":            {state, drifts(every("warn"), [3]string{"fr*", "*", "fail"}), fact.Fail, false},
		"the last that fits":                   {state, drifts([3]string{"", "state", "fail"}, [3]string{"front", "state", "note"}), fact.Note, false},
		"the last that does not fit":           {state, drifts([3]string{"", "state", "note"}, [3]string{"side", "state", "warn"}), fact.Note, false},
		"of another reading":                   {state, drifts([3]string{"", "colour", "note"}), fact.Fail, false},
		"an item in another case":              {state, drifts([3]string{"FRONT", "state", "note"}), fact.Note, false},
		"an item that came":                    {[]string{"", "side colour=red"}, drifts(every("fail")), fact.Fail, true},
		"an item that came, of one reading":    {[]string{"", "side colour=red"}, drifts([3]string{"", "colour", "fail"}), fact.Warn, true},
		"an item that came is no more than":    {[]string{"", "side colour=red"}, drifts([3]string{"side", "*", "note"}), fact.Note, true},
		"an item that went":                    {[]string{"side colour=red", ""}, drifts(every("fail")), fact.Fail, true},
		"an item that went, of one reading":    {[]string{"side colour=red", ""}, drifts([3]string{"", "colour", "fail"}), fact.Fail, true},
		"an item that went is no more than":    {[]string{"side state=open", ""}, drifts(every("note")), fact.Note, true},
		"of what went the gravest reading":     {[]string{"side state=open|side colour=red", ""}, drifts([3]string{"", "colour", "note"}), fact.Fail, true},
		"what failed before fails otherwise":   {[]string{"front bell=silent", "front bell=dead"}, drifts(every("warn")), fact.Warn, false},
		"what is counted happens for the once": {[]string{"", "front knocks=3"}, drifts(every("warn")), fact.Warn, false},
	} {
		t.Run(name, func(t *testing.T) {
			with := func(lines string) []string {
				return slices.DeleteFunc(append(strings.Split(lines, "|"), "back bell=rings"),
					func(line string) bool { return line == "" })
			}
			before, now := doors(with(c.readings[0])...), doors(with(c.readings[1])...)
			h := runner.Judge(visitOf(check(t, "*bell=rings"), now), &before, runner.NewPlanning(c.plan))
			var drifted []report.Finding
			for _, f := range h.Checks[0].Findings {
				if f.Outcome == report.Drifted {
					drifted = append(drifted, f)
				}
			}
			if len(drifted) != 1 || drifted[0].Severity != c.want.String() || (drifted[0].Reading == "") != c.item {
				t.Fatalf("drifted: %+v, want one that is a %s", drifted, c.want)
			}
			want := map[fact.Severity]report.Outcome{
				fact.Fail: report.Drifted, fact.Warn: report.Drifted, fact.Note: report.Passed,
			}[c.want]
			if h.Checks[0].Outcome != want || h.Checks[0].Failing != (c.want == fact.Fail) {
				t.Errorf("%s, failing %v", h.Checks[0].Outcome, h.Checks[0].Failing)
			}
		})
	}
}

// What a baseline that was not whole has nothing of passes as a note only where nobody
// takes it for more.
func TestANoteThatThePlanLiftsIsMissed(t *testing.T) {
	before := doors("error: half of it", "front bell=rings")
	now := doors("front bell=rings", "front sign=in")
	for severity, want := range map[string]report.Outcome{"note": report.Passed, "fail": report.Unknown} {
		h := runner.Judge(visitOf(check(t, "*bell=rings"), now), &before,
			runner.NewPlanning(drifts([3]string{"front", "sign", severity})))
		if got := h.Checks[0]; got.Outcome != want {
			t.Errorf("%s: %s (%s), want %s", severity, got.Outcome, got.Error, want)
		}
	}
}

package runner_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/runner"
	"postpatch/runner/report"
)

func TestEveryOwnerHasAVerdict(t *testing.T) {
	tally := runner.NewTally(time.Time{})
	check := func(owner string, o report.Outcome) report.Check {
		failing := o == report.Regressed
		return report.Check{ID: "x", Kind: "os", Owner: owner, Outcome: o, Failing: failing}
	}
	for _, h := range []report.Host{
		{Host: "a", Checks: []report.Check{
			check("web", report.Passed), check("dba", report.Regressed), check("", report.Passed),
		}},
		{Host: "b", Checks: []report.Check{check("Web", report.Passed), check("mail", report.Unknown)}},
		{Host: "c", Unreachable: "no answer", Checks: []report.Check{check("mail", report.Unknown)}},
	} {
		tally.Add(h)
	}
	got := tally.Summary(time.Time{}).Owners
	want := []report.OwnerSummary{
		{
			Owner: "dba", Hosts: 1, Checks: 1, Failing: 1, Counts: map[report.Outcome]int{report.Regressed: 1},
			Verdict: "FAIL", Reason: "1 check regressed", ExitCode: 1,
		},
		{
			Owner: "mail", Hosts: 2, Checks: 2, Unknown: 2, Unseen: 1, Counts: map[report.Outcome]int{report.Unknown: 2},
			Verdict: "INCOMPLETE", Reason: "1 host unreachable, 1 check unknown", ExitCode: 3,
		},
		{
			Hosts: 1, Checks: 1, Counts: map[report.Outcome]int{report.Passed: 1},
			Verdict: "PASS", Reason: "nothing regressed, nothing unmet",
		},
		{
			Owner: "web", Hosts: 2, Checks: 2, Counts: map[report.Outcome]int{report.Passed: 2},
			Verdict: "PASS", Reason: "nothing regressed, nothing unmet",
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWithoutOwnersNobodyIsNamed(t *testing.T) {
	tally := runner.NewTally(time.Time{})
	tally.Add(report.Host{Host: "a", Checks: []report.Check{{ID: "x", Kind: "os", Outcome: report.Passed}}})
	if s := tally.Summary(time.Time{}); len(s.Owners) > 0 {
		t.Errorf("got %+v", s.Owners)
	}
}

// Of very many the worst are told, and the others counted.
func TestVeryManyOwners(t *testing.T) {
	tally := runner.NewTally(time.Time{})
	for i := range 3000 {
		o := report.Check{ID: "x", Kind: "os", Owner: fmt.Sprintf("team-%04d", i), Outcome: report.Passed}
		if i == 2999 {
			o.Outcome, o.Failing = report.Regressed, true
		}
		tally.Add(report.Host{Host: "a", Checks: []report.Check{o}})
	}
	s := tally.Summary(time.Time{})
	if len(s.Owners) != 1000 || s.MoreOwners != 2000 || s.Owners[0].Owner != "team-2999" {
		t.Errorf("got %d owners and %d more, first %+v", len(s.Owners), s.MoreOwners, s.Owners[0])
	}
}

func TestAnOwnersPartOfAPrecheckSaysWhetherItMayBegin(t *testing.T) {
	tally := runner.NewTally(time.Time{})
	tally.Precheck()
	tally.Add(report.Host{Host: "a", Checks: []report.Check{{ID: "x", Kind: "os", Owner: "dba", Outcome: report.Passed}}})
	if got := tally.Summary(time.Time{}).Owners[0].Verdict; got != "READY" {
		t.Errorf("got %q", got)
	}
}

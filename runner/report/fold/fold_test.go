package fold_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/runner/report"
	"postpatch/runner/report/fold"
)

func stopped(host string) report.Host {
	c := report.Check{
		ID: "service/Spooler", Kind: "service", Suite: "web", Outcome: report.Regressed, Failing: true,
		Findings: []report.Finding{{
			Item: "Spooler", Reading: "state", Outcome: report.Regressed, Before: "running", Now: "stopped",
			HasBefore: true, HasNow: true, Wanted: "expected running",
		}},
	}
	return report.Host{
		Host: host, Outcome: report.Regressed, Checks: []report.Check{c, {ID: "ping", Outcome: report.Passed}},
		Counts: map[report.Outcome]int{report.Regressed: 1, report.Passed: 1},
	}
}

func TestTheSameOnTwoHostsIsOneEntry(t *testing.T) {
	f := fold.New(false, nil)
	f.Add(stopped("srv02"))
	f.Add(stopped("srv01"))
	other := stopped("srv03")
	other.Checks[0].Findings[0].Now = "paused"
	f.Add(other)
	f.Add(report.Host{Host: "srv04", Unreachable: "no route to srv04", Checks: []report.Check{
		{ID: "ping", Outcome: report.Unknown}, {ID: "service/Spooler", Outcome: report.Unknown},
	}})
	var got [][]string
	for _, g := range fold.Groups() {
		for _, e := range f.Of(g) {
			got = append(got, append([]string{g.Look("verify").Title, e.Subject}, e.Hosts...))
		}
	}
	want := [][]string{
		{"UNREACHABLE", "", "srv04"},
		{"REGRESSION", "service/Spooler", "srv01", "srv02"},
		{"REGRESSION", "service/Spooler", "srv03"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if n := f.Of(fold.Unreachable)[0].Unasked; n != 2 {
		t.Errorf("of the host that did not answer %d checks are told, want 2", n)
	}
}

func TestAHostWithoutCountsHasARow(t *testing.T) {
	h := report.Host{Host: "srv01", Outcome: report.Passed, Checks: []report.Check{
		{ID: "ping", Outcome: report.Passed, Mark: "new"},
	}}
	if n := fold.NewRow(h, false).Counts[fold.NoBasis]; n != 1 {
		t.Errorf("%d checks without a basis, want 1", n)
	}
}

package html_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/runner/report"
	"postpatch/runner/report/html"
)

// The summary of a large night: the same on many hosts is one entry that names some of
// them, more entries than a reader takes are counted, and the table begins with the hosts
// that want a person.
func TestTheSummaryOfALargeNight(t *testing.T) {
	s := stream{Run: report.Run{Command: "verify", Hosts: 2600, Baseline: &report.Baseline{Name: "before"}}}
	broken := func(id, before string) report.Check {
		return report.Check{
			ID: id, Suite: "s", Kind: "service", Outcome: report.Regressed, Failing: true, Findings: []report.Finding{{
				Reading: "state", Outcome: report.Regressed, Before: before, HasBefore: true,
			}},
		}
	}
	for i := range 2600 {
		h := report.Host{Host: fmt.Sprintf("srv%04d", i), Outcome: report.Passed}
		h.Checks = []report.Check{{ID: "ping", Outcome: report.Passed}}
		switch {
		case i >= 2000: // of their own
			h.Checks, h.Outcome = append(h.Checks, broken("service/B", fmt.Sprint(i))), report.Regressed
		case i >= 1850: // the same
			h.Checks, h.Outcome = append(h.Checks, broken("service/A", "running")), report.Regressed
		}
		if i < 600 {
			h.Checks = append(h.Checks, report.Check{ID: "os", Outcome: report.Expected, Findings: []report.Finding{{
				Reading: "build", Outcome: report.Expected, Now: fmt.Sprint(i), HasNow: true,
			}}})
		}
		s.Hosts = append(s.Hosts, h)
	}
	s.Hosts[7].Outcome, s.Hosts[7].Unreachable = report.Unknown, "i/o timeout"
	s.Hosts[9].Notes = []string{"a note", "a note"}
	for i := range 80 {
		s.Hosts[10+i].Notes = []string{"a note", fmt.Sprintf("a note of %d", i)}
	}
	static := read(t, summed(s).written(t, html.Options{})).static

	count := func(what string) int { return strings.Count(static, what) }
	got := map[string]int{
		"entries of the same":     count(`<span class="subject">service/A</span>`),
		"entries of their own":    count(`<span class="subject">service/B</span>`),
		"the same, named":         count("srv1949, 50 more</details>"),
		"the group's rest":        count("\n<p>… 101 more</p>"),
		"its title":               count("✗ REGRESSION (750 checks)"),
		"what the plan wants":     count(`<span class="subject">os</span>`),
		"and the rest of it":      count("\n<p>… 550 more</p>"),
		"rows of hosts":           count("<tr><td>srv"),
		"rows that are broken":    count(`<td class="bad">REGRESSION</td>`),
		"rows that do not answer": count(`<td class="warn">UNREACHABLE</td>`),
		"hosts without a row":     count("<p>… 1600 more hosts, none of them worse</p>"),
		"notes":                   count("<li>a note of "),
		"the same note":           count("<li>a note</li>"),
		"notes that are counted":  count("<li>31 more notes of hosts</li>"),
	}
	want := map[string]int{
		"what the plan wants": 50, "and the rest of it": 1,
		"entries of the same": 1, "entries of their own": 499, "the same, named": 1, "the group's rest": 1, "its title": 1,
		"rows of hosts": 1000, "rows that are broken": 750, "rows that do not answer": 1, "hosts without a row": 1,
		"notes": 49, "the same note": 1, "notes that are counted": 1,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if first := strings.Index(static, "srv0007</td>"); first < strings.LastIndex(static, ">REGRESSION</td>") {
		t.Error("a host that does not answer stands before one that is broken")
	}
}

// What passed with a remark, and what was only skipped, is nothing to tell in a summary.
func TestAQuietNightIsTold(t *testing.T) {
	s := stream{Hosts: []report.Host{{Host: "srv01", Outcome: report.Passed, Checks: []report.Check{
		{ID: "ping", Outcome: report.Passed}, {ID: "tcp", Outcome: report.Passed, Mark: "new"}, {ID: "x", Outcome: report.Skipped},
	}}}}
	s.Summary.Verdict, s.Summary.Reason = "PASS", "nothing regressed"
	static := read(t, summed(s).written(t, html.Options{})).static
	if !strings.Contains(static, `<strong class="verdict">PASS</strong>`) || strings.Contains(static, "<h2 class=") {
		t.Errorf("got\n%s", static)
	}
}

package text_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"postpatch/runner/report"
	"postpatch/runner/report/text"
)

// byOwner is the report of so many owners, of whom the last one's check has regressed and
// every second one's is unknown.
func byOwner(t *testing.T, owners int, o text.Options) string {
	t.Helper()
	var b bytes.Buffer
	o.ByOwner, o.ASCII = true, true
	view := text.New(&b, o)
	run := report.Run{Command: "verify", Hosts: 1, Checks: owners, Baseline: &report.Baseline{}}
	if err := view.Start(run); err != nil {
		t.Fatal(err)
	}
	h := report.Host{Host: "a", Counts: map[report.Outcome]int{}}
	s := report.Summary{Verdict: "FAIL", ExitCode: 1}
	for i := range owners {
		c := report.Check{
			ID: fmt.Sprintf("check-%04d", i), Kind: "os", Line: 1, Outcome: report.Passed,
			Owner: fmt.Sprintf("team-%04d\x1b[2J", i),
		}
		one := report.OwnerSummary{Owner: c.Owner, Hosts: 1, Checks: 1, Verdict: "PASS"}
		switch {
		case i == owners-1:
			c.Outcome, c.Failing = report.Regressed, true
			one.Verdict, one.ExitCode, one.Failing = "FAIL", 1, 1
		case i%2 == 1:
			c.Outcome, c.Error = report.Unknown, "no answer"
			one.Verdict, one.ExitCode, one.Unknown = "INCOMPLETE", 3, 1
		}
		h.Checks = append(h.Checks, c)
		h.Counts[c.Outcome]++
		s.Owners = append(s.Owners, one)
	}
	// The worst first, as a summary has them.
	for i, j := 0, len(s.Owners)-1; i < j; i, j = i+1, j-1 {
		s.Owners[i], s.Owners[j] = s.Owners[j], s.Owners[i]
	}
	if err := view.Host(h); err != nil {
		t.Fatal(err)
	}
	if err := view.Finish(s); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestASectionForEachOwner(t *testing.T) {
	got := byOwner(t, 4, text.Options{})
	for _, want := range []string{
		"nothing to tell of the checks of team-0000<ESC>[2J, team-0002<ESC>[2J\n",
		"OWNER  team-0001<ESC>[2J   INCOMPLETE",
		"OWNER  team-0003<ESC>[2J   FAIL",
		"team-0003<ESC>[2J  FAIL            1       1        1        0\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in:\n%s", want, got)
		}
	}
	if strings.Index(got, "OWNER  team-0001") > strings.Index(got, "OWNER  team-0003") {
		t.Errorf("the worst is not nearest the end:\n%s", got)
	}
}

// Of thousands of owners the worst are told, and the others counted.
func TestThousandsOfOwnersFitTheReport(t *testing.T) {
	got := byOwner(t, 3000, text.Options{})
	if n := strings.Count(got, "\n"); n > 200 {
		t.Errorf("the report has %d lines", n)
	}
	for _, want := range []string{
		"OWNER  team-2999", "1480 owners not told of here, none of them worse", "2980 owners not listed, none of them worse",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in:\n%.3000s", want, got)
		}
	}
	if all := byOwner(t, 3000, text.Options{Verbosity: text.Raw}); !strings.Contains(all, "OWNER  team-0001") {
		t.Error("-vv leaves owners out")
	}
}

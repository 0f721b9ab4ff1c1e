package history_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/runner/report"
	"postpatch/runner/report/history"
)

// glance is one look at a host by a run.
type glance struct {
	pass, part string
	settled    time.Duration
	waited     bool
	checks     map[string]report.Outcome
	dark       bool
}

// TestLooks says what a window makes of several looks at one host.
func TestLooks(t *testing.T) {
	type outcomes = map[string]report.Outcome
	w3svc := func(o report.Outcome) outcomes { return outcomes{"service/W3SVC": o} }
	const passed, regressed, unknown = report.Passed, report.Regressed, report.Unknown
	for _, c := range []struct {
		name, why string
		looks     []glance
		want      string // the verdict, the grid's sign of the first check, and the time to settle
	}{
		{"one", "as it is", []glance{{checks: w3svc(regressed)}}, "FAIL broke 0s"},
		{
			"mended", "the last look counts, and that it broke is not forgotten",
			[]glance{{checks: w3svc(regressed)}, {checks: w3svc(passed)}},
			"PASS mended 0s",
		},
		{
			"broken late", "so it is the other way round",
			[]glance{{checks: w3svc(passed)}, {pass: "late", checks: w3svc(regressed)}},
			"FAIL broke 0s",
		},
		{
			"early", "what was not up yet is not broken",
			[]glance{{pass: "early", checks: w3svc(regressed)}, {pass: "settled", checks: w3svc(passed)}},
			"PASS well 0s",
		},
		{"early alone", "nobody has looked later", []glance{{pass: "early", checks: w3svc(regressed)}}, "FAIL broke 0s"},
		{
			"early and dark", "what is unknown at last is not what the early pass saw",
			[]glance{{pass: "early", checks: w3svc(passed)}, {checks: w3svc(unknown), dark: true}},
			"INCOMPLETE unknown 0s",
		},
		{
			"dark", "nobody has seen it mended",
			[]glance{{checks: w3svc(regressed)}, {checks: w3svc(unknown), dark: true}},
			"FAIL broke 0s",
		},
		{"dark and back", "it has been seen", []glance{
			{checks: w3svc(regressed)}, {checks: w3svc(unknown), dark: true}, {checks: w3svc(passed)},
		}, "PASS mended 0s"},
		{
			"a part", "a part that is well says nothing of the rest",
			[]glance{{checks: w3svc(regressed)}, {part: "--only ping", checks: outcomes{"ping": passed}}},
			"FAIL broke 0s",
		},
		{
			"a part is worse", "a part that is not well says enough",
			[]glance{{checks: w3svc(passed)}, {part: "--only ping", checks: outcomes{"ping": regressed}}},
			"FAIL well 0s",
		},
		{"settled twice", "the first time that it was waited for", []glance{
			{pass: "settled", settled: 3 * time.Minute, waited: true, checks: w3svc(passed)},
			{pass: "settled", settled: 3 * time.Hour, waited: true, checks: w3svc(passed)},
		}, "PASS well 3m0s"},
		{"never settled", "what a later run finds well hours after is no time to settle", []glance{
			{pass: "settled", waited: true, checks: w3svc(regressed)},
			{pass: "settled", settled: 3 * time.Hour, waited: true, checks: w3svc(passed)},
		}, "PASS mended 0s"},
		{
			"well at once", "when the run began to look says nothing of the host",
			[]glance{{pass: "settled", settled: time.Hour, checks: w3svc(passed)}},
			"PASS well 0s",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := told(t, history.Options{}, glanced(t, c.looks))
			if len(h.Windows) != 1 {
				t.Fatalf("%d windows", len(h.Windows))
			}
			w := h.Windows[0]
			sign := history.SignWell
			for _, row := range h.Broke {
				if row.Check == "service/W3SVC" {
					sign = row.Cells[0].Sign
				}
			}
			if w.Counts[unknown] > 0 {
				sign = history.SignUnknown
			}
			got := fmt.Sprintf("%s %s %s", w.Verdict, sign, w.MedianSettle)
			if got != c.want {
				t.Errorf("%s: got %s, want %s", c.why, got, c.want)
			}
		})
	}
}

func glanced(t *testing.T, looks []glance) []recorded {
	t.Helper()
	var runs []recorded
	for i, l := range looks {
		r := history.Run{
			Name: fmt.Sprintf("look%d", i), Plan: "p", Baseline: "b", Pass: l.pass, Part: l.part, Suites: []string{"shop"},
			Started: time.Date(2026, 11, 14, i, 0, 0, 0, time.UTC), Hosts: []string{"web01"},
		}
		h := host("web01", l.settled)
		for id, o := range l.checks {
			c := is(id, o)
			if l.waited {
				c.Settled = []report.Settled{{Reading: "state", After: l.settled, Was: "stopped"}}
			}
			h.Checks = append(h.Checks, c)
		}
		if l.dark {
			h.Unreachable = "no route to host"
		}
		runs = append(runs, record(t, tape{r, []report.Host{h}, time.Minute}))
	}
	return runs
}

// A check of two suites is one on a host, the worse of them; whose it is, the latest says.
func TestOneIDInTwoSuites(t *testing.T) {
	both := func(o report.Outcome, owner string) []report.Check {
		web, sql := is("disk/C:", report.Passed), is("disk/C:", o)
		web.Suite, web.Owner = "web", "web@example.org"
		sql.Owner = owner
		return []report.Check{web, sql}
	}
	runs := monthly(t, both(report.Regressed, "zoe@example.org"), both(report.Passed, "dba@example.org"))
	want := []history.Broke{{
		Check: "disk/C:", Suites: []string{"shop", "web"}, Owners: []string{"dba@example.org", "web@example.org"},
		Windows: 1, Asked: 2, HostsAll: 1, Hosts: []string{"web01"},
		Cells: []history.Cell{{Sign: history.SignBroke, Broke: 1, Asked: 1}, {Sign: history.SignWell, Asked: 1}},
	}}
	for _, order := range [][]recorded{runs, {runs[1], runs[0]}} {
		if diff := cmp.Diff(want, told(t, history.Options{}, order).Broke); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

func TestARunIsToldOnce(t *testing.T) {
	r := year(t)[0]
	c := history.New(history.Options{})
	tell := func(h report.Handler) error { return (tape{of: r.run}).play(h) }
	if err := c.Take(r.run, tell); err != nil {
		t.Fatal(err)
	}
	err := c.Take(r.run, func(report.Handler) error { return errors.New("told again") })
	if err != nil || c.Taken() != 1 {
		t.Errorf("error %v, %d runs", err, c.Taken())
	}
}

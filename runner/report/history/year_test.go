package history_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"postpatch/runner/report"
	"postpatch/runner/report/history"
	"postpatch/runner/report/jsonl"
)

// recorded is a stored run: what the store says of it, and its lines.
type recorded struct {
	run   history.Run
	lines []byte
}

// tape is a run while it is made.
type tape struct {
	of    history.Run
	hosts []report.Host
	took  time.Duration
}

// record writes a run as the store has it.
func record(tb testing.TB, t tape) recorded {
	tb.Helper()
	var b bytes.Buffer
	if err := t.play(jsonl.New(&b)); err != nil {
		tb.Fatal(err)
	}
	return recorded{t.of, b.Bytes()}
}

func (t tape) play(to report.Handler) error {
	run := report.Run{
		Command: "verify", Tool: "postpatch 0.1.0", Name: t.of.Name, Started: t.of.Started, Suites: t.of.Suites,
		Plan: t.of.Plan, Part: t.of.Part, Hosts: len(t.hosts), Baseline: &report.Baseline{Name: t.of.Baseline},
	}
	sum := report.Summary{Finished: t.of.Started.Add(t.took), Took: t.took, Counts: map[report.Outcome]int{}}
	failing, another, blind := false, false, false
	if err := to.Start(run); err != nil {
		return err
	}
	for _, h := range t.hosts {
		another, blind = another || h.Problem != "", blind || h.Unreachable != ""
		for _, c := range h.Checks {
			sum.Counts[c.Outcome]++
			failing, blind = failing || c.Failing, blind || c.Outcome == report.Unknown
		}
		if err := to.Host(h); err != nil {
			return err
		}
	}
	switch {
	case failing:
		sum.Verdict, sum.Reason, sum.ExitCode = "FAIL", "something regressed", 1
	case another:
		sum.Verdict, sum.Reason, sum.ExitCode = "NO VERDICT", "another machine answered", 2
	case blind:
		sum.Verdict, sum.Reason, sum.ExitCode = "INCOMPLETE", "something unknown", 3
	default:
		sum.Verdict, sum.Reason = "PASS", "nothing regressed, nothing unmet"
	}
	return to.Finish(sum)
}

// is makes a check of an outcome.
func is(id string, o report.Outcome) report.Check {
	return report.Check{
		ID: id, Suite: "shop", Kind: "service", Outcome: o, Owner: "web@example.org", File: "shop.suite.yaml", Line: 3,
		Failing: o == report.Regressed || o == report.Failed || o == report.Unmet,
	}
}

// late makes a check that came up late, or became ill again on the way.
func late(id string, after time.Duration, was string) report.Check {
	c := is(id, report.Passed)
	c.Settled = []report.Settled{{Item: id, Reading: "state", After: after, Was: was}}
	return c
}

// host makes a host, well after so long.
func host(name string, settled time.Duration, checks ...report.Check) report.Host {
	boot := time.Date(2026, 1, 1, 2, 0, 0, 0, time.UTC)
	h := report.Host{
		Host: name, Settled: settled, Rebooted: &boot, RebootKnown: true, Checks: checks, Outcome: report.Passed,
		Counts: map[report.Outcome]int{},
	}
	for _, c := range checks {
		h.Counts[c.Outcome]++
		if report.Worse(c.Outcome, h.Outcome) {
			h.Outcome = c.Outcome
		}
	}
	return h
}

// night is a window of the year in which web01, web02 and sql01 are patched.
type night struct {
	w3svc, spooler, kb, sql report.Outcome
	sqlAfter, webAfter      time.Duration
	was                     string // what the agent of sql01 was while it was waited for
	dark                    bool   // web02 does not answer
}

func (n night) hosts() []report.Host {
	web02 := host("web02", n.webAfter, late("service/Agent", n.webAfter, "stopped"), is("service/W3SVC", report.Passed),
		is("service/Spooler", n.spooler), is("update/KB5031364", n.kb))
	if n.dark {
		web02 = host("web02", 0, is("service/Agent", report.Unknown), is("service/W3SVC", report.Unknown),
			is("service/Spooler", report.Unknown), is("update/KB5031364", report.Unknown))
		web02.Unreachable, web02.Rebooted = "no route to host", nil
	}
	return []report.Host{
		host("web01", n.webAfter, late("service/Agent", n.webAfter, "stopped"), is("service/W3SVC", n.w3svc),
			is("service/Spooler", n.spooler), is("update/KB5031364", n.kb)),
		web02,
		host("sql01", n.sqlAfter, late("sql/orders", n.sqlAfter, n.was), is("service/MSSQLSERVER", n.sql),
			is("update/KB5031364", report.Expected)),
	}
}

// year is a dozen windows, some of several runs.
func year(tb testing.TB) []recorded {
	const well, broken, before = report.Passed, report.Regressed, report.PreExisting
	m := time.Minute
	nights := []night{
		{well, before, report.Expected, well, 4 * m, 2 * m, "starting", false},
		{broken, before, report.Expected, well, 4 * m, 2 * m, "starting", false},
		{before, before, report.Expected, well, 5 * m, 2 * m, "starting", false},
		{report.Fixed, before, report.Expected, well, 5 * m, 2*m + 9*time.Second, "starting, well, stopped", false},
		{well, before, report.Unmet, well, 6 * m, 2 * m, "starting", false},
		{broken, before, report.Expected, well, 7 * m, 2 * m, "starting", false},
		{before, report.Waived, report.Expected, well, 8 * m, 2 * m, "starting", true},
		{report.Fixed, report.Waived, report.Expected, report.Drifted, 9 * m, 3 * m, "starting, well, stopped", false},
		{well, well, report.Expected, well, 11 * m, 2 * m, "starting", false},
		{broken, well, report.Expected, well, 12 * m, 2 * m, "starting", false},
	}
	var all []recorded
	for i, n := range nights {
		at := time.Date(2026, time.Month(i+1), 14, 22, 0, 0, 0, time.UTC)
		month := at.Format("2006-01")
		all = append(all, record(tb, tape{history.Run{
			Name: month + "-verify", Plan: "patch-" + month, Baseline: month + "-before", Pass: "settled", Started: at,
			Suites: []string{"shop"}, Hosts: []string{"web01", "web02", "sql01"},
		}, n.hosts(), 12 * m}))
	}
	return append(append(all, november(tb)...), december(tb)...)
}

// november is a window of two waves, of which the first had an early pass, and was looked
// at once more after it was mended.
func november(tb testing.TB) []recorded {
	at := time.Date(2026, 11, 14, 22, 0, 0, 0, time.UTC)
	run := func(name, wave, pass string, after time.Duration, hosts ...report.Host) recorded {
		r := history.Run{
			Name: name, Plan: "november", Wave: wave, Pass: pass, Baseline: "2026-11-before", Started: at.Add(after),
			Suites: []string{"shop"},
		}
		for _, h := range hosts {
			r.Hosts = append(r.Hosts, h.Host)
		}
		return record(tb, tape{r, hosts, 8 * time.Minute})
	}
	m := time.Minute
	return []recorded{
		run("nov-pilot-early", "pilot", "early", 0,
			host("web02", 0, is("service/Agent", report.Regressed), is("service/W3SVC", report.Regressed))),
		run("nov-pilot", "pilot", "settled", 20*m, host("web02", 3*m, late("service/Agent", 3*m, "stopped"),
			is("service/W3SVC", report.Passed), is("service/Spooler", report.Regressed))),
		run("nov-pilot-again", "pilot", "settled", 50*m, host("web02", 45*m, is("service/Agent", report.Passed),
			is("service/W3SVC", report.Passed), is("service/Spooler", report.Passed))),
		run("nov-rest", "rest", "settled", 24*time.Hour,
			host("web01", 2*m, is("service/Agent", report.Passed), is("service/W3SVC", report.Passed)),
			host("sql01", 14*m, late("sql/orders", 14*m, "starting"), is("service/MSSQLSERVER", report.Passed))),
	}
}

// december is what one owner verified of a part.
func december(tb testing.TB) []recorded {
	r := history.Run{
		Name: "dec-dba", Baseline: "2026-12-before", Pass: "early", Part: "--owner dba",
		Started: time.Date(2026, 12, 9, 23, 0, 0, 0, time.UTC), Suites: []string{"shop"}, Hosts: []string{"sql01"},
	}
	return []recorded{record(tb, tape{r, []report.Host{host("sql01", 0, is("service/MSSQLSERVER", report.Passed),
		is("sql/orders", report.Unknown))}, time.Minute})}
}

// told is the history of runs.
func told(tb testing.TB, o history.Options, runs []recorded) history.History {
	tb.Helper()
	c := history.New(o)
	var all []history.Run
	for _, r := range runs {
		all = append(all, r.run)
		err := c.Take(r.run, func(h report.Handler) error { return jsonl.Replay(bytes.NewReader(r.lines), h) })
		if err != nil {
			tb.Fatal(fmt.Errorf("run %s: %w", r.run.Name, err))
		}
	}
	return c.History(history.GroupRuns(all))
}

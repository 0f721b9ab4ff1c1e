package history_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/runner/report"
	"postpatch/runner/report/history"
)

// monthly are windows of one host and one check, one a month.
func monthly(tb testing.TB, checks ...[]report.Check) []recorded {
	tb.Helper()
	var all []recorded
	for i, c := range checks {
		name := fmt.Sprintf("m%02d", i+1)
		r := history.Run{
			Name: name, Plan: name, Baseline: name + "-before", Pass: "settled", Suites: []string{"shop"},
			Started: time.Date(2026, time.Month(i+1), 10, 22, 0, 0, 0, time.UTC), Hosts: []string{"web01"},
		}
		all = append(all, record(tb, tape{r, []report.Host{host("web01", 0, c...)}, time.Minute}))
	}
	return all
}

func TestReturns(t *testing.T) {
	for _, c := range []struct {
		name, why string
		months    []report.Outcome
		want      int
	}{
		{"never ill", "nothing to tell", []report.Outcome{report.Passed, report.Passed}, 0},
		{"ill once", "broken, and mended", []report.Outcome{report.Passed, report.Regressed, report.Passed}, 0},
		{
			"ill for long", "it was never well in between",
			[]report.Outcome{report.Regressed, report.PreExisting, report.PreExisting, report.Fixed},
			0,
		},
		{"twice", "well in between", []report.Outcome{report.Regressed, report.Passed, report.Regressed}, 1},
		{
			"twice in a row", "what regressed was well before: somebody mended it",
			[]report.Outcome{report.Regressed, report.Regressed, report.Regressed},
			2,
		},
		{"not known in between", "nobody has seen it well", []report.Outcome{report.Failed, report.Unknown, report.Failed}, 0},
		{"a change is no illness", "it holds", []report.Outcome{report.Drifted, report.Passed, report.Drifted}, 0},
		{
			"fixed was ill", "before the window",
			[]report.Outcome{report.Regressed, report.Passed, report.Fixed},
			1,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			var months [][]report.Check
			for _, o := range c.months {
				months = append(months, []report.Check{is("service/W3SVC", o)})
			}
			got := 0
			for _, f := range told(t, history.Options{}, monthly(t, months...)).Flapping {
				got += f.Returns
			}
			if got != c.want {
				t.Errorf("%s: %d returns, want %d", c.why, got, c.want)
			}
		})
	}
}

func TestSlowHosts(t *testing.T) {
	month := func(i int, times map[string]time.Duration) recorded {
		name := fmt.Sprintf("m%02d", i)
		r := history.Run{
			Name: name, Plan: name, Baseline: name, Pass: "settled", Suites: []string{"shop"},
			Started: time.Date(2026, time.Month(i), 10, 22, 0, 0, 0, time.UTC),
		}
		var hosts []report.Host
		for _, host1 := range []string{"a", "b", "c", "growing", "slow"} {
			after, waited := times[host1]
			c := is("service/Agent", report.Passed)
			if waited {
				c = late("service/Agent", after, "stopped")
			}
			hosts = append(hosts, host(host1, max(after, time.Hour), c)) // well at the first look, an hour later
			hosts[len(hosts)-1].Settled = max(after, map[bool]time.Duration{true: 0, false: time.Hour}[waited])
		}
		return record(t, tape{r, hosts, time.Minute})
	}
	var runs []recorded
	for i := 1; i <= 6; i++ {
		m := time.Minute
		runs = append(runs, month(i, map[string]time.Duration{
			"a": 2 * m, "b": 2*m + 5*time.Second, "slow": 9 * m, "growing": time.Duration(50+i*20) * time.Second,
		}))
	}
	s := told(t, history.Options{}, runs).Settling
	var got []string
	for _, h := range s.Slow {
		got = append(got, fmt.Sprintf("%s %s %s in %d, %.1f times, %s",
			h.Host, h.Median, h.Worst, h.WorstIn, h.Fleet, h.Trend))
	}
	want := []string{"slow 9m0s 9m0s in 6, 4.3 times, steady", "growing 1m50s 2m50s in 6, 0.9 times, slower"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if s.Times != 24 || s.Median != 2*time.Minute+5*time.Second {
		t.Errorf("%d times, median %s: a host that was well at the first look has none", s.Times, s.Median)
	}
}

// hostile is text that a host or a suite may hold.
func hostile() []string {
	return []string{
		"\x1b[2J\x1b]0;gone\x07", "\u202eevil\u2066", "a\nHISTORY  1 window   1 PASS", "a\r\tb\x00", "]]></script><script>",
		"##vso[task.complete result=Succeeded]", "::error ::x", "\xff\xfe", strings.Repeat("x", 1<<20), "日本語のサーバー",
	}
}

// Nothing that a host has said steers the terminal or takes a line of its own.
func TestHostileTexts(t *testing.T) {
	var months [][]report.Check
	for range 3 {
		var checks []report.Check
		for _, text := range hostile() {
			c := is(text, report.Regressed)
			c.Suite, c.Owner = text, text
			c.Settled = []report.Settled{{Item: text, Was: text, After: 1 << 62}}
			checks = append(checks, c)
		}
		months = append(months, checks)
	}
	runs := monthly(t, months...)
	for i := range runs {
		runs[i].run.Wave, runs[i].run.Baseline = hostile()[0], hostile()[8]
	}
	h := told(t, history.Options{Store: hostile()[1], Choice: []string{"--host x"}}, runs)
	for _, look := range []history.Look{{Width: 80}, {Width: 120, ASCII: true, Verbose: true}} {
		checkText(t, h, look)
	}
	if len(h.Broke) != len(hostile()) {
		t.Errorf("%d checks, want %d: none passes for another", len(h.Broke), len(hostile()))
	}
}

func checkText(t *testing.T, h history.History, look history.Look) {
	t.Helper()
	var b strings.Builder
	if err := h.Text(&b, look); err != nil {
		t.Fatal(err)
	}
	checkSafe(t, b.String())
	verdicts := 0
	for line := range strings.Lines(b.String()) {
		line = strings.TrimSuffix(line, "\n")
		if n := report.Columns(line); n > look.Width {
			t.Errorf("a line of %d columns in %d: %q", n, look.Width, line)
		}
		if strings.HasPrefix(line, "HISTORY") {
			verdicts++
		}
	}
	if verdicts != 1 {
		t.Errorf("%d lines look like the last one", verdicts)
	}
}

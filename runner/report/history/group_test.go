package history_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/runner/report/history"
)

func TestGroupRuns(t *testing.T) {
	start := time.Date(2026, 1, 10, 22, 0, 0, 0, time.UTC)
	run := func(name, plan, baseline string, days int, hosts ...string) history.Run {
		return history.Run{
			Name: name, Plan: plan, Baseline: baseline, Started: start.AddDate(0, 0, days), Hosts: hosts,
			Suites: []string{"shop"},
		}
	}
	for _, c := range []struct {
		name, why string
		runs      []history.Run
		want      [][]string
	}{
		{"nothing", "no run, no window", nil, [][]string{}},
		{
			"passes", "a day later is the same window",
			[]history.Run{run("late", "p", "b", 1, "a"), run("early", "p", "b", 0, "a"), run("settled", "p", "b", 0, "a")},
			[][]string{{"early", "settled", "late"}},
		},
		{
			"waves", "other hosts, captured on their own, are of the same window",
			[]history.Run{run("pilot", "p", "b1", 0, "a"), run("ring1", "p", "b2", 7, "b"), run("ring2", "p", "b3", 21, "c")},
			[][]string{{"pilot", "ring1", "ring2"}},
		},
		{
			"the next month", "a plan that keeps its name has another window a month later",
			[]history.Run{run("jan", "p", "b1", 0, "a"), run("feb", "p", "b2", 28, "a")},
			[][]string{{"jan"}, {"feb"}},
		},
		{
			"the next week", "a host that was captured again has another window",
			[]history.Run{run("w1", "p", "b1", 0, "a"), run("w2", "p", "b2", 7, "A"), run("w1-again", "p", "b1", 8, "a")},
			[][]string{{"w1", "w1-again"}, {"w2"}},
		},
		{
			"the month after against an old baseline", "time tells them apart, too",
			[]history.Run{run("jan", "", "b", 0, "a"), run("feb", "", "b", 30, "a")},
			[][]string{{"jan"}, {"feb"}},
		},
		{
			"plans", "two plans are two windows",
			[]history.Run{run("web", "w", "b", 0, "a"), run("sql", "s", "b", 0, "b")},
			[][]string{{"sql"}, {"web"}},
		},
		{
			"other suites", "of one night, without a plan",
			[]history.Run{run("web", "", "b1", 0, "a"), {
				Name: "sql", Baseline: "b2", Started: start, Hosts: []string{"a"}, Suites: []string{"sql"},
			}},
			[][]string{{"sql", "web"}},
		},
		{
			"twice", "it is there once",
			[]history.Run{run("web", "", "b", 0, "a"), run("web", "", "b", 0, "a")},
			[][]string{{"web"}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := [][]string{}
			for _, g := range history.GroupRuns(c.runs) {
				var names []string
				for _, r := range g {
					names = append(names, r.Name)
				}
				got = append(got, names)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.why, diff)
			}
		})
	}
}

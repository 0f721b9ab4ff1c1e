// Package runnertest lets a kind's tests see what its readings come to: the
// readings before a patch and those after it, judged as a run judges them.
package runnertest

import (
	"strings"
	"testing"

	"postpatch/baseline"
	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/probetest"
	"postpatch/runner"
	"postpatch/runner/report"
	"postpatch/suites"
)

// Seen is what a probe returned.
type Seen struct {
	Readings []fact.Reading
	Err      error
}

// Told judges one check against its baseline: what was seen before and after. The check is an entry of a suite's
// checks: "- disk: {}". It returns the outcome, with " failing" when the check
// alone fails the run, and a line for each finding that is more than a note:
// "C: free_percent: regressed 20 -> 3".
func Told(t testing.TB, kind probes.Kind, check string, seen [2]Seen) []string {
	t.Helper()
	text := "suite: s\nhosts: [srv01]\nchecks:\n  " + strings.ReplaceAll(strings.TrimSpace(check), "\n", "\n  ") + "\n"
	set, problems := suites.LoadBytes("s.suite.yaml", []byte(text), []probes.Kind{kind})
	if len(problems) > 0 {
		t.Fatal(suites.Format(problems, nil))
	}
	for _, s := range seen {
		for _, problem := range probetest.Unknown(kind, s.Readings) {
			t.Error(problem)
		}
	}
	h := set.Hosts[0]
	was := seen[0].host(h)
	c := runner.Judge(runner.Visit{Host: h, Seen: seen[1].host(h)}, &was, nil).Checks[0]
	lines := []string{string(c.Outcome)}
	if c.Failing {
		lines[0] += " failing"
	}
	for _, f := range c.Findings {
		if f.Outcome == report.Drifted && f.Severity == fact.Note.String() {
			continue
		}
		place := strings.TrimSpace(f.Item + " " + f.Reading)
		lines = append(lines, place+": "+string(f.Outcome)+" "+f.Before+" -> "+f.Now)
	}
	return lines
}

// host is what the run would have stored.
func (s Seen) host(h suites.Host) baseline.Host {
	check := h.Checks[0]
	seen := baseline.Host{Host: h.Name, Checks: []baseline.Check{{Check: check.Key(), Kind: check.Kind.Name}}}
	if s.Err != nil {
		seen.Checks[0].Error = s.Err.Error()
	}
	for _, reading := range s.Readings {
		reading.Key.Host, reading.Key.Check = h.Name, check.Key()
		seen.Readings = append(seen.Readings, reading)
	}
	seen.Sort()
	return seen
}

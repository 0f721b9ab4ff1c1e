package html_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"postpatch/runner/report"
	"postpatch/runner/report/html"
)

// fleet is a night of very many hosts: each has checks that passed, the plan's changes
// with what rules hide, every fiftieth one that broke and every hundredth does not answer.
// What of says is distinct in all of them is as bad for the size as it gets.
type fleet struct {
	hosts, checks int
	distinct      bool
}

func (f fleet) run() report.Run {
	return report.Run{
		Command: "verify", Tool: "postpatch 0.1.0", Name: "wave1", Started: at(0), Suites: []string{"web"},
		Hosts: f.hosts, Checks: f.hosts * f.checks, Baseline: &report.Baseline{Name: "before", Taken: at(-3600)},
	}
}

func (f fleet) host(i int) report.Host {
	booted := at(i % 900)
	h := report.Host{
		Host: fmt.Sprintf("srv%06d.corp.example.org", i), Started: at(i % 60), Took: time.Duration(i%90) * time.Second,
		Outcome: report.Expected, Counts: map[report.Outcome]int{}, Rebooted: &booted, RebootKnown: true,
		Reboot: report.Reboot{State: report.Rebooted, Times: 1, Words: "rebooted: planned, by the update service"},
	}
	h.Checks = make([]report.Check, f.checks)
	for k := range h.Checks {
		c := report.Check{
			ID: fmt.Sprintf("service/App%03d", k), Suite: "web", Kind: "service", Outcome: report.Passed,
			Owner: fmt.Sprintf("team%d@example.org", k%7), File: "suites/web.suite.yaml", Line: 10 + k,
			Why: "the shop needs it", Took: time.Duration(mixed(i, k)%240) * time.Millisecond,
		}
		switch {
		case i%100 == 99:
			c.Outcome, c.Error = report.Unknown, "the host is unreachable: i/o timeout"
			h.Unreachable = "dialling: i/o timeout"
		case k == 0:
			c.Outcome = report.Expected
			c.Findings = []report.Finding{f.changed(i, k, report.Expected, "build", "20348.3207", "20348.3328")}
			c.Hidden = []report.Hidden{{
				Reading: "boot_time", Before: at(-i).String(), Now: booted.String(), HasBefore: true, HasNow: true,
				Rule: "ignore", By: "kind",
			}}
		case k == 1 && i%50 == 0:
			c.Outcome, c.Failing = report.Regressed, true
			c.Findings = []report.Finding{f.changed(i, k, report.Regressed, "state", "running", "stopped")}
			c.Evidence = []report.Evidence{{Reading: "exit_code", Value: "1067, the process ended unexpectedly"}}
		case f.distinct:
			c.Outcome = report.Drifted
			c.Findings = []report.Finding{f.changed(i, k, report.Drifted, "path", `C:\V\1`, `C:\V\2`)}
		}
		h.Counts[c.Outcome]++
		if report.Worse(c.Outcome, h.Outcome) {
			h.Outcome = c.Outcome
		}
		h.Checks[k] = c
	}
	return h
}

func (f fleet) changed(i, k int, o report.Outcome, reading, before, now string) report.Finding {
	if f.distinct {
		before += fmt.Sprintf(`\%x`, mixed(i, k))
		now += fmt.Sprintf(`\%x`, mixed(k, i))
	}
	return report.Finding{
		Reading: reading, Outcome: o, Before: before, Now: now, HasBefore: true, HasNow: true, Wanted: "same",
		Severity: "warn",
	}
}

// mixed is a number that no packer foresees.
func mixed(i, k int) uint32 {
	n := uint32(i*104729+k) * 2654435761
	n ^= n >> 15
	n *= 2246822519
	return n ^ n>>13
}

func at(second int) time.Time {
	return time.Date(2026, 3, 15, 2, 52, 0, 0, time.UTC).Add(time.Duration(second) * time.Second)
}

// play tells the fleet to a view, host by host, and returns the largest heap that it saw.
func (f fleet) play(b testing.TB, h report.Handler) (heap uint64) {
	b.Helper()
	counts := map[report.Outcome]int{}
	if err := h.Start(f.run()); err != nil {
		b.Fatal(err)
	}
	measure := func() {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		heap = max(heap, m.HeapAlloc)
	}
	for i := range f.hosts {
		host := f.host(i)
		if err := h.Host(host); err != nil {
			b.Fatal(err)
		}
		for o, n := range host.Counts {
			counts[o] += n
		}
		if i%200 == 0 {
			measure()
		}
	}
	measure()
	err := h.Finish(report.Summary{
		Finished: at(900), Took: 15 * time.Minute, Counts: counts, Verdict: "FAIL", Reason: "some regressed", ExitCode: 1,
	})
	if err != nil {
		b.Fatal(err)
	}
	measure()
	return heap
}

type size struct{ n int64 }

func (s *size) Write(p []byte) (int, error) {
	s.n += int64(len(p))
	return len(p), nil
}

func BenchmarkReport(b *testing.B) {
	for name, f := range map[string]fleet{
		"500k":          {10_000, 50, false},
		"500k-distinct": {10_000, 50, true},
		"5M-folded":     {100_000, 50, false},
		"none":          {10_000, 50, false},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				var out size
				view := html.New(&out, html.Options{})
				if name == "none" { // what the stream itself takes
					view = nothing{}
				}
				runtime.GC()
				heap := f.play(b, view)
				b.ReportMetric(float64(out.n)/1e6, "MB-of-file")
				b.ReportMetric(float64(heap)/1e6, "MB-of-heap")
			}
		})
	}
}

type nothing struct{}

func (nothing) Start(report.Run) error      { return nil }
func (nothing) Host(report.Host) error      { return nil }
func (nothing) Finish(report.Summary) error { return nil }

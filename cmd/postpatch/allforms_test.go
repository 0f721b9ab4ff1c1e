//go:build unix

package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"postpatch/runner/report"
	"postpatch/runner/report/jsonl"
)

// BenchmarkAllForms has the results of ten thousand hosts with thirty checks each made into
// every form at once, out of a file, by a process of its own: its time with the start, its
// processor time and its peak memory.
func BenchmarkAllForms(b *testing.B) {
	b.Chdir(b.TempDir())
	writeLargeNight(b, "night.jsonl", 10_000, 30)
	args := []string{
		"report", "night.jsonl", "--html", "o.html", "--html-dir", "web", "--junit", "o.xml", "--json",
		"o.jsonl", "--markdown", "o.md", "--tap", "o.tap", "--prometheus", "o.prom", "--ci", "github",
	}
	var cpu time.Duration
	most := 0.0
	for b.Loop() {
		process := exec.CommandContext(b.Context(), "postpatch", args...)
		if out, err := process.CombinedOutput(); err != nil {
			b.Fatalf("%v: %s", err, out)
		}
		usage, ok := process.ProcessState.SysUsage().(*syscall.Rusage)
		if !ok {
			b.Fatal("no usage")
		}
		cpu += process.ProcessState.UserTime() + process.ProcessState.SystemTime()
		most = max(most, float64(usage.Maxrss*maxrssUnit())/(1<<20))
	}
	b.ReportMetric(cpu.Seconds()/float64(b.N), "cpu-s/op")
	b.ReportMetric(most, "peak-MiB")
	for _, file := range []string{"o.html", "o.xml", "o.jsonl", "o.md", "o.tap", "o.prom"} {
		info, err := os.Stat(file)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(info.Size())/1e6, "MB"+filepath.Ext(file))
	}
}

// writeLargeNight writes the results of a usual night: what the plan wants on every host, a
// host in fifty where something broke, and one in a hundred that does not answer.
func writeLargeNight(b *testing.B, path string, hosts, checks int) {
	b.Helper()
	file, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	w := bufio.NewWriter(file)
	began := time.Date(2026, 11, 10, 20, 0, 0, 0, time.UTC)
	to := jsonl.New(w)
	sum := report.Summary{
		Finished: began.Add(time.Hour), Took: time.Hour, Verdict: "FAIL", ExitCode: 1, Counts: map[report.Outcome]int{},
		Reason: fmt.Sprintf("%d checks regressed, %d hosts unreachable", hosts/50, hosts/100), Unseen: hosts / 100,
	}
	if err := to.Start(report.Run{
		Command: "verify", Tool: "postpatch " + version, Name: "night", Started: began, Suites: []string{"web"},
		Hosts: hosts, Checks: hosts * checks, Baseline: &report.Baseline{Name: "before", Taken: began.Add(-5 * time.Hour)},
	}); err != nil {
		b.Fatal(err)
	}
	for i := range hosts {
		h := largeHost(i, checks, began)
		for o, n := range h.Counts {
			sum.Counts[o] += n
		}
		if err := to.Host(h); err != nil {
			b.Fatal(err)
		}
	}
	if err := to.Finish(sum); err != nil {
		b.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	if err := file.Close(); err != nil {
		b.Fatal(err)
	}
}

func largeHost(i, checks int, began time.Time) report.Host {
	booted := began.Add(time.Duration(i%900) * time.Second)
	h := report.Host{
		Host: fmt.Sprintf("srv%06d.corp.example.org", i), Started: began, Took: time.Duration(i%90) * time.Second,
		Outcome: report.Expected, Counts: map[report.Outcome]int{}, Rebooted: &booted, RebootKnown: true,
		Reboot: report.Reboot{State: report.Rebooted, Times: 1, Words: "rebooted: planned, by the update service"},
	}
	for k := range checks {
		c := report.Check{
			ID: fmt.Sprintf("service/App%03d", k), Suite: "web", Kind: "service", Outcome: report.Passed,
			Owner: fmt.Sprintf("team%d@example.org", k%7), File: "suites/web.suite.yaml", Line: 10 + k,
			Why: "the shop needs it", Took: time.Duration((i*31+k*17)%240) * time.Millisecond,
		}
		finding := report.Finding{Reading: "build", Before: "20348.3207", Now: "20348.3328", HasBefore: true, HasNow: true}
		switch {
		case i%100 == 99:
			c.Outcome, c.Error = report.Unknown, "the host is unreachable: i/o timeout"
			h.Unreachable, h.Outcome = "dialling: i/o timeout", report.Unknown
		case k == 0:
			c.Outcome, finding.Outcome = report.Expected, report.Expected
			c.Findings = []report.Finding{finding}
		case k == 1 && i%50 == 0:
			c.Outcome, c.Failing, h.Outcome = report.Regressed, true, report.Regressed
			finding.Reading, finding.Before, finding.Now, finding.Outcome = "state", "running", "stopped", report.Regressed
			c.Findings = []report.Finding{finding}
			c.Evidence = []report.Evidence{{Reading: "exit_code", Value: "1067, the process ended unexpectedly"}}
		}
		h.Counts[c.Outcome]++
		h.Checks = append(h.Checks, c)
	}
	return h
}

package history_test

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"testing"
	"time"

	"postpatch/runner/report"
	"postpatch/runner/report/history"
	"postpatch/runner/report/jsonl"
)

// fleet is what a month's run of many hosts came to: 1 of 50 checks is not well.
func fleet(tb testing.TB, month, hosts, checks int) recorded {
	tb.Helper()
	odd := []report.Outcome{report.Regressed, report.PreExisting, report.Unknown, report.Drifted, report.Fixed}
	name := fmt.Sprintf("run-%02d", month)
	t := tape{history.Run{
		Name: name, Plan: name, Baseline: name + "-before", Pass: "settled", Suites: []string{"shop"},
		Started: time.Date(2025, time.Month(month), 10, 22, 0, 0, 0, time.UTC),
	}, nil, time.Hour}
	for n := range hosts {
		h := host(fmt.Sprintf("srv%05d.corp.example.org", n), 3*time.Minute+time.Duration(n)*time.Millisecond)
		for i := range checks {
			id := fmt.Sprintf("service/Name%02d", i)
			c := is(id, report.Passed)
			switch {
			case (n*7+i*13+month)%50 == 0:
				c = is(id, odd[(n+month)%len(odd)])
				c.Findings = []report.Finding{{
					Item: "Name", Reading: "state", Outcome: c.Outcome, Before: "running", Now: "stopped", HasBefore: true,
					HasNow: true, Wanted: "expected running",
				}}
			case i == 0:
				c = late(id, h.Settled, "stopped")
			}
			h.Checks = append(h.Checks, c)
		}
		t.of.Hosts = append(t.of.Hosts, h.Host)
		t.hosts = append(t.hosts, h)
	}
	return record(tb, t)
}

// BenchmarkTwoYears tells of 24 windows of 2,000 hosts with 30 checks each. kept-MB is what
// is in memory of all of them together before they are compared, read-MB what was read.
func BenchmarkTwoYears(b *testing.B) {
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		c := history.New(history.Options{})
		var runs []history.Run
		read := 0
		for month := range 24 {
			b.StopTimer()
			r := fleet(b, month+1, 2000, 30)
			b.StartTimer()
			read += len(r.lines)
			err := c.Take(r.run, func(h report.Handler) error { return jsonl.Replay(bytes.NewReader(r.lines), h) })
			if err != nil {
				b.Fatal(err)
			}
			r.run.Hosts = nil
			runs = append(runs, r.run)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(int64(after.HeapAlloc)-int64(before.HeapAlloc))/1e6, "kept-MB")
		b.ReportMetric(float64(read)/1e6, "read-MB")
		begun := time.Now()
		h := c.History(history.GroupRuns(runs))
		b.ReportMetric(float64(time.Since(begun).Milliseconds()), "compare-ms")
		if err := h.Text(io.Discard, history.Look{}); err != nil {
			b.Fatal(err)
		}
		if len(h.Windows) != 24 {
			b.Fatalf("%d windows", len(h.Windows))
		}
		runtime.KeepAlive(c)
	}
}

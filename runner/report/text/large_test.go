package text_test

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"postpatch/runner/report"
	"postpatch/runner/report/text"
)

// large plays hosts with 50 checks each, of which broken ones are told by of; no host is
// kept. It returns the heap that the view holds before it finishes, in bytes.
func large(h report.Handler, hosts int, of func(i, k int) report.Check) (held uint64, err error) {
	const checks = 50
	if err := h.Start(verifyRun(hosts, hosts*checks)); err != nil {
		return 0, err
	}
	before := heap()
	counts := map[report.Outcome]int{}
	for i := range hosts {
		all := make([]report.Check, checks)
		for k := range all {
			all[k] = of(i, k)
		}
		one := host(fmt.Sprintf("srv%05d.corp.example.org", i), 0, all...)
		for o, n := range one.Counts {
			counts[o] += n
		}
		if err := h.Host(one); err != nil {
			return 0, err
		}
	}
	held = heap() - min(before, heap())
	return held, h.Finish(report.Summary{
		Finished: at(4, 0, 0), Took: time.Hour, Counts: counts, Verdict: "FAIL", Reason: "much", ExitCode: 1,
	})
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func unchanged(_, k int) report.Check {
	return report.Check{
		ID: fmt.Sprintf("service/App%02d", k), Suite: "web", Kind: "service", Outcome: report.Passed,
		File: "suites/web.suite.yaml", Line: 9,
	}
}

// usual is a patch night: the same expected change everywhere, a few regressions.
func usual(i, k int) report.Check {
	switch {
	case k == 0:
		return check("os", "", changed("build", report.Expected, "20348.3207", "20348.3328"))
	case k == 1 && i%100 == 0:
		return check("service/Spooler", "labels", changed("state", report.Regressed, "running", "stopped"))
	default:
		return unchanged(i, k)
	}
}

// disaster is one in which everything is broken, nowhere in the same way, and at length.
func disaster(i, k int) report.Check {
	value := fmt.Sprintf("%d %d ", i, k)
	return check(fmt.Sprintf("service/App%02d", k), "it is needed",
		changed("text", report.Regressed, value, value+strings.Repeat("the service terminated ", 20)))
}

func changed(reading string, o report.Outcome, before, now string) report.Finding {
	return report.Finding{Reading: reading, Outcome: o, Before: before, Now: now, HasBefore: true, HasNow: true}
}

func BenchmarkLarge(b *testing.B) {
	for name, of := range map[string]func(i, k int) report.Check{"usual": usual, "disaster": disaster} {
		for _, hosts := range []int{1000, 10_000} {
			b.Run(fmt.Sprintf("%s/%d", name, hosts), func(b *testing.B) {
				for b.Loop() {
					held, err := large(text.New(io.Discard, text.Options{}), hosts, of)
					if err != nil {
						b.Fatal(err)
					}
					b.ReportMetric(float64(held)/(1<<20), "MB-held")
				}
			})
		}
	}
}

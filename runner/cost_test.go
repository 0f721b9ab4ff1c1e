package runner_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"postpatch/baseline"
	"postpatch/probes/all"
	"postpatch/probes/fact"
	"postpatch/runner"
	"postpatch/runner/report"
	"postpatch/suites"
)

// cost is what judging one host allocates.
func cost(judge func()) (allocations, bytes float64) {
	judge()
	var start, end runtime.MemStats
	runtime.ReadMemStats(&start)
	judge()
	runtime.ReadMemStats(&end)
	return float64(end.Mallocs - start.Mallocs), float64(end.TotalAlloc - start.TotalAlloc)
}

// A reading that is as it was costs its place beside the other side's, and no
// allocation; ten times as many cost ten times as much.
func TestJudgeCostsWhatItLooksAt(t *testing.T) {
	for _, entry := range []string{"services: {}", "network: {}", "share: {}"} {
		set, problems := suites.LoadBytes("s.suite.yaml",
			[]byte("suite: s\nhosts: [srv01]\nchecks:\n  - "+entry+"\n"), all.Kinds())
		if len(problems) > 0 {
			t.Fatal(suites.Format(problems, nil))
		}
		c := set.Hosts[0].Checks[0]
		of := func(n int) (allocations, bytes, readings float64) {
			before, now := manyOf(*c.Kind, c.Key(), n, true), manyOf(*c.Kind, c.Key(), n, true)
			now.Checks[0].Asked, before.Checks[0].Asked = c.Asked, c.Asked
			allocations, bytes = cost(func() {
				h := runner.Judge(runner.Visit{Host: set.Hosts[0], Seen: now}, &before, nil)
				if h.Outcome == report.Unknown {
					t.Fatal(h)
				}
			})
			return allocations, bytes, float64(len(now.Readings))
		}
		few, fewBytes, fewReadings := of(100)
		many, manyBytes, manyReadings := of(1000)
		// Lists and maps grow by doubling: a few allocations more, whatever the readings.
		if grown := many - few; grown > 40+(manyReadings-fewReadings)/50 {
			t.Errorf("%s: %v allocations of %v readings, %v of %v", entry, few, fewReadings, many, manyReadings)
		}
		if a, b := fewBytes/fewReadings, manyBytes/manyReadings; b > 1.5*a || b > 400 {
			t.Errorf("%s: %.0f bytes a reading of %v, %.0f of %v", entry, a, fewReadings, b, manyReadings)
		}
	}
}

// A result is kept by who shows it, and keeps nothing else of what a host has said.
func TestResultsAreDetached(t *testing.T) {
	const hosts, each = 64, 1 << 20
	var results []report.Host
	var start, end runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&start)
	for i := range hosts {
		// One large text, of which all that was said is a part.
		said := fmt.Sprintf("front|blue|oiled|shut|asleep%d|", i) + strings.Repeat("x", each)
		part := strings.SplitN(said, "|", 6)
		before := doors("front state=open", "front colour=red", "front creak_why=dry")
		now := doors("front state=shut", "front colour=blue", "front creak_why=oiled")
		for k := range now.Readings {
			now.Readings[k].Key.Item = part[0]
			before.Readings[k].Key.Item = part[0]
			now.Readings[k].Value = fact.Text(part[k+1])
		}
		now.Checks = append(now.Checks, baseline.Check{Check: "house/other", Error: part[4]})
		c, other := check(t, "state=open"), check(t)
		other.ID = "other"
		h := suites.Host{Name: "h", Checks: []*suites.Check{c, other}}
		results = append(results, runner.Judge(runner.Visit{Host: h, Seen: now}, &before, nil))
	}
	runtime.GC()
	runtime.ReadMemStats(&end)
	if kept := int64(end.HeapAlloc) - int64(start.HeapAlloc); kept > hosts*each/8 {
		t.Errorf("%d results keep %d bytes", len(results), kept)
	}
	if f := results[0].Checks[0]; len(f.Findings) == 0 || len(f.Evidence) == 0 || results[0].Checks[1].Error != "asleep0" {
		t.Errorf("got %+v", results[0].Checks)
	}
}

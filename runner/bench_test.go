package runner_test

import (
	"fmt"
	"testing"

	"postpatch/baseline"
	"postpatch/probes"
	"postpatch/probes/all"
	"postpatch/probes/fact"
	"postpatch/runner"
	"postpatch/suites"
)

// manyOf has n items with every reading of the kind but times and sets.
func manyOf(k probes.Kind, key string, n int, good bool) baseline.Host {
	h := baseline.Host{Host: "h", Checks: []baseline.Check{{Check: key, Kind: k.Name}}}
	for i := range n {
		for _, r := range k.Readings {
			if !good && !r.Gate {
				continue // only the gate is there, and fails
			}
			values := map[fact.Type]fact.Value{
				fact.TypeBool: fact.Bool(good), fact.TypeInt: fact.Int(1), fact.TypeText: fact.Text("running"),
			}
			if v := values[r.Type]; v != nil {
				k := fact.Key{Host: "h", Check: key, Item: fmt.Sprintf("item%05d", i), Name: r.Name}
				h.Readings = append(h.Readings, fact.Reading{Key: k, Value: v})
			}
		}
	}
	h.Sort()
	return h
}

// BenchmarkJudge judges one host: "same" is a night on which nothing happened, and
// "down" one on which every gate fails.
func BenchmarkJudge(b *testing.B) {
	for _, entry := range []string{"services: {}", "share: {}", `file: 'C:\a'`, "iis: {}"} {
		for _, n := range []int{400, 2000} {
			for _, mode := range []string{"same", "down", "empty"} {
				b.Run(fmt.Sprintf("%.5s/%d/%s", entry, n, mode), func(b *testing.B) {
					text := "suite: s\nhosts: [srv01]\nchecks:\n  - " + entry + "\n"
					set, problems := suites.LoadBytes("s.suite.yaml", []byte(text), all.Kinds())
					if len(problems) > 0 {
						b.Fatal(suites.Format(problems, nil))
					}
					c := set.Hosts[0].Checks[0]
					before, now := manyOf(*c.Kind, c.Key(), n, true), manyOf(*c.Kind, c.Key(), n, mode == "same")
					if mode == "empty" {
						now.Readings = nil
					}
					for b.Loop() {
						runner.Judge(runner.Visit{Host: set.Hosts[0], Seen: now}, &before, nil)
					}
				})
			}
		}
	}
}

package runner_test

import (
	"testing"

	"postpatch/baseline"
	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/runner"
	"postpatch/runner/report"
	"postpatch/suites"
)

// A plan for several versions of Windows wants of each host its own build, and of hosts
// that it does not name nothing.
func TestAWantedChangeIsOfTheHostsThatItNames(t *testing.T) {
	kinds := []probes.Kind{kind(probes.Kind{Name: "os", Readings: []probes.ReadingSpec{
		{Name: "build", Type: fact.TypeText},
	}}, probeFunc(nil))}
	plan, problems := suites.LoadPlanBytes("p.plan.yaml", []byte(`plan: p
must_change:
  - {change: os.build, to: ">= 20348.4405", where: "20348.*"}
  - {change: os.build, to: ">= 17763.8027", where: "17763.*"}
  - {change: os.build, to: "not 0", hosts: [web*]}
`), kinds)
	if len(problems) > 0 {
		t.Fatal(suites.Format(problems, nil))
	}
	for name, tt := range map[string]struct {
		host, before, now string
		want              report.Outcome
	}{
		"its own build came":       {"app", "20348.4294", "20348.4405", report.Expected},
		"the other's came":         {"app", "17763.7919", "17763.8027", report.Expected},
		"its own did not":          {"app", "20348.4294", "20348.4294", report.Unmet},
		"of another Windows":       {"app", "14393.1", "14393.1", report.Passed},
		"no baseline, and it came": {"app", "", "20348.4405", report.Unknown},
		"no baseline, nor came it": {"app", "", "20348.4294", report.Unmet},
		"not named":                {"app", "14393.1", "14393.1", report.Passed},
		"named":                    {"web1", "0", "0", report.Unmet},
	} {
		set, problems := suites.LoadBytes("s.suite.yaml", []byte("suite: s\nhosts: [app, web1]\nchecks: [os: {}]\n"), kinds)
		if len(problems) > 0 {
			t.Fatal(suites.Format(problems, nil))
		}
		side := func(h suites.Host, build string) baseline.Host {
			c := h.Checks[0]
			seen := baseline.Host{Host: h.Name, Checks: []baseline.Check{{Check: c.Key(), Kind: "os", Asked: c.Asked}}}
			if build != "" {
				key := fact.Key{Host: h.Name, Check: c.Key(), Name: "build"}
				seen.Readings = []fact.Reading{{Key: key, Value: fact.Text(build)}}
			}
			return seen
		}
		planning := runner.NewPlanning(plan)
		for _, h := range set.Hosts {
			if h.Name != tt.host {
				continue
			}
			before := side(h, tt.before)
			judged := runner.Judge(runner.Visit{Host: h, Seen: side(h, tt.now)}, &before, planning)
			if got := judged.Checks[0].Outcome; got != tt.want {
				t.Errorf("%s: %s, want %s: %+v", name, got, tt.want, judged.Checks[0].Findings)
			}
			if tt.host == "app" {
				if nowhere, told := planning.Nowhere(); told {
					t.Errorf("%s: %+v is wanted of nobody here", name, nowhere.Checks)
				}
			}
		}
	}
}

package runner_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/baseline"
	"postpatch/runner"
	"postpatch/runner/report"
)

// What was checked at the baseline and is no more is named, however many hosts and
// checks there are, and in whichever order they come.
func TestWhatIsCheckedNoMoreIsNoted(t *testing.T) {
	for name, tt := range map[string]struct {
		checks map[string]int // on how many hosts
		want   []string
	}{
		"nothing":   {nil, nil},
		"one":       {map[string]int{"a": 1}, []string{"checked at the baseline, and no more: web1 a"}},
		"a fleet's": {map[string]int{"a": 1, "b": 3}, []string{"checked at the baseline, and no more: web1 a, b on 3 hosts"}},
		"many": {
			map[string]int{"a": 1, "b": 1, "c": 2, "d": 1, "e": 1, "f": 1, "g": 9},
			[]string{"checked at the baseline, and no more: web1 a, web1 b, c on 2 hosts, web1 d, web1 e and 2 more"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			tally := runner.NewTally(time.Time{})
			for i := 9; i > 0; i-- {
				h := report.Host{
					Host: fmt.Sprintf("web%d", i), Counts: map[report.Outcome]int{},
					Checks: []report.Check{{Suite: "house", ID: "stays", Outcome: report.Passed}},
				}
				before := &baseline.Host{Checks: []baseline.Check{{Check: "house/stays"}}}
				for id, hosts := range tt.checks {
					if i <= hosts {
						before.Checks = append(before.Checks, baseline.Check{Check: "house/" + id})
					}
				}
				runner.AddRemoved(&h, before, map[string]bool{"house/stays": true}, nil)
				tally.Add(h)
			}
			s := tally.Summary(time.Time{})
			if d := cmp.Diff(tt.want, s.Notes); d != "" || s.ExitCode != runner.ExitOK {
				t.Errorf("exit %d, notes (-want +got):\n%s", s.ExitCode, d)
			}
		})
	}
}

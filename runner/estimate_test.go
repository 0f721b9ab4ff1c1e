package runner_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"postpatch/probes/all"
	"postpatch/runner"
	"postpatch/suites"
)

// What a visit asks and how long it may take can be told before it.
func TestWhatAVisitCostsBeforehand(t *testing.T) {
	var atOnce strings.Builder
	for i := range runner.Lanes {
		fmt.Fprintf(&atOnce, "  - tcp: [%d]\n", 100+i)
	}
	for name, c := range map[string]struct {
		checks    string
		questions int
		longest   time.Duration
	}{
		"from the runner":       {"  - ping: {}\n", 0, 10 * time.Second},
		"with its own timeout":  {"  - ping: {}\n    timeout: 3s\n", 0, 3 * time.Second},
		"through the session":   {"  - service: A\n", 4, 2 * time.Minute},
		"the same asked twice":  {"  - service: A\n  - service: B\n", 4, 2 * time.Minute},
		"the longest of asking": {"  - service: A\n    timeout: 3m\n  - os: {}\n", 8, 3 * time.Minute},
		"some at once, then more": {
			atOnce.String() + "  - tcp: [5]\n    timeout: 4s\n", 0, 14 * time.Second,
		},
	} {
		set, problems := suites.LoadBytes("s.suite.yaml", []byte("suite: s\nhosts: [srv01]\nchecks:\n"+c.checks), all.Kinds())
		if len(problems) > 0 {
			t.Fatal(suites.Format(problems, nil))
		}
		h := set.Hosts[0]
		if got := runner.Questions(h); len(got) != c.questions {
			t.Errorf("%s: %d questions, want %d: %v", name, len(got), c.questions, got)
		}
		if got := runner.Longest(h); got != c.longest {
			t.Errorf("%s: at most %s, want %s", name, got, c.longest)
		}
	}
}

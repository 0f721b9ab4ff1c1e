package runner_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/baseline"
	"postpatch/runner/report"
	"postpatch/suites"
)

// What is counted while it happens speaks for itself when it begins, and is silent
// when it ends; a list of it counts where the baseline cannot tell.
func TestJudgeCounted(t *testing.T) {
	for name, tt := range map[string]struct {
		before, now baseline.Host
		want        []string
	}{
		"it begins": {
			doors("front state=open"), doors("front state=open", "night knocks=3", "night colour=black", " knockers=he"),
			[]string{"drifted failing", "night knocks: drifted ->3"},
		},
		"it ends": {doors("night knocks=3"), doors("front state=open"), []string{"drifted", "front: drifted ->new"}},
		"more of it": {
			doors("night knocks=3"), doors("night knocks=7"), []string{"drifted failing", "night knocks: drifted 3->7"},
		},
		"who it was is told by the counts": {
			doors("night knocks=3", " knockers=he"), doors("night knocks=3", " knockers=he, she"), []string{"passed"},
		},
		"unless the baseline is not whole": {
			doors("error: asleep", "night knocks=3", " knockers=he"),
			doors("night knocks=3", "dawn knocks=1", " knockers=he, she"),
			[]string{"drifted failing", "knockers: drifted he->he, she"},
		},
		"it begins, as far as could be seen": {
			doors("night knocks=3", " knockers=he"),
			doors("error: no bell", "night knocks=3", "dawn knocks=1", " knockers=he, she"),
			[]string{"unknown failing", "knockers: drifted he->he, she"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := told(judge(check(t), &tt.before, tt.now, nil).Checks[0])
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("outcome (-want +got):\n%s", d)
			}
		})
	}
}

// One start is what a patch needs; more of them are told, with their reasons.
func TestJudgeStarts(t *testing.T) {
	const (
		early = "2026-11-01T01:00:00Z planned"
		once  = "2026-11-23T02:00:00Z planned"
		twice = "2026-11-23T03:00:00Z lsass died"
	)
	host := func(boot, starts string) baseline.Host {
		return doors(" state=open", " built="+boot, " rebuilt="+starts)
	}
	before := host("2026-11-01T01:00:01Z", early)
	for name, tt := range map[string]struct {
		now  baseline.Host
		want []string
	}{
		"none":               {host("2026-11-01T01:00:01Z", early), []string{"passed"}},
		"one":                {host("2026-11-23T02:00:01Z", early+", "+once), []string{"passed"}},
		"the log is wrapped": {host("2026-11-23T02:00:01Z", once), []string{"passed"}},
		"two": {
			host("2026-11-23T03:00:01Z", early+", "+once+", "+twice),
			[]string{"drifted", "rebuilt: drifted ->2 starts since the baseline: " + once + ", " + twice},
		},
		"what is no time": {host("2026-11-23T02:00:01Z", "yesterday, "+once), []string{"passed"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := judge(check(t), &before, tt.now, &suites.Plan{Name: "p", Reboot: suites.RebootAllowed})
			if d := cmp.Diff(tt.want, told(h.Checks[0])); d != "" {
				t.Errorf("outcome (-want +got):\n%s", d)
			}
			if drifted := h.Outcome == report.Drifted; drifted != (name == "two") {
				t.Errorf("the host came to %s", h.Outcome)
			}
		})
	}
}

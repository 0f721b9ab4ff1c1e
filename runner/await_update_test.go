package runner_test

import (
	"testing"
	"testing/synctest"
	"time"

	"postpatch/runner/report"
)

// What a patch has to bring to a host that need not be restarted is waited for as long
// as a restart would be: verify may have begun before the patch.
func TestAwaitAnUpdate(t *testing.T) {
	const allowed = "plan: p\nreboot: allowed\nmust_change: {os.build: 20348.2}\n"
	const forbidden = "plan: p\nreboot: forbidden\nmust_change: {os.build: 20348.2}\n"
	installed := func(boot time.Duration) condition {
		return with(booted(boot), func(c *condition) { c.build = "20348.2" })
	}
	old := condition{}
	for _, s := range []struct {
		settling
		plan string
	}{
		{plan: allowed, settling: settling{
			name: "installed with a restart", why: "verify was begun before the host went down",
			life:     []moment{{0, old}, {5 * min, condition{off: true}}, {8 * min, installed(7 * min)}},
			outcomes: come(report.Expected, "os"), from: 9 * min, to: 11 * min,
		}},
		{plan: allowed, settling: settling{
			name: "installed without a restart", why: "a hotpatch takes its time",
			life:     []moment{{0, old}, {12 * min, installed(longAgo)}},
			outcomes: come(report.Expected, "os"), from: 13 * min, to: 15 * min,
			after: map[string]time.Duration{"os": 30*24*time.Hour + 12*min},
		}},
		{plan: forbidden, settling: settling{
			name: "a hotpatch that never comes", why: "half an hour is what a restart would have had",
			life: []moment{{0, old}}, outcomes: come(report.Unmet, "os"), failing: true, from: 30 * min, to: 33 * min,
		}},
		{plan: allowed, settling: settling{
			name: "rolled back at its restart", why: "it has been restarted: nothing more will come",
			life: []moment{{0, condition{off: true}}, {2 * min, booted(1 * min)}}, outcomes: come(report.Unmet, "os"),
			failing: true, from: 8 * min, to: 10 * min,
		}},
	} {
		t.Run(s.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { s.check(t, waitFor(t, story{life: s.life, plan: s.plan})) })
		})
	}
}

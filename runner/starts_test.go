package runner_test

import (
	"strings"
	"testing"
	"time"

	"postpatch/suites"
)

// A host that starts again and again must not fill the report.
func TestManyStartsAreFew(t *testing.T) {
	var starts []string
	for i := range 500 {
		at := time.Date(2026, 11, 23, 0, i, 0, 0, time.UTC)
		starts = append(starts, at.Format(time.RFC3339)+" by the update agent, which a patch of this month wanted")
	}
	before := doors(" built=2026-11-01T01:00:01Z", " rebuilt=2026-11-01T01:00:00Z planned")
	now := doors(" built=2026-11-23T08:00:01Z", " rebuilt="+strings.Join(starts, ", "))
	h := judge(check(t), &before, now, &suites.Plan{Name: "p", Reboot: suites.RebootAllowed})
	n := 0
	for _, f := range h.Checks[0].Findings {
		n = max(n, len(f.Now))
	}
	if n > 2000 || n == 0 {
		t.Errorf("a finding of %d characters", n)
	}
}

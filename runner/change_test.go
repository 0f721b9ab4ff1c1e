package runner_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/baseline"
	"postpatch/runner/report"
	"postpatch/suites"
)

// How a change is told, to the last field: a view computes nothing.
func TestHowAChangeIsTold(t *testing.T) {
	allowing := plan(t, "", "colour")
	allowing.May[0].Reason = "it is painted"
	otherwise := doors("front colour=red")
	otherwise.Checks[0].Asked = "otherwise"
	for name, tt := range map[string]struct {
		before, now baseline.Host
		plan        *suites.Plan
		want        report.Finding
	}{
		"changed": {
			doors("front colour=red"), doors("front colour=blue"), nil,
			report.Finding{
				Item: "front", Reading: "colour", Outcome: report.Drifted, Before: "red", Now: "blue",
				HasBefore: true, HasNow: true, Wanted: "same", Severity: "warn",
			},
		},
		"allowed with a reason": {
			doors("front colour=red"), doors("front colour=blue"), allowing,
			report.Finding{
				Item: "front", Reading: "colour", Outcome: report.Expected, Before: "red", Now: "blue",
				HasBefore: true, HasNow: true, Wanted: "the plan allows it: it is painted", Severity: "warn",
			},
		},
		"new": {
			doors("front colour=red"), doors("front colour=red", "side colour=red"), nil,
			report.Finding{Item: "side", Outcome: report.Drifted, Now: "new", HasNow: true, Severity: "warn"},
		},
		"gone": {
			doors("front colour=red", "side colour=red"), doors("front colour=red"), nil,
			report.Finding{
				Item: "side", Outcome: report.Drifted, Before: "there", HasBefore: true, Now: "gone", HasNow: true,
				Severity: "warn",
			},
		},
		"gone, or not asked for": {
			doors("front colour=red", "side colour=red"), otherwise, nil,
			report.Finding{
				Item: "side", Outcome: report.Drifted, Before: "there", HasBefore: true,
				Now: "gone, or not asked for any more", HasNow: true, Severity: "warn",
				Wanted: "the check asks otherwise than at the baseline",
			},
		},
		"counted for the first time": {
			doors("front colour=red"), doors("front colour=red", "night knocks=3"), nil,
			report.Finding{
				Item: "night", Reading: "knocks", Outcome: report.Drifted, Now: "3", HasNow: true, Severity: "fail",
			},
		},
	} {
		got := judge(check(t), &tt.before, tt.now, tt.plan).Checks[0].Findings
		if d := cmp.Diff([]report.Finding{tt.want}, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

// What the kind expects and what is not reported any more has regressed, unless the
// plan lets it go.
func TestWhatThePlanLetsGo(t *testing.T) {
	before, now := doors("front bell=rings", "front colour=red"), doors("front colour=red")
	rings := check(t, "*bell=rings")
	for name, tt := range map[string]struct {
		check *suites.Check
		plan  *suites.Plan
		want  []string
	}{
		"not asked": {rings, nil, []string{"regressed failing", "front bell: regressed rings->"}},
		"let go":    {rings, plan(t, "", "bell"), []string{"expected", "front bell: expected rings->"}},
		"let go, but the suite itself expects it": {
			check(t, "bell=rings"), plan(t, "", "bell"), []string{"regressed failing", "front bell: regressed rings->"},
		},
	} {
		if d := cmp.Diff(tt.want, told(judge(tt.check, &before, now, tt.plan).Checks[0])); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

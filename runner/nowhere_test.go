package runner_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/baseline"
	"postpatch/runner"
	"postpatch/runner/report"
	"postpatch/suites"
)

// What the plan wants and no host can show is told as a check of its own; what somebody
// could show, or might have shown, is not.
func TestWantedNowhere(t *testing.T) {
	before := doors("front state=open", "front colour=red")
	for name, now := range map[string]baseline.Host{
		"no door is there":           doors("front state=open"), // the host is asked, and lacks it
		"seen whole":                 doors("front state=open", "front colour=blue"),
		"seen beside an error":       doors("error: no bell", "front colour=blue"),
		"perhaps hidden by an error": doors("error: no bell", "front state=open"),
	} {
		planning := runner.NewPlanning(plan(t, "colour=blue"))
		h := runner.Judge(visitOf(check(t), now), &before, planning)
		if nowhere, some := planning.Nowhere(); some || len(nowhere.Checks) > 0 {
			t.Errorf("%s: %v", name, nowhere.Checks)
		}
		if h.Outcome == report.Unmet != (name == "no door is there") {
			t.Errorf("%s: %v", name, told(h.Checks[0]))
		}
	}
	wants := plan(t, "colour=blue")
	wants.File, wants.Must[0].Pattern.Kind = "p.plan.yaml", "window"
	nowhere, some := runner.NewPlanning(wants).Nowhere()
	want := report.Host{
		Host: "(plan)", Outcome: report.Unmet, Counts: map[report.Outcome]int{report.Unmet: 1},
		Checks: []report.Check{{
			ID: "window.colour", Kind: "plan", Suite: "p", File: "p.plan.yaml", Outcome: report.Unmet, Failing: true,
			Why: "a check of kind window has to look at what the plan wants",
			Findings: []report.Finding{{
				Reading: "colour", Outcome: report.Unmet, Wanted: "the plan wants blue, and no host of this run shows it",
			}},
		}},
	}
	if d := cmp.Diff(want, nowhere); d != "" || !some {
		t.Errorf("%v (-want +got):\n%s", some, d)
	}
	if _, some := runner.NewPlanning(nil).Nowhere(); some {
		t.Error("without a plan something is wanted")
	}
}

// What a check told nothing of was not seen to be otherwise than the plan wants.
func TestWhatIsNotSeenIsNotUnmet(t *testing.T) {
	before, planning := doors("front colour=red"), runner.NewPlanning(plan(t, "colour=blue"))
	got := told(runner.Judge(visitOf(check(t), doors()), &before, planning).Checks[0])
	if d := cmp.Diff([]string{"unknown", "front: drifted there->gone"}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if nowhere, some := planning.Nowhere(); some {
		t.Error(nowhere.Checks)
	}
}

// Of several checks that could show what the plan wants, the first is told.
func TestTheFirstCheckIsUnmet(t *testing.T) {
	v := visitOf(check(t), doors("front state=open"))
	for _, id := range []string{"second", "third"} {
		c := check(t)
		c.ID = id
		v.Host.Checks = append(v.Host.Checks, c)
		v.Seen.Checks = append(v.Seen.Checks, baseline.Check{Check: c.Key(), Kind: "door"})
		r := v.Seen.Readings[0]
		r.Key.Check = c.Key()
		v.Seen.Readings = append(v.Seen.Readings, r)
	}
	planning := runner.NewPlanning(plan(t, "colour=blue"))
	h := runner.Judge(v, &v.Seen, planning)
	if nowhere, some := planning.Nowhere(); some {
		t.Errorf("it is told twice: %v", nowhere.Checks)
	}
	for i, want := range []report.Outcome{report.Unmet, report.Passed, report.Passed} {
		if got := h.Checks[i].Outcome; got != want {
			t.Errorf("%s: want %s, got %s", h.Checks[i].ID, want, got)
		}
	}
}

// A waiver for some hosts is about these.
func TestAWaiverForSomeHosts(t *testing.T) {
	before, now := doors("front state=open"), doors("front state=shut")
	for host, want := range map[string]report.Outcome{"h": report.Waived, "other": report.Regressed} {
		w := waiver(t, "front.state", "2026-11-23")
		w.Hosts = []string{host}
		planning := runner.NewPlanning(nil)
		planning.Waive([]suites.Waiver{w}, time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC))
		if h := runner.Judge(visitOf(check(t, "state=open"), now), &before, planning); h.Outcome != want {
			t.Errorf("for %q: %s", host, h.Outcome)
		}
	}
}

package runner_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/baseline"
	"postpatch/runner"
	"postpatch/suites"
)

// What a plan has to allow, for each way to drift: item, reading and what it is now.
func TestWhatLiesBehindDrift(t *testing.T) {
	const front = "front state=open"
	spelt := doors("Side colour=red", front)
	for name, tt := range map[string]struct {
		check       *suites.Check
		before, now baseline.Host
		want        []string
	}{
		"a change": {
			check(t), doors(front, "front colour=red"), doors(front, "front colour=blue"), []string{"front colour=blue"},
		},
		"a reading that went": {check(t), doors(front, "front colour=red"), doors(front), []string{"front colour"}},
		"a note":              {check(t), doors(front, "front sign=in"), doors(front, "front sign=out"), nil},
		"what is hidden":      {check(t), doors(front, "front creak=1"), doors(front, "front creak=2"), nil},
		"what regressed": {
			check(t, "state=open"), doors(front, "front colour=red"), doors("front state=shut", "front colour=red"), nil,
		},
		"two items' changes": {
			check(t), doors("front colour=red", "side colour=red", "side state=open"),
			doors("front colour=blue", "side colour=green", "side state=shut"),
			[]string{"front colour=blue", "side colour=green", "side state=shut"},
		},
		"an item that came": {
			check(t), doors(front), doors(front, "side colour=red", "side sign=in"), []string{"side colour=red", "side sign=in"},
		},
		"an item that came, with what fails": {
			check(t, "*bell=rings"), doors(front), doors(front, "side bell=silent", "side colour=red"),
			[]string{"side colour=red"},
		},
		"an item that came, with what is counted": {
			check(t), doors(front), doors(front, "side knocks=3", "side colour=red"), []string{"side knocks=3"},
		},
		"an item that went":              {check(t), doors(front, "side colour=red", "side sign=in"), doors(front), []string{"side *"}},
		"an item that is spelt anew":     {check(t), spelt, doors(front, "side colour=red"), nil},
		"and has changed":                {check(t), spelt, doors(front, "side colour=blue"), []string{"Side colour=blue"}},
		"an item that nobody asks about": {check(t), restated(doors(front, "side colour=red")), doors(front), nil},
	} {
		v := visitOf(tt.check, tt.now)
		judged := runner.Judge(v, &tt.before, runner.NewPlanning(nil))
		var got []string
		for _, d := range runner.Drifts(v, &tt.before, judged) {
			line := d.Item + " " + d.Reading
			if d.After != nil {
				line += "=" + d.After.String()
			}
			got = append(got, line)
			if d.Kind.Name != "door" || d.Check.ID != "door" || d.Finding.Item != d.Item || d.Finding.Outcome == "" {
				t.Errorf("%s: of %q, %q, %+v", name, d.Kind.Name, d.Check.ID, d.Finding)
			}
		}
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s, of %v (-want +got):\n%s", name, told(judged.Checks[0]), d)
		}
	}
}

// Nothing lies behind drift where there is nothing to compare with, or another machine.
func TestNothingBehindDrift(t *testing.T) {
	before, now := sayingABC(doors("front colour=red")), doors("front colour=blue")
	v := visitOf(check(t), now)
	judged := runner.Judge(v, &before, runner.NewPlanning(nil))
	if got := runner.Drifts(v, nil, judged); got != nil {
		t.Errorf("without a baseline: %v", got)
	}
	judged.Problem = "another machine answers"
	if got := runner.Drifts(v, &before, judged); got != nil {
		t.Errorf("of another machine: %v", got)
	}
}

package runner_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/baseline"
)

// What moves by itself is no change within what was seen of it, and is counted. It
// excuses nothing that is expected.
func TestJudgeLearned(t *testing.T) {
	const moves = ": moves by itself"
	for name, tt := range map[string]struct {
		expect  []string
		samples []baseline.Host
		now     baseline.Host
		want    []string
		ignored map[string]int
	}{
		"within": {
			nil,
			[]baseline.Host{doors("front colour=red"), doors("front colour=blue"), doors("front colour=red")},
			doors("front colour=blue"),
			[]string{"passed"},
			map[string]int{"door.colour" + moves: 1},
		},
		"outside": {
			nil,
			[]baseline.Host{doors("front colour=red"), doors("front colour=blue")},
			doors("front colour=green"),
			[]string{"drifted", "front colour: drifted blue->green"},
			nil,
		},
		"many are one line": {
			nil,
			[]baseline.Host{
				doors("back colour=blue", "front colour=red"), doors("back colour=red", "front colour=blue"),
			},
			doors("back colour=blue", "front colour=red"),
			[]string{"passed"},
			map[string]int{"door.colour" + moves: 2},
		},
		"an expectation looks at the value": {
			[]string{"colour=red"},
			[]baseline.Host{doors("front colour=blue"), doors("front colour=red")},
			doors("front colour=blue"),
			[]string{"regressed failing", "front colour: regressed red->blue"},
			map[string]int{"door.colour" + moves: 1},
		},
		"what failed before and moves is broken as before": {
			[]string{"colour=red"},
			[]baseline.Host{doors("front colour=blue"), doors("front colour=green")},
			doors("front colour=blue"),
			[]string{"pre-existing", "front colour: pre-existing green->blue"},
			map[string]int{"door.colour" + moves: 1},
		},
		"an item that moved and is gone": {
			nil,
			[]baseline.Host{
				doors("back colour=red", "front colour=red"), doors("back colour=blue", "front colour=red"),
			},
			doors("front colour=red"),
			[]string{"drifted", "back: drifted there->gone"},
			nil,
		},
		"an item that comes and goes": {
			nil,
			[]baseline.Host{
				doors("back colour=red", "front colour=red"), doors("front colour=red"),
				doors("back colour=red", "front colour=red"),
			},
			doors("front colour=red"),
			[]string{"passed"},
			map[string]int{"door.colour" + moves: 1},
		},
		"an item that is back": {
			nil,
			[]baseline.Host{doors("back colour=red", "front colour=red"), doors("front colour=red")},
			doors("BACK colour=red", "front colour=red"),
			[]string{"passed"},
			map[string]int{"door.colour" + moves: 1},
		},
		"what a kind expects is missed though it comes and goes": {
			[]string{"*bell=rings"},
			[]baseline.Host{
				doors("back bell=rings", "front bell=rings"), doors("front bell=rings"),
				doors("back bell=rings", "front bell=rings"),
			},
			doors("front bell=rings"),
			[]string{"regressed failing", "back bell: regressed rings->"},
			map[string]int{"door.bell" + moves: 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			before, err := baseline.Learn(tt.samples, func(_, item string) string { return item })
			if err != nil {
				t.Fatal(err)
			}
			h := judge(check(t, tt.expect...), &before, tt.now, nil)
			if d := cmp.Diff(tt.want, told(h.Checks[0])); d != "" {
				t.Errorf("outcome (-want +got):\n%s", d)
			}
			if len(tt.ignored)+len(h.Ignored) > 0 && !cmp.Equal(tt.ignored, h.Ignored) {
				t.Errorf("ignored (-want +got):\n%s", cmp.Diff(tt.ignored, h.Ignored))
			}
		})
	}
}

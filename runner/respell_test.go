package runner_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/baseline"
)

// Windows spells a name in another case now and then; that is the same item. Items
// that differ in nothing but case are left as they are.
func TestItemsInAnotherCaseAreTheSame(t *testing.T) {
	for name, tt := range map[string]struct {
		before, now baseline.Host
		want        []string
	}{
		"another case": {doors("Front bell=rings"), doors("FRONT bell=rings"), []string{"passed"}},
		"another case, and broken": {
			doors("Front bell=rings"), doors("FRONT bell=silent"),
			[]string{"regressed failing", "Front bell: regressed rings->silent"},
		},
		"two that differ in case alone": {
			doors("Front bell=rings", "front bell=rings"), doors("Front bell=rings", "FRONT bell=rings"),
			[]string{"drifted failing", "FRONT: drifted ->new", "front: drifted there->gone"},
		},
		"one of two is left": {
			doors("Front bell=rings", "front bell=silent"), doors("front bell=silent"),
			[]string{"pre-existing failing", "Front: drifted there->gone", "front bell: pre-existing silent->silent"},
		},
		"one became two": {
			doors("Front bell=rings"), doors("front bell=rings", "FRONT bell=rings"),
			[]string{"drifted failing", "FRONT: drifted ->new", "Front: drifted there->gone", "front: drifted ->new"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := told(judge(check(t, "*bell=rings"), &tt.before, tt.now, nil).Checks[0])
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("outcome (-want +got):\n%s", d)
			}
		})
	}
}

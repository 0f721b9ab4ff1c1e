package runner_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/runner/report"
)

// What explains an item is shown with what is wrong with it, and only then.
func TestEvidence(t *testing.T) {
	before := doors("front bell=rings", "front creak_why=old", "back bell=rings", "back colour=red", "side sign=in")
	for name, tt := range map[string]struct {
		now  []string
		want []report.Evidence
	}{
		"all is well": {now: []string{"front bell=rings", "front creak_why=rust", "back bell=rings"}},
		"what failed, and not its neighbour": {
			now: []string{
				"front bell=silent", "front creak_why=rust", "back bell=rings", "back creak_why=wind", "back colour=red",
				"side sign=in",
			},
			want: []report.Evidence{{Item: "front", Reading: "creak_why", Value: "rust"}},
		},
		"what drifted": {
			now: []string{
				"front bell=rings", "front creak_why=old", "back bell=rings", "back colour=blue", "back creak_why=wind",
				"side sign=in",
			},
			want: []report.Evidence{{Item: "back", Reading: "creak_why", Value: "wind"}},
		},
		"a note needs no reason": {
			now: []string{
				"front bell=rings", "front creak_why=old", "back bell=rings", "back colour=red",
				"side sign=out", "side creak_why=wind",
			},
		},
		"an empty reason": {now: []string{"front bell=silent", "front creak_why="}},
	} {
		t.Run(name, func(t *testing.T) {
			h := judge(check(t, "*bell=rings"), &before, doors(tt.now...), nil)
			if d := cmp.Diff(tt.want, h.Checks[0].Evidence); d != "" {
				t.Errorf("evidence (-want +got):\n%s", d)
			}
		})
	}
}

// Evidence comes in the order of its items, each once, however much is wrong with it.
func TestEvidenceIsInOrder(t *testing.T) {
	var before, now []string
	var want []report.Evidence
	for _, item := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		before = append(before, item+" state=open", item+" colour=red")
		now = append(now, item+" state=shut", item+" colour=blue", item+" creak_why=rust")
		want = append(want, report.Evidence{Item: item, Reading: "creak_why", Value: "rust"})
	}
	was := doors(before...)
	if d := cmp.Diff(want, judge(check(t), &was, doors(now...), nil).Checks[0].Evidence); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

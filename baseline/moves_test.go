package baseline

import (
	"testing"

	"postpatch/probes/fact"
)

// What is no move, such as one of one bound, explains nothing.
func TestWhatIsNoMoveHoldsForNothing(t *testing.T) {
	one, two, set := fact.Int(1), fact.Int(2), fact.SetOf("a")
	for name, seen := range map[string][]fact.Value{
		"nothing": nil, "one bound": {one}, "three": {one, one, one}, "a set and a number": {set, one},
		"a number and a set": {one, set}, "one set": {set}, "a text in front": {fact.Text("1"), two},
	} {
		for _, v := range []fact.Value{nil, one, set, fact.Text("b"), fact.Bool(true)} {
			if (Move{Seen: seen}).Holds(v) {
				t.Errorf("%s holds for %v", name, v)
			}
		}
	}
}

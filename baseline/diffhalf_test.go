package baseline

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/fact"
)

// A reading that one side lacks is a change where that side observed the check whole,
// whatever the other side could not see beside it.
func TestDiffOfWhatOneSideSawInPart(t *testing.T) {
	half := func(h Host) Host { h.Checks = []Check{{Check: "c", Error: "denied"}, {Check: "d"}}; return h }
	silent := func(h Host) Host { h.Unreachable = "refused"; return h }
	untried := func(h Host) Host { h.Checks = h.Checks[1:]; return h }
	key := fact.Key{Host: "h", Check: "c", Item: "i", Name: "a"}
	went := []Change{{Op: Removed, Key: key, Before: fact.Int(1)}}
	came := []Change{{Op: Added, Key: key, After: fact.Int(1)}}
	has := func() Host { return host(is("a", fact.Int(1))) }
	for name, test := range map[string]struct {
		before, now Host
		want        []Change
	}{
		"seen beside an error, and gone":       {half(has()), host(), went},
		"seen beside an error, and new":        {host(), half(has()), came},
		"gone where not all could be seen":     {has(), half(host()), nil},
		"new where not all could be seen":      {half(host()), has(), nil},
		"of a host that did not answer":        {silent(half(has())), host(), nil},
		"of a check that nobody says he tried": {untried(has()), host(), nil},
		"on both sides not whole":              {half(has()), half(host()), nil},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(Result{Changes: test.want}, Diff(test.before, test.now, same0)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

package runner

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"postpatch/runner/report"
)

// removed are the checks that the baseline has and that nobody looks at any more, by
// suite and id.
type removed map[[2]string]removal

// removal is one of them: on how many hosts, and one of these.
type removal struct {
	hosts int
	host  string
}

func (r removed) add(h report.Host) {
	for _, c := range h.Checks {
		if c.Outcome != report.Skipped { // see AddRemoved
			continue
		}
		of := [2]string{c.Suite, c.ID}
		r[of] = removal{r[of].hosts + 1, h.Host}
	}
}

// notes name a few of them: a suite that was edited in the window must not lose a
// check in silence.
func (r removed) notes() []string {
	if len(r) == 0 {
		return nil
	}
	byName := func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }
	var names []string
	for _, of := range slices.SortedFunc(maps.Keys(r), byName) {
		if was := r[of]; was.hosts > 1 {
			names = append(names, fmt.Sprintf("%s on %d hosts", of[1], was.hosts))
		} else {
			names = append(names, strings.TrimSpace(was.host+" "+of[1]))
		}
	}
	return []string{"checked at the baseline, and no more: " + upTo(5, names)}
}

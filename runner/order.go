package runner

import (
	"slices"
	"strings"

	"postpatch/probes/fact"
)

// run is a stretch of readings of one item.
type run struct {
	item     string
	from, to int
}

// inOrder returns a check's readings as they are stored: by item, then by name. Probes report
// one item after the other, so it is the items that are sorted, of which there are far fewer
// than readings, and then the few readings of each.
func inOrder(readings []fact.Reading) []fact.Reading {
	runs := make([]run, 0, len(readings)/4+4)
	sorted := true
	for i, r := range readings {
		last := len(runs) - 1
		switch {
		case last >= 0 && runs[last].item == r.Key.Item:
			runs[last].to = i + 1
		default:
			sorted = sorted && (last < 0 || runs[last].item < r.Key.Item)
			runs = append(runs, run{r.Key.Item, i, i + 1})
		}
	}
	if !sorted {
		slices.SortStableFunc(runs, func(a, b run) int { return strings.Compare(a.item, b.item) })
		moved := make([]fact.Reading, 0, len(readings))
		for _, r := range runs {
			moved = append(moved, readings[r.from:r.to]...)
		}
		readings = moved
	}
	for rest := readings; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].Key.Item == rest[0].Key.Item {
			n++
		}
		if !fact.InOrder(rest[:n]) {
			slices.SortFunc(rest[:n], func(a, b fact.Reading) int { return strings.Compare(a.Key.Name, b.Key.Name) })
		}
		rest = rest[n:]
	}
	return readings
}

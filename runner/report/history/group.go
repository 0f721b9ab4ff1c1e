package history

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Run is what the store says of a finished verify run, without its results.
type Run struct {
	Name, Plan, Wave, Pass string
	Baseline, Part         string
	Started                time.Time
	Suites, Hosts          []string
}

// Early is the pass that is no evidence: what comes up late is not up yet.
const Early = "early"

// settledPass is the one that has waited for hosts.
const settledPass = "settled"

// longest is how long after its first run the runs of a window begin: the rings of one
// month, and the late pass of the last ring. Patches come every 28 days at most.
const longest = 25 * 24 * time.Hour

// Group is the runs of one window, in the order in which they were begun.
type Group []Run

// Began is when the window's first run was begun.
func (g Group) Began() time.Time { return g[0].Started }

// GroupRuns sorts runs into windows, the oldest first. Runs of one plan, or of none, that
// were begun within 25 days are of one window: its waves and passes, and what was looked
// at once more. A host that is looked at by the same suite against another baseline is in
// another window: it was captured again. The order of the runs makes no difference, and one
// that is there twice is there once.
func GroupRuns(runs []Run) []Group {
	runs = slices.Clone(runs)
	slices.SortStableFunc(runs, func(a, b Run) int {
		return cmp.Or(a.Started.Compare(b.Started), strings.Compare(a.Name, b.Name))
	})
	var all []*grouping
	known := map[string]bool{}
	for _, r := range runs {
		if known[r.Name] {
			continue
		}
		known[r.Name] = true
		g := placeOf(all, r)
		if g == nil {
			g = &grouping{against: map[hostSuite]string{}}
			all = append(all, g)
		}
		g.add(r)
	}
	groups := make([]Group, len(all))
	for i, g := range all {
		groups[i] = g.runs
	}
	return groups
}

// grouping is a window while its runs are gathered.
type grouping struct {
	runs    Group
	against map[hostSuite]string // the baseline with which a host is compared
}

type hostSuite struct{ host, suite string }

// placeOf is the window that a run is of: one of its baseline before any other, and else the
// latest.
func placeOf(all []*grouping, r Run) *grouping {
	var place *grouping
	for _, g := range slices.Backward(all) {
		switch {
		case g.runs[0].Plan != r.Plan || r.Started.Sub(g.runs.Began()) > longest || g.captured(r):
		case slices.ContainsFunc(g.runs, func(of Run) bool { return of.Baseline == r.Baseline }):
			return g
		case place == nil:
			place = g
		}
	}
	return place
}

// captured says whether a host of the run has been captured again since the window.
func (g *grouping) captured(r Run) bool {
	again := false
	r.each(func(at hostSuite) {
		was, seen := g.against[at]
		again = again || seen && was != r.Baseline
	})
	return again
}

func (g *grouping) add(r Run) {
	g.runs = append(g.runs, r)
	r.each(func(at hostSuite) { g.against[at] = r.Baseline })
}

func (r Run) each(do func(hostSuite)) {
	for _, host := range r.Hosts {
		for _, suite := range r.Suites {
			do(hostSuite{strings.ToLower(host), suite})
		}
	}
}

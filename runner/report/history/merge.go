package history

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"postpatch/runner/report"
)

// window is a window while it is compared with others.
type window struct {
	facts []*facts // in the order in which they were begun
	hosts []seen   // sorted by number
}

// seen is a host in a window, by all that its runs have seen of it.
type seen struct {
	host    int32
	sets    []int32 // of the checks that it was asked
	cells   []seenCell
	settled time.Duration
	is      standing
	chosen  bool
	real    bool
	silent  bool
	reboot  bool
	partly  bool // no run has asked all of it
}

// seenCell is a check of a host in a window where there is more to say than that it
// passed. What it was at the last look stands in it.
type seenCell struct {
	cell
	early bool // only the early pass has looked
	broke bool // at any look
}

// isBroken says whether a check is broken, by what the judge has said of it.
func (c cell) isBroken() bool {
	return c.failing || c.outcome == report.Regressed || c.outcome == report.Failed || c.outcome == report.Unmet
}

// isWell says whether a check holds. A change that fails nothing is none that breaks it.
func (c cell) isWell() bool {
	switch c.outcome {
	case report.Passed, report.Expected, report.Fixed, report.Drifted:
		return !c.failing
	default:
		return false
	}
}

// mended says whether a check broke, and was well when it was looked at last.
func (c seenCell) mended() bool { return c.broke && c.isWell() }

// look is one look at a host.
type look struct {
	*hostFacts
	run *Run
}

func (l look) early() bool { return l.run.Pass == Early }

// gather puts together what the runs of a window have seen.
func gather(t *tables, runs []*facts) window {
	w := window{facts: runs}
	looks := map[int32][]look{}
	for _, f := range runs {
		for i := range f.hosts {
			h := &f.hosts[i]
			looks[h.host] = append(looks[h.host], look{h, &f.of})
		}
	}
	for _, host := range slices.Sorted(maps.Keys(looks)) {
		w.hosts = append(w.hosts, together(t, looks[host]))
	}
	return w
}

// together is what several looks at a host come to.
func together(t *tables, looks []look) seen {
	slices.SortStableFunc(looks, func(a, b look) int { // the early pass says nothing that another does not know better
		return cmp.Compare(lateness(a), lateness(b))
	})
	last := looks[len(looks)-1]
	s := seen{host: last.host, chosen: last.chosen, silent: last.silent, is: stands(looks), partly: true}
	for _, l := range looks {
		s.real, s.reboot = s.real || l.real, s.reboot || l.reboot
		s.partly = s.partly && l.run.Part != ""
		if !slices.Contains(s.sets, l.asked) {
			s.sets = append(s.sets, l.asked)
		}
	}
	s.settled = settledIn(looks)
	s.cells = cellsOf(t, looks)
	return s
}

func lateness(l look) int {
	if l.early() {
		return 0
	}
	return 1
}

// settledIn is how long it took the first time that the host was waited for. A later run
// finds it well hours after its start, and means nothing by it.
func settledIn(looks []look) time.Duration {
	for _, l := range looks {
		if l.settled > 0 || l.run.Pass == settledPass {
			return l.settled
		}
	}
	return 0
}

// stands is what a host comes to by several looks: the worst of those that no later one
// has in its place.
func stands(looks []look) standing {
	worst := isWell
	for i, l := range looks {
		if !slices.ContainsFunc(looks[i+1:], func(later look) bool { return later.replaces(l) }) {
			worst = max(worst, l.is)
		}
	}
	return worst
}

// replaces says whether a later look tells of all that an earlier one has told of. One that
// asked a part, or other suites, says nothing of the rest; and where something was worse
// and then could not be observed, nobody has seen it mended.
func (l look) replaces(earlier look) bool {
	has := func(suite string) bool { return slices.Contains(l.run.Suites, suite) }
	if l.run.Part != "" && l.run.Part != earlier.run.Part ||
		slices.ContainsFunc(earlier.run.Suites, func(suite string) bool { return !has(suite) }) {
		return false
	}
	return earlier.is != isWorse || l.is == isWorse || l.is == isWell || earlier.early() && !l.early()
}

// cellsOf is what each check comes to by several looks, sorted by check.
func cellsOf(t *tables, looks []look) []seenCell {
	state := map[int32]seenCell{}
	for _, l := range looks {
		told := map[int32]cell{}
		for _, c := range l.cells {
			if was, twice := told[c.check]; !twice || report.Worse(c.outcome, was.outcome) {
				told[c.check] = c
			}
		}
		for _, id := range t.asked[l.asked] {
			now, special := told[id]
			was, known := state[id]
			switch {
			case !known && !special && len(looks) == 1:
				continue
			case !special:
				now = cell{check: id, outcome: report.Passed}
			}
			state[id] = was.then(now, known, l.early())
		}
	}
	cells := make([]seenCell, 0, len(state))
	for _, id := range slices.Sorted(maps.Keys(state)) {
		c := state[id]
		if c.broke || c.late > 0 || c.flapped || c.outcome != report.Passed {
			cells = append(cells, c)
		}
	}
	return slices.Clip(cells)
}

// then is what a check is after one look more.
func (c seenCell) then(now cell, known, early bool) seenCell {
	next := seenCell{cell: now, early: early, broke: now.isBroken()}
	if !known || c.early && !early {
		return next
	}
	if now.outcome == report.Unknown && c.isBroken() { // nobody has seen it mended
		next.cell = c.cell
	}
	next.broke = next.broke || c.broke
	next.late, next.flapped = max(c.late, now.late), c.flapped || now.flapped
	return next
}

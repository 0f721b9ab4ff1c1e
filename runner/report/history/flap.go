package history

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"postpatch/runner/report"
)

// The weights of a flap's score.
const (
	returnWeight  = 10
	flappedWeight = 3
)

// hostRow is a check id on a host.
type hostRow struct{ host, row int32 }

// spells count how often a check on a host was ill, with a time between in which it was
// known to be well.
type spells struct {
	ill   bool
	known bool
	count int
}

// see takes in what it was next.
func (s *spells) see(ill bool) {
	if ill && (!s.known || !s.ill) {
		s.count++
	}
	s.ill, s.known = ill, true
}

// window takes in a window. What regressed was well before it, what failed before was not:
// the judge has compared.
func (s *spells) window(c seenCell) {
	switch {
	case c.outcome == report.Unknown && !c.broke: // nothing is known
	case c.outcome == report.PreExisting, c.outcome == report.Waived:
		s.see(true)
	case c.outcome == report.Fixed && !c.broke:
		s.see(true)
		s.see(false)
	case !c.broke:
		s.see(false)
	default:
		if c.outcome == report.Regressed { // it is nothing without that
			s.see(false)
		}
		s.see(true)
		if c.mended() {
			s.see(false)
		}
	}
}

// flapRow is a check id while it is gathered how it goes back and forth.
type flapRow struct {
	returns int
	most    int32 // the host where it did most often
	hosts   map[int32]bool
}

// flapping lists the checks that go back and forth.
func (c *comparison) flapping() []Flap {
	rows := map[int32]*flapRow{}
	for at, count := range c.returns() {
		r := rows[at.row]
		if r == nil {
			r = &flapRow{most: at.host, hosts: map[int32]bool{}}
			rows[at.row] = r
		}
		name := c.hosts.texts[at.host]
		if count > r.returns || count == r.returns && name < c.hosts.texts[r.most] {
			r.returns, r.most = count, at.host
		}
		r.hosts[at.host] = true
	}
	lates := c.lateRows()
	for id, l := range lates {
		if rows[id] == nil && (l.flapped >= 2 || irregular(l) > 0) {
			rows[id] = &flapRow{most: -1, hosts: map[int32]bool{}}
		}
	}
	asked := c.askedWindows()
	all := make([]Flap, 0, len(rows))
	for id, r := range rows {
		all = append(all, c.tellFlap(id, r, lates[id], asked[id]))
	}
	slices.SortFunc(all, func(a, b Flap) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(b.Hosts, a.Hosts), cmp.Compare(a.Check, b.Check))
	})
	return all
}

// irregular is by how many windows a check is late at times, and at times not.
func irregular(l *lateRow) int {
	if n := min(l.late, l.asked-l.late); n > 1 {
		return n
	}
	return 0
}

// returns count, for each check on a host that broke again after it had been well, how
// often it did.
func (c *comparison) returns() map[hostRow]int {
	ill := map[hostRow]bool{}
	for _, w := range c.windows {
		for _, h := range w.hosts {
			for _, cell := range h.cells {
				if s := cell.sign(); s != SignWell && s != SignUnknown || cell.outcome == report.Fixed {
					ill[hostRow{h.host, c.checks[cell.check].row}] = true
				}
			}
		}
	}
	all := map[hostRow]*spells{}
	for at := range ill {
		all[at] = &spells{}
	}
	for _, w := range c.windows {
		for _, h := range w.hosts {
			c.spellsOf(h, all)
		}
	}
	returns := map[hostRow]int{}
	for at, s := range all {
		if s.count > 1 {
			returns[at] = s.count - 1
		}
	}
	return returns
}

// spellsOf takes a host of a window in, where any of its checks was ever ill.
func (c *comparison) spellsOf(h seen, all map[hostRow]*spells) {
	worst := map[int32]seenCell{}
	for _, cell := range h.cells {
		row := c.checks[cell.check].row
		if was, found := worst[row]; !found || rank(cell.sign()) < rank(was.sign()) {
			worst[row] = cell
		}
	}
	done := map[int32]bool{}
	for _, id := range c.askedOf(h) {
		row := c.checks[id].row
		s := all[hostRow{h.host, row}]
		if s == nil || done[row] {
			continue
		}
		done[row] = true
		cell, special := worst[row]
		if !special {
			cell.outcome = report.Passed
		}
		s.window(cell)
	}
}

// askedWindows counts in how many windows any host was asked, by row.
func (c *comparison) askedWindows() map[int32]int {
	asked := map[int32]int{}
	for _, counts := range c.counts {
		for id, cell := range counts {
			if cell.Asked > 0 {
				asked[int32(id)]++
			}
		}
	}
	return asked
}

// tellFlap sums a check up.
func (c *comparison) tellFlap(id int32, r *flapRow, l *lateRow, asked int) Flap {
	f := Flap{Check: c.rows.texts[id], Returns: r.returns, Hosts: len(r.hosts), Asked: asked}
	f.Score = returnWeight * r.returns
	if r.most >= 0 {
		f.Most = c.hosts.texts[r.most]
	}
	var words []string
	switch {
	case r.returns == 0:
	case len(r.hosts) == 1:
		words = append(words, fmt.Sprintf("on %s it broke again %s after it had been well", f.Most, times(r.returns)))
	default:
		words = append(words, fmt.Sprintf("on %s it broke again after it had been well, most often on %s: %s",
			report.Count(len(r.hosts), "host"), f.Most, times(r.returns)))
	}
	if l != nil {
		f.Flapped, f.Late = l.flapped, l.late
		f.Hosts = max(f.Hosts, len(l.hosts))
		f.Score += flappedWeight*l.flapped + irregular(l)
		if l.flapped > 0 {
			words = append(words, fmt.Sprintf("became ill again while it was waited for in %s",
				report.Count(l.flapped, "window")))
		}
		if l.late > 0 {
			words = append(words, fmt.Sprintf("came up late in %d of %s", l.late, report.Count(l.asked, "window")))
		}
	}
	f.Words = strings.Join(words, "; ")
	return f
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

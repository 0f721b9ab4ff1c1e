package history

import (
	"cmp"
	"slices"

	"postpatch/runner/report"
)

// broke lists the checks that broke in a window, or were broken before one.
func (c *comparison) broke() []Broke {
	rows := map[int32]*row{}
	for _, w := range c.windows {
		for _, h := range w.hosts {
			for _, cell := range h.cells {
				if cell.broke || wasBefore(cell) {
					rowOf(rows, c.checks[cell.check].row).note(h.host, cell.broke)
				}
			}
		}
	}
	for _, counts := range c.counts {
		for id, r := range rows {
			r.cells = append(r.cells, counts[id])
		}
	}
	for id, check := range c.checks {
		if r := rows[check.row]; r != nil {
			r.checks = append(r.checks, int32(id))
		}
	}
	all := make([]Broke, 0, len(rows))
	for id, r := range rows {
		all = append(all, c.tellRow(id, r))
	}
	slices.SortFunc(all, func(a, b Broke) int {
		return cmp.Or(cmp.Compare(b.Windows, a.Windows), cmp.Compare(b.Before, a.Before),
			cmp.Compare(b.HostsAll, a.HostsAll), cmp.Compare(a.Check, b.Check))
	})
	return all
}

// row is one check id while it is gathered over the windows.
type row struct {
	cells         []Cell
	checks        []int32        // of the suites that have it
	broke, before map[int32]bool // the hosts
}

func rowOf(rows map[int32]*row, id int32) *row {
	if rows[id] == nil {
		rows[id] = &row{broke: map[int32]bool{}, before: map[int32]bool{}}
	}
	return rows[id]
}

func (r *row) note(host int32, broke bool) {
	if broke {
		r.broke[host] = true
	} else {
		r.before[host] = true
	}
}

// wasBefore says whether a check failed before the window, or somebody has said that it may.
func wasBefore(c seenCell) bool {
	return c.outcome == report.PreExisting || c.outcome == report.Waived
}

// tellRow sums a check up.
func (c *comparison) tellRow(id int32, r *row) Broke {
	b := Broke{Check: c.rows.texts[id], Cells: r.cells}
	for _, cell := range r.cells {
		switch cell.Sign {
		case SignBroke, SignMended:
			b.Windows++
		case SignBefore:
			b.Before++
		default:
		}
		if cell.Asked > 0 {
			b.Asked++
		}
	}
	hosts := r.broke
	if len(hosts) == 0 {
		hosts = r.before
	}
	b.HostsAll = len(hosts)
	b.Hosts, _ = cutTo(someHosts, c.namesOf(hosts))
	b.Suites, b.Owners = c.sources(r.checks)
	return b
}

// sources are the suites that have these checks, and whose they are there.
func (c *comparison) sources(checks []int32) (suites, owners []string) {
	const most = 20
	for _, id := range checks {
		suites = append(suites, c.checks[id].suite)
		if owner := c.checks[id].owner; owner != "" {
			owners = append(owners, owner)
		}
	}
	slices.Sort(suites)
	slices.Sort(owners)
	suites, _ = cutTo(most, slices.Compact(suites))
	owners, _ = cutTo(most, slices.Compact(owners))
	return suites, owners
}

// namesOf are the names of hosts, sorted.
func (c *comparison) namesOf(hosts map[int32]bool) []string {
	all := make([]string, 0, len(hosts))
	for host := range hosts {
		all = append(all, c.hosts.texts[host])
	}
	slices.Sort(all)
	return all
}

// grid counts, for each window, what each row was, on how many hosts.
func (c *comparison) grid() [][]Cell {
	grid := make([][]Cell, len(c.windows))
	for i, w := range c.windows {
		counts := make([]Cell, len(c.rows.texts))
		counted := make([]int, len(c.rows.texts)) // the host that was counted last
		for n, h := range w.hosts {
			if !h.chosen {
				continue
			}
			for _, id := range c.askedOf(h) {
				if row := c.checks[id].row; counted[row] != n+1 { // several suites may have it
					counted[row] = n + 1
					counts[row].Asked++
				}
			}
			for row, s := range c.worstOf(h.cells) {
				counts[row].add(s)
			}
		}
		for row := range counts {
			counts[row].Sign = counts[row].sign()
		}
		grid[i] = counts
	}
	return grid
}

// worstOf is what each id of a host's checks was, of all suites that have it.
func (c *comparison) worstOf(cells []seenCell) map[int32]Sign {
	worst := map[int32]Sign{}
	for _, cell := range cells {
		row, sign := c.checks[cell.check].row, cell.sign()
		if was, found := worst[row]; !found || rank(sign) < rank(was) {
			worst[row] = sign
		}
	}
	return worst
}

// Signs lists the signs, the worst first.
func Signs() []Sign {
	return []Sign{SignBroke, SignMended, SignUnknown, SignBefore, SignWell, SignUnasked}
}

func rank(s Sign) int { return slices.Index(Signs(), s) }

func (c seenCell) sign() Sign {
	switch {
	case c.mended():
		return SignMended
	case c.isBroken(), c.broke:
		return SignBroke
	case wasBefore(c):
		return SignBefore
	case c.outcome == report.Unknown:
		return SignUnknown
	default:
		return SignWell
	}
}

func (c *Cell) add(s Sign) {
	switch s {
	case SignBroke:
		c.Broke++
	case SignMended:
		c.Broke++
		c.Mended++
	case SignUnknown:
		c.Unknown++
	case SignBefore:
		c.Before++
	default:
	}
}

func (c Cell) sign() Sign {
	switch {
	case c.Asked == 0:
		return SignUnasked
	case c.Broke > c.Mended:
		return SignBroke
	case c.Broke > 0:
		return SignMended
	case c.Unknown > 0:
		return SignUnknown
	case c.Before > 0:
		return SignBefore
	default:
		return SignWell
	}
}

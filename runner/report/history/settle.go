package history

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// What makes a host slow: it takes half as long again as the fleet, and half a minute more.
const (
	slowTimes = 1.5
	slowBy    = 30 * time.Second
	steadyBy  = 1.25
)

// settling tells how long hosts took that had to be waited for.
func (c *comparison) settling() Settling {
	byHost := map[int32][]time.Duration{}
	fleet := make([]time.Duration, len(c.windows)) // the median of each window
	var all []time.Duration
	for i, w := range c.windows {
		var times []time.Duration
		for _, h := range w.hosts {
			if h.settled == 0 || !h.chosen {
				continue
			}
			if byHost[h.host] == nil {
				byHost[h.host] = make([]time.Duration, len(c.windows))
			}
			byHost[h.host][i] = h.settled
			times = append(times, h.settled)
		}
		fleet[i] = median(times)
		all = append(all, times...)
	}
	s := Settling{Times: len(all), Median: median(all), Most: ninth(all)}
	var slow []Slow
	for host, times := range byHost {
		if h, is := slowest(times, fleet); is {
			h.Host = c.hosts.texts[host]
			slow = append(slow, h)
		}
	}
	slices.SortFunc(slow, func(a, b Slow) int {
		return cmp.Or(cmp.Compare(b.Median, a.Median), cmp.Compare(b.Worst, a.Worst), cmp.Compare(a.Host, b.Host))
	})
	s.Slow, s.MoreSlow = cutTo(mostListed, slow)
	s.Late, s.MoreLate = cutTo(mostListed, c.late())
	return s
}

// ninth is the time within which nine of ten are.
func ninth(times []time.Duration) time.Duration {
	if len(times) == 0 {
		return 0
	}
	times = slices.Clone(times)
	slices.Sort(times)
	return times[(len(times)*9+9)/10-1]
}

// slowest sums up a host's times, and says whether it is slow.
func slowest(times, fleet []time.Duration) (Slow, bool) {
	s := Slow{Times: times}
	var known, others []time.Duration
	var ratios []float64
	for i, t := range times {
		if t == 0 {
			continue
		}
		known, others = append(known, t), append(others, fleet[i])
		ratios = append(ratios, float64(t)/float64(max(fleet[i], 1)))
		if t >= s.Worst {
			s.Worst, s.WorstIn = t, i+1
		}
	}
	slices.Sort(ratios)
	s.Windows, s.Median = len(known), median(known)
	s.Fleet = math.Round(ratios[(len(ratios)-1)/2]*100) / 100
	var by time.Duration
	s.Trend, by = trendOf(known)
	than := s.Median - median(others)
	return s, s.Fleet >= slowTimes && than >= slowBy || s.Trend == Slower && by >= slowBy
}

// trendOf holds the later half of some times against the earlier one, and says by how much
// they are longer.
func trendOf(times []time.Duration) (Trend, time.Duration) {
	const least = 4
	if len(times) < least {
		return TrendUnknown, 0
	}
	half := len(times) / 2
	was, is := median(times[:half]), median(times[len(times)-half:])
	switch {
	case float64(is) > float64(was)*steadyBy:
		return Slower, is - was
	case float64(was) > float64(is)*steadyBy:
		return Quicker, is - was
	default:
		return Steady, is - was
	}
}

// lateRow is a check id while it is gathered how it came up.
type lateRow struct {
	late, flapped, asked int // windows in which hosts were waited for
	hosts                map[int32]bool
	worst                time.Duration
}

// lateRows gather of each check how often it came up late.
func (c *comparison) lateRows() map[int32]*lateRow {
	rows := map[int32]*lateRow{}
	for _, w := range c.windows {
		late, flapped := map[int32]bool{}, map[int32]bool{}
		for _, h := range w.hosts {
			for _, cell := range h.cells {
				if cell.late == 0 && !cell.flapped {
					continue
				}
				id := c.checks[cell.check].row
				if rows[id] == nil {
					rows[id] = &lateRow{hosts: map[int32]bool{}}
				}
				rows[id].hosts[h.host] = true
				rows[id].worst = max(rows[id].worst, cell.late)
				late[id], flapped[id] = late[id] || cell.late > 0, flapped[id] || cell.flapped
			}
		}
		for id, r := range rows {
			if late[id] {
				r.late++
			}
			if flapped[id] {
				r.flapped++
			}
		}
	}
	for i, w := range c.windows {
		for id, r := range rows {
			if w.waited() && c.counts[i][id].Asked > 0 {
				r.asked++
			}
		}
	}
	return rows
}

// waited says whether a run of the window has waited for hosts.
func (w window) waited() bool {
	return slices.ContainsFunc(w.facts, func(f *facts) bool { return f.of.Pass == settledPass }) ||
		slices.ContainsFunc(w.hosts, func(h seen) bool { return h.settled > 0 })
}

// late lists the checks that had to be waited for in most of the windows, and in two at
// least.
func (c *comparison) late() []Late {
	var all []Late
	for id, r := range c.lateRows() {
		if r.late >= 2 && 2*r.late >= r.asked {
			all = append(all, Late{
				Check: c.rows.texts[id], Windows: r.late, Asked: r.asked, Hosts: len(r.hosts), Worst: r.worst,
			})
		}
	}
	slices.SortFunc(all, func(a, b Late) int {
		return cmp.Or(cmp.Compare(b.Worst, a.Worst), cmp.Compare(b.Windows, a.Windows), cmp.Compare(a.Check, b.Check))
	})
	return all
}

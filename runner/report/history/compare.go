package history

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"postpatch/runner/report"
)

// Bounds of the lists of a History; what is more is counted.
const (
	mostListed = 1000
	someHosts  = 20
)

// comparison holds the windows side by side.
type comparison struct {
	*tables
	windows []window
	told    []Window
	counts  [][]Cell // of each window, by row
}

// History compares the windows of these groups, of which the runs have been taken. A window
// of which none has is left out.
func (c *Collector) History(groups []Group) History {
	h := History{
		Version: Version, Store: report.CleanLine(c.options.Store), Choice: c.options.Choice,
		Windows: []Window{}, Broke: []Broke{}, Flapping: []Flap{}, CannotTell: []string{},
		Settling: Settling{Slow: []Slow{}, Late: []Late{}},
	}
	all := comparison{tables: c.tables}
	for _, g := range groups {
		var runs []*facts
		for _, r := range g {
			if f := c.facts[r.Name]; f != nil {
				runs = append(runs, f)
			}
		}
		if len(runs) == 0 {
			continue
		}
		w := gather(c.tables, runs)
		all.windows = append(all.windows, w)
		all.told = append(all.told, all.tell(g, w, len(all.told)+1))
	}
	all.counts = all.grid()
	h.Windows = append(h.Windows, all.told...)
	h.Broke, h.MoreBroke = cutTo(mostListed, all.broke())
	h.Settling = all.settling()
	h.Flapping, h.MoreFlapping = cutTo(mostListed, all.flapping())
	h.CannotTell = append(append(h.CannotTell, c.gaps...), all.gaps()...)
	return h
}

// cutTo leaves the first of very many, and counts the others.
func cutTo[T any](most int, all []T) (first []T, more int) {
	if all == nil {
		all = []T{}
	}
	if more = len(all) - most; more <= 0 {
		return all, 0
	}
	return all[:most], more
}

// tell sums a window up.
func (c *comparison) tell(g Group, w window, number int) Window {
	told := Window{
		Number: number, Plan: w.facts[0].of.Plan, Began: sane(g.Began()), Baselines: []string{},
		Counts: map[report.Outcome]int{}, EarlyOnly: true, Runs: []Told{},
	}
	for _, r := range g {
		run := Told{
			Run: named(r.Name), Wave: named(r.Wave), Pass: named(r.Pass), Part: named(r.Part),
			Baseline: named(r.Baseline), Started: sane(r.Started),
		}
		i := slices.IndexFunc(w.facts, func(f *facts) bool { return f.of.Name == r.Name })
		if i >= 0 {
			s := w.facts[i].summary
			run.Took, run.Verdict, run.Reason, run.ExitCode = s.Took, s.Verdict, s.Reason, s.ExitCode
			told.Took += s.Took
			told.EarlyOnly = told.EarlyOnly && r.Pass == Early
			if s.Finished.After(told.Finished) {
				told.Finished = s.Finished
			}
		}
		told.Runs = append(told.Runs, run)
		if run.Baseline != "" && !slices.Contains(told.Baselines, run.Baseline) {
			told.Baselines = append(told.Baselines, run.Baseline)
		}
	}
	told.Verdict = w.verdict()
	if told.Verdict == isWell.String() && len(w.facts) < len(g) { // nobody knows of the others
		told.Verdict = isUnknown.String()
	}
	c.count(w, &told)
	return told
}

// verdict is the run's. Of several runs it is what all hosts come to, by the rule by which
// each run's is made.
func (w window) verdict() string {
	if len(w.facts) == 1 {
		return w.facts[0].summary.Verdict
	}
	worst := isWell
	for _, h := range w.hosts {
		worst = max(worst, h.is)
	}
	for _, f := range w.facts {
		if f.left > 0 { // it may be for one of the hosts that are not kept
			worst = max(worst, standingFor(f.summary.ExitCode))
		}
	}
	return worst.String()
}

// count counts what there is of a window's hosts.
func (c *comparison) count(w window, told *Window) {
	var times []time.Duration
	for _, h := range w.hosts {
		if !h.chosen {
			continue
		}
		if h.real {
			told.Hosts++
		}
		if h.silent {
			told.Unreachable++
		}
		if h.reboot {
			told.Rebooted++
		}
		told.Partly = told.Partly || h.partly
		if h.settled > 0 {
			times = append(times, h.settled)
			name := c.hosts.texts[h.host]
			s := told.Slowest
			if s == nil || h.settled > s.After || h.settled == s.After && name < s.Host {
				told.Slowest = &HostTime{name, h.settled}
			}
		}
		plain := len(c.askedOf(h))
		for _, cell := range h.cells {
			if cell.outcome != report.Passed {
				told.Counts[cell.outcome]++
				plain--
			}
			if cell.mended() {
				told.Mended++
			}
		}
		if plain > 0 {
			told.Counts[report.Passed] += plain
		}
	}
	told.MedianSettle = median(times)
}

// askedOf are the checks that a host was asked in a window.
func (c *comparison) askedOf(h seen) []int32 {
	if len(h.sets) == 1 {
		return c.asked[h.sets[0]]
	}
	var all []int32
	for _, set := range h.sets {
		all = append(all, c.asked[set]...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// median is the middle one, the lower of two.
func median(times []time.Duration) time.Duration {
	if len(times) == 0 {
		return 0
	}
	times = slices.Clone(times)
	slices.Sort(times)
	return times[(len(times)-1)/2]
}

// gaps are what the windows themselves say of what they do not tell.
func (c *comparison) gaps() []string {
	var early, partly []string
	var gaps []string
	for i, w := range c.windows {
		number := fmt.Sprint(c.told[i].Number)
		if c.told[i].EarlyOnly {
			early = append(early, number)
		}
		parts := map[string]bool{}
		for _, f := range w.facts {
			if f.of.Part != "" && c.told[i].Partly && !parts[f.of.Part] {
				parts[f.of.Part] = true
				partly = append(partly, number+" ("+f.of.Part+")")
			}
			if f.left > 0 {
				gaps = append(gaps, fmt.Sprintf("%s of run %s %s more than are kept in memory: choose with --host or --check",
					report.Count(f.left, "host"), named(f.of.Name), pick(f.left, "is", "are")))
			}
		}
	}
	if len(early) > 0 {
		gaps = append(gaps, fmt.Sprintf("window %s: only the early pass has looked, and what comes up late was not up yet",
			strings.Join(early, ", ")))
	}
	if len(partly) > 0 {
		gaps = append(gaps, fmt.Sprintf("window %s: a part of the suites' checks alone was asked of some hosts",
			strings.Join(partly, ", ")))
	}
	return gaps
}

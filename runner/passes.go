package runner

import (
	"fmt"
	"strings"

	"postpatch/baseline"
	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/runner/report"
	"postpatch/suites"
)

// Earlier is a pass of the same window, before the one that is judged.
type Earlier struct {
	Pass suites.Pass
	Run  string
	// Host reads a host's part of it; it is not ok where there is none.
	Host func(name string) (h baseline.Host, ok bool)
}

// After lets a pass be held against those before it, oldest first, too.
func (p *Planning) After(pass suites.Pass, earlier []Earlier) { p.pass, p.earlier = pass, earlier }

// sightings are what the passes before have of the host, oldest first.
func (j judging) sightings() []passed {
	var all []passed
	for _, e := range j.planning.earlier {
		if h, ok := e.Host(j.host.Name); ok && h.Unreachable == "" {
			all = append(all, passed{string(e.Pass), h})
		}
	}
	return all
}

// passed is what a pass before has of a host.
type passed struct {
	name string
	seen baseline.Host
}

// passes holds the host against the passes before: what is new since, whether it was
// restarted since, and what grows from pass to pass.
func (j judging) passes(h *report.Host, before *baseline.Host) {
	all := j.sightings()
	if len(all) > 0 {
		j.since(h, all[len(all)-1], before)
	}
	j.restarted(h, all)
	for i, c := range j.host.Checks {
		for _, spec := range c.Kind.Readings {
			if spec.Trend > 0 && len(all) > 0 {
				j.trend(&h.Checks[i], c, spec, all)
			}
		}
	}
}

// since says of every finding whether the pass before had it, too.
func (j judging) since(h *report.Host, last passed, before *baseline.Host) {
	plain := NewPlanning(j.planning.plan)
	plain.waive = j.planning.waive
	was := Judge(Visit{Host: j.host, Seen: last.seen}, before, plain)
	had := map[spot]report.Outcome{}
	for _, c := range was.Checks {
		for _, f := range c.Findings {
			had[spot{c.Suite + "/" + c.ID, place{f.Item, f.Reading}}] = f.Outcome
		}
	}
	for i, c := range h.Checks {
		for k, f := range c.Findings {
			if !fails(f) && f.Outcome != report.Drifted {
				continue
			}
			outcome, found := had[spot{c.Suite + "/" + c.ID, place{f.Item, f.Reading}}]
			h.Checks[i].Findings[k].Pass = report.Since{Pass: last.name, Had: found && outcome == f.Outcome}
		}
	}
}

// restarted holds a restart since the pass before against the plan. Where no pass before
// has seen the host, nobody can tell.
func (j judging) restarted(h *report.Host, all []passed) {
	wanted := j.planning.plan.Passes[j.planning.pass]
	if wanted == "" || wanted == suites.RebootAllowed {
		return
	}
	last := passed{name: "the pass before"}
	p := untold(Proof{}, "no pass before this one has seen the host")
	for _, earlier := range all {
		if earlier.name != string(j.planning.pass) { // of two late ones the second needs no other restart
			last = earlier
			p = proofOf(newSide(&earlier.seen), j.now, j.host.Checks)
		}
	}
	r := report.Check{
		ID: "reboot since " + last.name, Kind: "plan", Suite: j.planning.plan.Name, File: j.planning.plan.File,
		Outcome: report.Passed,
	}
	says := fmt.Sprintf("the plan says of the %s pass reboot: %s", j.planning.pass, wanted)
	switch {
	case !p.State.Known():
		r.Outcome, r.Error = report.Unknown, says+", and "+p.Words
	case wanted == suites.RebootRequired && !p.State.Done(), wanted == suites.RebootForbidden && p.State.Done():
		add(&r, report.Finding{
			Reading: "reboot", Outcome: report.Unmet, Wanted: says, HasNow: true,
			Now: p.Words + ", since the " + last.name + " pass",
		})
	}
	h.Checks = append(h.Checks, r)
}

// trend tells what grows from pass to pass, and beyond what it was before the patch: a
// leak is slow, and no single pass shows it.
func (j judging) trend(r *report.Check, c *suites.Check, spec probes.ReadingSpec, all []passed) {
	was := j.before.of(c.Key())
	for at := range j.now.of(c.Key()).all() {
		first, known := number(was.at(at))
		if at.reading != spec.Name || !known {
			continue
		}
		steps := []float64{}
		words := []string{was.at(at).String() + " at the baseline"}
		for _, pass := range all {
			v := newSide(&pass.seen).of(c.Key()).at(at)
			if n, ok := number(v); ok {
				steps, words = append(steps, n), append(words, v.String()+" "+pass.name)
			}
		}
		v := j.now.of(c.Key()).at(at)
		n, _ := number(v)
		steps, words = append(steps, n), append(words, v.String()+" now")
		if len(steps) < 2 || !grows(steps, first, spec.Trend) {
			continue
		}
		allowed, _ := j.planning.allows(c, baseline.Change{
			Op: baseline.Changed, Key: fact.Key{Item: at.item, Name: at.reading}, After: v,
		})
		add(r, detached(report.Finding{
			Item: at.item, Reading: at.reading, Outcome: driftUnless(allowed), Severity: fact.Warn.String(),
			Before: was.at(at).String(), HasBefore: true, Now: strings.Join(words, ", "), HasNow: true,
			Wanted: fmt.Sprintf("not to grow by more than %v%% from pass to pass", spec.Trend),
		}))
	}
}

// grows says whether every step is larger than the one before, and the last one than
// before the patch, by more than so many percent.
func grows(steps []float64, before, percent float64) bool {
	more := func(a, b float64) bool { return b > a*(1+percent/100) && b > a }
	for i := range steps[1:] {
		if !more(steps[i], steps[i+1]) {
			return false
		}
	}
	return more(before, steps[len(steps)-1])
}

func number(v fact.Value) (float64, bool) {
	switch v := v.(type) {
	case fact.Int:
		return float64(v), true
	case fact.Duration:
		return float64(v), true
	default:
		return 0, false
	}
}

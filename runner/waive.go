package runner

import (
	"fmt"
	"slices"
	"time"

	"postpatch/probes/fact"
	"postpatch/runner/report"
	"postpatch/suites"
)

// waiving is what may be wrong, and the time by which that is decided. Without a
// time nothing is waived.
type waiving struct {
	waivers []suites.Waiver
	at      time.Time
}

// Waive takes in the suites' waivers, beside those of the plan, as they stand when
// the run started.
func (p *Planning) Waive(waivers []suites.Waiver, started time.Time) {
	p.waive = waiving{slices.Concat(waivers, p.plan.Waivers), started}
	if started.IsZero() {
		p.waive.waivers = nil
	}
}

// Over names the waivers whose last day is over, for the run's notes: whether
// they cover anything or are only left over, somebody has to look at them.
func (p *Planning) Over() []string {
	var all []string
	for _, w := range p.waive.waivers {
		if w.Over(p.waive.at) {
			all = append(all, fmt.Sprintf("%s:%d (%s, until %s)", w.File, w.Line, w.Pattern, w.Day()))
		}
	}
	return all
}

// of is the waiver of a finding: of several the one that holds longest, and of
// these the first.
func (w waiving) of(h suites.Host, c *suites.Check, f report.Finding) (best suites.Waiver, found bool) {
	for _, one := range w.waivers {
		if one.Covers(h, c, f.Item, f.Reading) && (!found || one.Until.After(best.Until)) {
			best, found = one, true
		}
	}
	return best, found
}

// waive lets pass of a check what a waiver covers, finding by finding, and lets
// fail what a waiver has covered that is over. What could not be observed stays
// unknown: nobody knows that it is what the waiver speaks of.
func (j judging) waive(c *report.Check, d draft) {
	changed := false
	for i, f := range c.Findings {
		if !waivable(f) {
			continue
		}
		w, found := j.planning.waive.of(j.planning.host, d.sheet.c, f)
		if !found {
			continue
		}
		c.Findings[i], changed = underWaiver(f, w, w.Over(j.planning.waive.at)), true
	}
	if !changed {
		return
	}
	findings := c.Findings
	c.Findings, c.Outcome, c.Failing = nil, d.check.Outcome, false
	for _, f := range findings {
		add(c, f)
	}
	slices.SortStableFunc(c.Findings, mildestFirst)
	if d.check.Outcome == report.Passed && len(d.sheet.now) == 0 && !c.Failing {
		c.Outcome, c.Error = report.Unknown, toldNothing
	}
}

// waivable says whether a finding is one that a waiver may be about: what the plan
// wants is not, and a note needs none.
func waivable(f report.Finding) bool {
	switch f.Outcome {
	case report.Regressed, report.Failed, report.PreExisting:
		return true
	case report.Drifted:
		return f.Severity != fact.Note.String()
	default:
		return false
	}
}

func underWaiver(f report.Finding, w suites.Waiver, over bool) report.Finding {
	f.Waiver = report.Waiver{
		Was: f.Outcome, Until: w.Day(), Over: over, Reason: w.Reason, Ticket: w.Ticket, Owner: w.Owner,
		File: w.File, Line: w.Line,
	}
	if f.Outcome == report.Drifted && f.Wanted != "" {
		f.Wanted = "rule: " + f.Wanted
	}
	f.Outcome = report.Waived
	if over {
		f.Outcome = report.Failed
		if f.Wanted != "" {
			f.Wanted += "; "
		}
		f.Wanted += "the waiver until " + w.Day() + " is over: " + w.Reason
	}
	return f
}

func waivedOf(c report.Check) int {
	n := 0
	for _, f := range c.Findings {
		if f.Outcome == report.Waived {
			n++
		}
	}
	return n
}

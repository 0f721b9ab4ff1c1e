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

// reboot proves whether the host has rebooted, notes it on the host and holds it
// against the plan.
func (j judging) reboot(h *report.Host, checks []*suites.Check) {
	p := proofOf(j.before, j.now, checks)
	plan := j.planning.plan.Reboot
	if p.asked >= 0 || plan != suites.RebootAllowed {
		h.Reboot = p.Reboot
	}
	h.RebootKnown = p.State.Known()
	if p.State.Done() {
		h.Rebooted = new(p.Started.UTC())
	}
	if p.asked >= 0 {
		j.starts(&h.Checks[p.asked], checks[p.asked], p)
	}
	wanted := ""
	switch open := p.State == report.RebootUnknown && plan != suites.RebootAllowed; {
	case open, plan == suites.RebootRequired && p.State == report.RebootConfiguring:
		h.Checks = append(h.Checks, report.Check{
			ID: "reboot", Kind: "plan", Suite: j.planning.plan.Name, File: j.planning.plan.File, Outcome: report.Unknown,
			Error: "the plan says reboot: " + string(plan) + ", and " + j.unproven(h.Host, p),
		})
	case plan == suites.RebootRequired && p.State == report.NotRebooted:
		wanted = "the plan says reboot: required, and the host " + p.Words
	case plan == suites.RebootForbidden && p.State.Done():
		wanted = "the plan says reboot: forbidden, and the host has " + p.Words
	}
	if told := len(h.Checks) > len(checks); !told && p.note != "" {
		h.Notes = append(h.Notes, h.Host+" "+p.note)
	}
	if wanted != "" {
		add(&h.Checks[p.asked], report.Finding{
			Reading: roleOf(checks[p.asked].Kind, probes.BootTime), Outcome: report.Unmet, Wanted: wanted,
			Before: fact.Time(p.before.boot).String(), Now: fact.Time(p.now.boot).String(), HasBefore: true, HasNow: true,
		})
	}
}

// unproven says what is missing for the plan to be met or unmet.
func (j judging) unproven(host string, p Proof) string {
	if p.State == report.RebootConfiguring {
		return host + " has " + p.Words + "; verify again"
	}
	return p.Words
}

// starts tells when a host was started more than once since the baseline, and why
// each time: a patch may need two, and a host that starts again and again is
// broken.
func (j judging) starts(told *report.Check, c *suites.Check, p Proof) {
	if len(p.log.boots) < 2 {
		return
	}
	name := roleOf(c.Kind, probes.Boots)
	now := j.now.of(c.Key()).at(place{"", name})
	change := baseline.Change{Op: baseline.Changed, Key: fact.Key{Name: name}, After: now}
	allowed, _ := j.planning.allows(c, change)
	starts := p.log.texts()
	words := rebootedTimes(len(starts))
	switch {
	case p.log.flaw != "": // nothing proves that these are all
		words = fmt.Sprintf("at least %d starts since the baseline", len(starts))
	case !p.State.Done():
		words = fmt.Sprintf("%d starts since the baseline", len(starts))
	}
	add(told, report.Finding{
		Reading: name, Outcome: driftUnless(allowed), Severity: fact.Warn.String(),
		Now: words + ": " + strings.Join(fewOf(starts), ", "), HasNow: true,
		Wanted: "one reboot since the baseline",
	})
}

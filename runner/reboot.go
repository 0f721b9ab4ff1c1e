package runner

import (
	"fmt"
	"strings"
	"time"

	"postpatch/baseline"
	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/runner/report"
	"postpatch/suites"
)

// reboot holds the boot times against the plan and notes a reboot on the host.
func (j judging) reboot(h *report.Host, checks []suites.Check) {
	for i, c := range checks {
		for _, spec := range c.Kind.Readings {
			if spec.Role != probes.BootTime {
				continue
			}
			before, okBefore := j.before.of(c.Key()).at(place{"", spec.Name}).(fact.Time)
			now, okNow := j.now.of(c.Key()).at(place{"", spec.Name}).(fact.Time)
			if !okBefore || !okNow {
				continue
			}
			h.RebootKnown = true
			later := time.Time(now).Sub(time.Time(before)) > clockTolerance
			if later {
				h.Rebooted = new(time.Time(now).UTC())
			}
			j.starts(&h.Checks[i], c, time.Time(before))
			if wanted := j.rebootWanted(later); wanted != "" {
				add(&h.Checks[i], report.Finding{
					Reading: spec.Name, Outcome: report.Unmet, Wanted: wanted,
					Before: before.String(), Now: now.String(), HasBefore: true, HasNow: true,
				})
			}
			return
		}
	}
	if j.planning.plan.Reboot != suites.RebootAllowed {
		h.Checks = append(h.Checks, report.Check{
			ID: "reboot", Kind: "plan", Suite: j.planning.plan.Name, File: j.planning.plan.File, Outcome: report.Unknown,
			Error: fmt.Sprintf("the plan says reboot: %s, and no boot time was observed before and now: "+
				"add `- os: {}` to the host's checks", j.planning.plan.Reboot),
		})
	}
}

func (j judging) rebootWanted(rebooted bool) string {
	switch {
	case j.planning.plan.Reboot == suites.RebootRequired && !rebooted:
		return "the plan says reboot: required, and the host has not rebooted since the baseline"
	case j.planning.plan.Reboot == suites.RebootForbidden && rebooted:
		return "the plan says reboot: forbidden, and the host has rebooted"
	default:
		return ""
	}
}

// starts tells when a host was started more than once since the baseline, and why
// each time: a patch may need two, and a host that starts again and again is
// broken.
func (j judging) starts(told *report.Check, c suites.Check, baselineBoot time.Time) {
	for _, spec := range c.Kind.Readings {
		now, ok := j.now.of(c.Key()).at(place{"", spec.Name}).(fact.Set)
		if spec.Role != probes.Boots || !ok {
			continue
		}
		var since []string
		for _, start := range now.Elems() {
			text, _, _ := strings.Cut(start, " ")
			at, err := time.Parse(time.RFC3339, text)
			if err == nil && at.Sub(baselineBoot) > clockTolerance {
				since = append(since, start)
			}
		}
		if len(since) > 1 {
			key := fact.Key{Name: spec.Name}
			allowed, _ := j.planning.allows(c, baseline.Change{Op: baseline.Changed, Key: key, After: now})
			add(told, report.Finding{
				Reading: spec.Name, Outcome: driftUnless(allowed), Severity: fact.Warn.String(),
				Now: fmt.Sprintf("%d starts since the baseline: %s", len(since), fewOf(since)), HasNow: true,
				Wanted: "one start",
			})
		}
	}
}

// fewOf lists the first and the last ones of many.
func fewOf(starts []string) string {
	const most = 5
	if len(starts) <= most {
		return strings.Join(starts, ", ")
	}
	more := fmt.Sprintf("%d more", len(starts)-most)
	return strings.Join([]string{starts[0], more, strings.Join(starts[len(starts)-most+1:], ", ")}, ", ")
}

package runner

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"postpatch/baseline"
	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/runner/report"
	"postpatch/suites"
)

// clockTolerance is how far a host's reported boot time moves without a reboot:
// Windows computes it from clock and uptime, and the clock is set after a boot.
const clockTolerance = 2 * time.Minute

// The marks of checks that have nothing to be compared with.
const (
	markNew        = "new"         // the check is not in the baseline
	markNoBaseline = "no baseline" // it is, but could not be observed then
)

// Judge says what a visit comes to. Before is the host's part of the baseline;
// nil judges without one, as capture does. Plan may be nil.
func Judge(v Visit, before *baseline.Host, plan *suites.Plan) report.Host {
	h := report.Host{
		Host: v.Host.Name, Unreachable: v.Seen.Unreachable, Started: v.Started, Took: v.Took,
		Counts: map[report.Outcome]int{}, Ignored: map[string]int{}, Outcome: report.Skipped,
	}
	j := judging{now: newSide(&v.Seen), before: newSide(before), plan: plan}
	if plan == nil {
		j.plan = &suites.Plan{Reboot: suites.RebootAllowed}
	}
	if before != nil {
		h.Problem = otherMachine(before.Identity, v.Seen.Identity)
		j.changes, h.Ignored = compare(v, *before)
	}
	for _, c := range v.Host.Checks {
		h.Checks = append(h.Checks, j.check(c, h.Problem))
	}
	if before != nil && h.Unreachable == "" && h.Problem == "" {
		j.reboot(&h, v.Host.Checks)
	}
	for _, c := range h.Checks {
		h.Counts[c.Outcome]++
		if report.Worse(c.Outcome, h.Outcome) {
			h.Outcome = c.Outcome
		}
	}
	return h
}

// otherMachine compares identities. One that was not learnt proves nothing.
func otherMachine(before, now string) string {
	if before == "" || now == "" || before == now {
		return ""
	}
	return fmt.Sprintf("another machine answers: the baseline is of %s, now it is %s", before, now)
}

// compare runs the diff by the checks' rules; it returns the changes by check,
// and how many each rule hid.
func compare(v Visit, before baseline.Host) (map[string][]baseline.Change, map[string]int) {
	checks := make(map[string]suites.Check, len(v.Host.Checks))
	for _, c := range v.Host.Checks {
		checks[c.Key()] = c
	}
	result := baseline.Diff(before, v.Seen, func(k fact.Key) fact.Rule {
		return checks[k.Check].Compare[k.Name].Rule
	})
	changes := map[string][]baseline.Change{}
	for _, change := range result.Changes {
		// Checks that are no longer in the suite are named in the run's notes.
		if _, asked := checks[change.Key.Check]; asked {
			changes[change.Key.Check] = append(changes[change.Key.Check], change)
		}
	}
	ignored := map[string]int{}
	for _, change := range result.Ignored {
		if c, asked := checks[change.Key.Check]; asked {
			ignored[c.Kind.Name+"."+change.Key.Name+": "+c.Compare[change.Key.Name].Rule.String()]++
		}
	}
	return changes, ignored
}

// judging is what judging one host needs.
type judging struct {
	before, now side
	changes     map[string][]baseline.Change
	plan        *suites.Plan
}

// side is one snapshot of a host, readable by check.
type side struct {
	exists   bool
	checks   map[string]baseline.Check
	readings map[string]map[place]fact.Value
}

// place is where in a check a reading stands.
type place struct{ item, reading string }

func newSide(h *baseline.Host) side {
	if h == nil {
		return side{}
	}
	s := side{
		exists:   true,
		checks:   make(map[string]baseline.Check, len(h.Checks)),
		readings: make(map[string]map[place]fact.Value, len(h.Checks)),
	}
	for _, c := range h.Checks {
		s.checks[c.Check] = c
	}
	for _, r := range h.Readings {
		values := s.readings[r.Key.Check]
		if values == nil {
			values = map[place]fact.Value{}
			s.readings[r.Key.Check] = values
		}
		values[place{r.Key.Item, r.Key.Name}] = r.Value
	}
	return s
}

// observed says whether the check was observed, and if not, why.
func (s side) observed(check string) (ok bool, why string) {
	record, found := s.checks[check]
	switch {
	case !found:
		return false, "it was not tried"
	case record.Error != "":
		return false, record.Error
	default:
		return true, ""
	}
}

// items returns the items that have the reading, or with an empty reading all.
func (s side) items(check, reading string) map[string]bool {
	items := map[string]bool{}
	for p := range s.readings[check] {
		if reading == "" || p.reading == reading {
			items[p.item] = true
		}
	}
	return items
}

// reboot holds the boot times against the plan and notes a reboot on the host.
func (j judging) reboot(h *report.Host, checks []suites.Check) {
	for i, c := range checks {
		for _, spec := range c.Kind.Readings {
			if spec.Role != probes.BootTime {
				continue
			}
			before, okBefore := j.before.readings[c.Key()][place{"", spec.Name}].(fact.Time)
			now, okNow := j.now.readings[c.Key()][place{"", spec.Name}].(fact.Time)
			if !okBefore || !okNow {
				continue
			}
			later := time.Time(now).Sub(time.Time(before)) > clockTolerance
			if later {
				h.Rebooted = new(time.Time(now).UTC())
			}
			if wanted := j.rebootWanted(later); wanted != "" {
				add(&h.Checks[i], report.Finding{
					Reading: spec.Name, Outcome: report.Unmet, Wanted: wanted,
					Before: before.String(), Now: now.String(), HasBefore: true, HasNow: true,
				})
			}
			return
		}
	}
	if j.plan.Reboot != suites.RebootAllowed {
		h.Checks = append(h.Checks, report.Check{
			ID: "reboot", Kind: "plan", Suite: j.plan.Name, File: j.plan.File, Outcome: report.Unknown,
			Error: fmt.Sprintf("the plan says reboot: %s, and no boot time was observed before and now: "+
				"add `- os: {}` to the host's checks", j.plan.Reboot),
		})
	}
}

func (j judging) rebootWanted(rebooted bool) string {
	switch {
	case j.plan.Reboot == suites.RebootRequired && !rebooted:
		return "the plan says reboot: required, and the host has not rebooted since the baseline"
	case j.plan.Reboot == suites.RebootForbidden && rebooted:
		return "the plan says reboot: forbidden, and the host has rebooted"
	default:
		return ""
	}
}

// union returns the keys of both, sorted.
func union(a, b map[string]bool) []string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return slices.Sorted(maps.Keys(all))
}

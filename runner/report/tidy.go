package report

import (
	"maps"
	"slices"
)

// CleanRun returns a Run of which every text is safe to show in one line, as by CleanLine.
// The stream's own values stay as they are: other views read them too. So it is with
// CleanHost and CleanSummary.
func CleanRun(r Run) Run {
	tidy(&r.Command, &r.Tool, &r.Name, &r.Plan, &r.Part)
	r.Suites, r.Notes = tidied(r.Suites), tidied(r.Notes)
	if r.Baseline != nil {
		b := *r.Baseline
		tidy(&b.Name, &b.Store)
		r.Baseline = &b
	}
	return r
}

// CleanHost returns a Host of which every text is safe to show in one line.
func CleanHost(h Host) Host {
	tidy(&h.Host, &h.Unreachable, &h.Problem, &h.Session, &h.Reboot.Words)
	h.Reboot.State = RebootState(CleanLine(string(h.Reboot.State)))
	h.Notes, h.Reboot.Boots = tidied(h.Notes), tidied(h.Reboot.Boots)
	h.Counts, h.Ignored = tidiedCounts(h.Counts), tidiedCounts(h.Ignored)
	h.Checks = slices.Clone(h.Checks)
	for i := range h.Checks {
		tidyCheck(&h.Checks[i])
	}
	return h
}

func tidyCheck(c *Check) {
	tidy(&c.ID, &c.Suite, &c.Kind, &c.Mark, &c.Error, &c.Why, &c.Owner, &c.File)
	c.Findings = slices.Clone(c.Findings)
	for i := range c.Findings {
		f := &c.Findings[i]
		tidy(&f.Item, &f.Reading, &f.Before, &f.Now, &f.Wanted, &f.Severity, &f.Pass.Pass)
		if w := &f.Waiver; *w != (Waiver{}) {
			tidy(&w.Until, &w.Reason, &w.Ticket, &w.Owner, &w.File)
			w.Was = Outcome(CleanLine(string(w.Was)))
		}
	}
	c.Evidence = slices.Clone(c.Evidence)
	for i := range c.Evidence {
		e := &c.Evidence[i]
		tidy(&e.Item, &e.Reading, &e.Value)
	}
	c.Hidden = slices.Clone(c.Hidden)
	for i := range c.Hidden {
		h := &c.Hidden[i]
		tidy(&h.Item, &h.Reading, &h.Before, &h.Now, &h.Rule, &h.By, &h.File)
	}
	c.Settled = slices.Clone(c.Settled)
	for i := range c.Settled {
		s := &c.Settled[i]
		tidy(&s.Item, &s.Reading, &s.Was)
	}
}

// CleanSummary returns a Summary of which every text is safe to show in one line.
func CleanSummary(s Summary) Summary {
	tidy(&s.Verdict, &s.Reason, &s.ListIgnored, &s.Again, &s.Retell)
	s.Next, s.Notes, s.Ignored = tidied(s.Next), tidied(s.Notes), tidiedCounts(s.Ignored)
	s.Counts, s.Owners = tidiedCounts(s.Counts), slices.Clone(s.Owners)
	for i := range s.Owners {
		o := &s.Owners[i]
		tidy(&o.Owner, &o.Verdict, &o.Reason)
		o.Counts = tidiedCounts(o.Counts)
	}
	return s
}

func tidy(all ...*string) {
	for _, s := range all {
		*s = CleanLine(*s)
	}
}

func tidied(all []string) []string {
	if all == nil {
		return nil
	}
	clean := slices.Clone(all)
	for i := range clean {
		tidy(&clean[i])
	}
	return clean
}

// tidiedCounts adds up what was told apart by nothing that can be shown.
func tidiedCounts[K ~string](counts map[K]int) map[K]int {
	clean := make(map[K]int, len(counts))
	for _, word := range slices.Sorted(maps.Keys(counts)) {
		clean[K(CleanLine(string(word)))] += counts[word]
	}
	return clean
}

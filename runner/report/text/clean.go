package text

import (
	"maps"
	"slices"

	"postpatch/runner/report"
)

// What comes in is cleaned here and nowhere else; the stream's own values stay
// as they are, other views read them too.

func cleanRun(r report.Run) report.Run {
	r.Command, r.Name, r.Plan, r.Part = line(r.Command), line(r.Name), line(r.Plan), line(r.Part)
	r.Suites, r.Notes = cleanAll(r.Suites), cleanAll(r.Notes)
	if r.Baseline != nil {
		b := *r.Baseline
		b.Name, b.Store = line(b.Name), line(b.Store)
		r.Baseline = &b
	}
	return r
}

func cleanHost(h report.Host) report.Host {
	h.Host, h.Unreachable, h.Problem = line(h.Host), line(h.Unreachable), line(h.Problem)
	h.Session, h.Notes = line(h.Session), cleanAll(h.Notes)
	h.Checks = slices.Clone(h.Checks)
	for i := range h.Checks {
		c := &h.Checks[i]
		c.ID, c.Suite, c.Kind, c.Mark, c.Error = line(c.ID), line(c.Suite), line(c.Kind), line(c.Mark), line(c.Error)
		c.Why, c.Owner, c.File = line(c.Why), line(c.Owner), line(c.File)
		c.Findings = slices.Clone(c.Findings)
		for k := range c.Findings {
			f := &c.Findings[k]
			f.Item, f.Reading, f.Before, f.Now = line(f.Item), line(f.Reading), line(f.Before), line(f.Now)
			f.Wanted, f.Pass.Pass = line(f.Wanted), line(f.Pass.Pass)
			w := &f.Waiver
			w.Until, w.Reason, w.Ticket = line(w.Until), line(w.Reason), line(w.Ticket)
			w.Owner, w.File, w.Was = line(w.Owner), line(w.File), report.Outcome(line(string(w.Was)))
		}
		c.Settled = slices.Clone(c.Settled)
		for k := range c.Settled {
			s := &c.Settled[k]
			s.Item, s.Reading, s.Was = line(s.Item), line(s.Reading), line(s.Was)
		}
	}
	return h
}

func cleanHidden(h report.Hidden) report.Hidden {
	h.Item, h.Reading, h.Before, h.Now = line(h.Item), line(h.Reading), line(h.Before), line(h.Now)
	h.Rule, h.By, h.File = line(h.Rule), line(h.By), line(h.File)
	return h
}

func cleanSummary(s report.Summary) report.Summary {
	s.Verdict, s.Reason, s.Next = line(s.Verdict), line(s.Reason), cleanAll(s.Next)
	s.ListIgnored, s.Notes = line(s.ListIgnored), cleanAll(s.Notes)
	s.Owners = slices.Clone(s.Owners)
	for i := range s.Owners {
		o := &s.Owners[i]
		o.Owner, o.Verdict, o.Reason = line(o.Owner), line(o.Verdict), line(o.Reason)
	}
	ignored := map[string]int{}
	for _, rule := range slices.Sorted(maps.Keys(s.Ignored)) {
		ignored[line(rule)] += s.Ignored[rule]
	}
	s.Ignored = ignored
	return s
}

func line(s string) string { return report.CleanLine(s) }

func cleanAll(all []string) []string {
	clean := make([]string, len(all))
	for i, s := range all {
		clean[i] = line(s)
	}
	return clean
}

package report

import "slices"

// Brief is a text in one line of at most limit characters. What is longer is cut before
// it is cleaned, too: that only makes it longer.
func Brief(s string, limit int) string {
	if count := 0; len(s) > limit {
		for i := range s {
			if count++; count > limit+1 {
				s = s[:i]
				break
			}
		}
	}
	return shorter(CleanLine(s), limit)
}

// BriefHost returns a Host of which every text is safe to show in one line, as CleanHost
// does, and has at most limit characters: what a view keeps of very many. What rules hide
// and what came up late is not in it.
func BriefHost(h Host, limit int) Host {
	brief := func(all ...*string) {
		for _, s := range all {
			*s = Brief(*s, limit)
		}
	}
	brief(&h.Host, &h.Unreachable, &h.Problem, &h.Session, &h.Reboot.Words)
	h.Ignored, h.Reboot.State = nil, RebootState(Brief(string(h.Reboot.State), limit))
	h.Notes, h.Reboot.Boots = slices.Clone(h.Notes), slices.Clone(h.Reboot.Boots)
	for _, all := range [][]string{h.Notes, h.Reboot.Boots} {
		for i := range all {
			brief(&all[i])
		}
	}
	h.Checks = slices.Clone(h.Checks)
	for i := range h.Checks {
		c := &h.Checks[i]
		brief(&c.ID, &c.Suite, &c.Kind, &c.Mark, &c.Error, &c.Why, &c.Owner, &c.File)
		c.Hidden, c.Settled = nil, nil
		c.Findings, c.Evidence = slices.Clone(c.Findings), slices.Clone(c.Evidence)
		for k := range c.Findings {
			f := &c.Findings[k]
			brief(&f.Item, &f.Reading, &f.Before, &f.Now, &f.Wanted, &f.Severity, &f.Pass.Pass)
			if w := &f.Waiver; *w != (Waiver{}) {
				brief(&w.Until, &w.Reason, &w.Ticket, &w.Owner, &w.File)
				w.Was = Outcome(Brief(string(w.Was), limit))
			}
		}
		for k := range c.Evidence {
			e := &c.Evidence[k]
			brief(&e.Item, &e.Reading, &e.Value)
		}
	}
	return h
}

// shorter cuts a clean text, and keeps nothing of what is cut off.
func shorter(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	runes := []rune(s[:min(len(s), 4*limit+4)])
	if len(runes) <= limit {
		return s
	}
	return string(runes[:max(limit-1, 0)]) + "…"
}

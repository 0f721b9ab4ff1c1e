package redact

import (
	"maps"
	"slices"
	"strings"

	"postpatch/runner/report"
)

// walk visits every text of a stream in which a name could stand. The test of this file
// holds that no text is left out but those that it lists, each with its reason.
type walk struct {
	visit func(text *string, c class)
}

func (w walk) texts(all []string, c class) {
	for i := range all {
		w.visit(&all[i], c)
	}
}

func (w walk) run(r *report.Run) {
	w.visit(&r.Name, free)
	w.texts(r.Suites, free)
	w.visit(&r.Plan, free)
	w.visit(&r.Part, command)
	w.texts(r.Notes, free)
	if b := r.Baseline; b != nil {
		w.visit(&b.Name, free)
		w.visit(&b.Store, store)
	}
}

func (w walk) host(h *report.Host) {
	w.visit(&h.Host, hostName)
	w.visit(&h.Unreachable, free)
	w.visit(&h.Session, free)
	w.visit(&h.Problem, free)
	w.texts(h.Notes, free)
	w.visit(&h.Reboot.Words, free)
	w.texts(h.Reboot.Boots, free)
	for i := range h.Checks {
		w.check(&h.Checks[i])
	}
	h.Ignored = w.ignored(h.Ignored)
}

func (w walk) check(c *report.Check) {
	w.id(c)
	w.visit(&c.Suite, free)
	w.visit(&c.Error, free)
	for i := range c.Findings {
		w.finding(c.Kind, &c.Findings[i])
	}
	for i := range c.Evidence {
		e := &c.Evidence[i]
		w.item(c.Kind, &e.Item)
		w.visit(&e.Value, classOf(c.Kind, e.Reading))
		w.visit(&e.Reading, free)
	}
	for i := range c.Hidden {
		d := &c.Hidden[i]
		value := classOf(c.Kind, d.Reading)
		w.item(c.Kind, &d.Item)
		w.visit(&d.Before, value)
		w.visit(&d.Now, value)
		w.visit(&d.Reading, free)
		w.visit(&d.Rule, free)
		w.visit(&d.File, free)
	}
	for i := range c.Settled {
		s := &c.Settled[i]
		w.item(c.Kind, &s.Item)
		w.visit(&s.Was, classOf(c.Kind, s.Reading))
		w.visit(&s.Reading, free)
	}
	w.visit(&c.Why, free)
	w.visit(&c.Owner, owner)
	w.visit(&c.File, free)
}

// id leaves the kind, which is what most ids begin with.
func (w walk) id(c *report.Check) {
	rest, found := strings.CutPrefix(c.ID, c.Kind)
	if !found || c.Kind == "" || rest != "" && rest[0] != '/' && !strings.HasPrefix(rest, " from ") {
		w.visit(&c.ID, free)
		return
	}
	item, found := strings.CutPrefix(rest, "/")
	w.item(c.Kind, &item)
	if found {
		item = "/" + item
	}
	c.ID = c.Kind + item
}

func (w walk) item(kind string, item *string) {
	prefix := itemPrefix(*item)
	rest := (*item)[prefix:]
	if prefix > 0 {
		w.visit(&rest, hosts)
		*item = (*item)[:prefix] + rest
		return
	}
	w.visit(item, itemsOf(kind))
}

func (w walk) finding(kind string, f *report.Finding) {
	value := classOf(kind, f.Reading)
	w.item(kind, &f.Item)
	w.visit(&f.Before, value)
	w.visit(&f.Now, value)
	w.visit(&f.Reading, free)
	w.visit(&f.Wanted, free)
	w.visit(&f.Waiver.Reason, free)
	w.visit(&f.Waiver.Ticket, free)
	w.visit(&f.Waiver.Owner, owner)
	w.visit(&f.Waiver.File, free)
}

func (w walk) summary(s *report.Summary) {
	w.visit(&s.Reason, free)
	w.texts(s.Notes, free)
	s.Ignored = w.ignored(s.Ignored)
	w.visit(&s.ListIgnored, command)
	s.Again, s.Retell = "", "" // commands with names that no host has lead nowhere
	for i := range s.Owners {
		w.visit(&s.Owners[i].Owner, owner)
		w.visit(&s.Owners[i].Reason, free)
	}
	w.texts(s.Next, command)
}

// ignored visits the parts of "kind.reading: rule" as the checks have them, so that both
// are called the same.
func (w walk) ignored(counts map[string]int) map[string]int {
	if len(counts) == 0 {
		return counts
	}
	all := make(map[string]int, len(counts))
	for _, key := range slices.Sorted(maps.Keys(counts)) {
		name, rule, hasRule := strings.Cut(key, ": ")
		kind, reading, hasReading := strings.Cut(name, ".")
		if !hasRule || !hasReading {
			name = key
			w.visit(&name, free)
			all[name] += counts[key]
			continue
		}
		w.visit(&reading, free)
		w.visit(&rule, free)
		all[kind+"."+reading+": "+rule] += counts[key]
	}
	return all
}

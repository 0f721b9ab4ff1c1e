package suites

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"postpatch/probes"
)

// Waiver is an owner's or an operator's word that something may be wrong until a
// day is over.
type Waiver struct {
	Suite   string    // whose checks it is for; "" for those of all suites
	Pattern Pattern   // the readings that it covers
	Checks  []string  // globs of the ids that it is for; none for all
	Hosts   []string  // selectors, see Host.Chosen
	Until   time.Time // the last day, at its beginning in UTC
	Reason  string
	Ticket  string
	Owner   string
	File    string
	Line    int

	said choice
}

// Over says whether the waiver's last day is over at a time.
func (w Waiver) Over(at time.Time) bool { return !at.Before(w.Until.AddDate(0, 0, 1)) }

// Day is the last day, as it is written.
func (w Waiver) Day() string { return w.Until.Format(time.DateOnly) }

// Covers says whether the waiver is about a reading of a check on a host. The
// reading is "" for an item that came or went as a whole, which only a pattern for
// all readings chooses.
func (w Waiver) Covers(h Host, c *Check, item, reading string) bool {
	if strings.HasPrefix(reading, asserted+" ") {
		reading = asserted
	}
	return (w.Suite == "" || w.Suite == c.Suite) && w.Pattern.Matches(c, item, reading) &&
		w.isFor(c) && h.Chosen(w.Hosts)
}

// asserted is what a waiver calls all assertions of a check, as a report numbers them
// where there are several: assert, assert 2.
const asserted = "assert"

// withAsserts are kinds in which a waiver finds assertions beside the readings.
func withAsserts(kinds []probes.Kind) []probes.Kind {
	kinds = slices.Clone(kinds)
	for i, k := range kinds {
		kinds[i].Readings = append(slices.Clone(k.Readings), probes.ReadingSpec{Name: asserted})
	}
	return kinds
}

func (w Waiver) isFor(c *Check) bool {
	return len(w.Checks) == 0 || slices.ContainsFunc(w.Checks, func(id string) bool { return Glob(id, c.ID) })
}

// choice is where a waiver or a plan's change says what it is about.
type choice struct {
	what          *yaml.Node
	checks, hosts []*yaml.Node
}

func values(nodes []*yaml.Node) []string {
	var all []string
	for _, n := range nodes {
		all = append(all, n.Value)
	}
	return all
}

func (r reader) waivers(n *yaml.Node, kinds []probes.Kind) []Waiver {
	elems, ok := r.list(n, "waivers")
	if ok && len(elems) == 0 {
		r.hintf(n, "leave it out", "waivers: the list is empty")
	}
	var all []Waiver
	for i, e := range elems {
		if o, ok := r.object(e, fmt.Sprintf("waivers[%d]", i)); ok {
			if w, ok := r.waiver(o, fmt.Sprintf("waivers[%d]", i), kinds); ok {
				all = append(all, w)
			}
		}
	}
	return all
}

func (r reader) waiver(o object, what string, kinds []probes.Kind) (Waiver, bool) {
	r.known(o, what, "waive", "check", "hosts", "until", "reason", "ticket", "owner")
	w := Waiver{File: r.file, Line: o.node.Line}
	good := true
	need := func(key, hint string, read func(e entry) bool) {
		e, found := o.get(key)
		if !found {
			r.hintf(o.node, hint, "%s: %s: is missing", what, key)
		}
		good = good && found && read(e)
	}
	need("waive", "write what may be wrong: waive: service/Spooler.state", func(e entry) (ok bool) {
		w.said.what = e.value
		w.Pattern, _, ok = r.pattern(e.value, withAsserts(kinds))
		return ok
	})
	need("until", "write its last day: until: 2026-12-31", func(e entry) (ok bool) {
		w.Until, ok = r.day(e.value, what+".until", "the waiver holds on that day, too, until midnight UTC")
		return ok
	})
	need("reason", "write why nobody mends it now: reason: …", func(e entry) (ok bool) {
		w.Reason, ok = r.sentence(e.value, what+".reason")
		return ok
	})
	for key, to := range map[string]*string{"ticket": &w.Ticket, "owner": &w.Owner} {
		if e, found := o.get(key); found {
			*to, _ = r.sentence(e.value, what+"."+key)
		}
	}
	for key, to := range map[string]*[]*yaml.Node{"check": &w.said.checks, "hosts": &w.said.hosts} {
		if e, found := o.get(key); found {
			*to = r.texts(e.value, what+"."+key)
		}
	}
	w.Checks, w.Hosts = values(w.said.checks), values(w.said.hosts)
	return w, good
}

// day reads a date; the hint is for what is none.
func (r reader) day(n *yaml.Node, what, hint string) (time.Time, bool) {
	text, ok := r.text(n, what)
	if !ok {
		return time.Time{}, false
	}
	day, err := time.Parse(time.DateOnly, strings.TrimSpace(text))
	if err != nil {
		r.hintf(n, hint, "%s: want a day like 2026-12-31, got %s", what, r.describe(n))
	}
	return day, err == nil
}

// sentence reads a text as one line.
func (r reader) sentence(n *yaml.Node, what string) (string, bool) {
	text, ok := r.text(n, what)
	return strings.Join(strings.Fields(text), " "), ok
}

// waive takes in a suite's waivers, once its checks are known.
func (l *loader) waive(s *suiteEntries) {
	if len(s.waivers) == 0 {
		return
	}
	broken := s.found.in(s.file) || s.unasked() // what a waiver names may be what is wrong
	var own []Host
	for i := range s.hosts {
		h := s.hosts[i].shared.Host
		h.Checks = slices.DeleteFunc(slices.Clone(h.Checks), func(c *Check) bool { return c.Suite != s.suite.Name })
		own = append(own, h)
	}
	for _, w := range s.waivers {
		w.Suite = s.suite.Name
		if !broken {
			s.chooses(w.said, w.Pattern.Kind, world{own, "this suite"})
		}
		l.set.Waivers = append(l.set.Waivers, w)
	}
}

// world is what a choice can choose from.
type world struct {
	hosts []Host
	name  string
}

// chooses reports what a choice names and nobody has. That there is no such item
// cannot be known: items are what the host has.
func (r reader) chooses(c choice, kind string, of world) {
	ids, kinds := map[string]string{}, map[string]bool{} // an id's kind
	for _, h := range of.hosts {
		for _, check := range h.Checks {
			if ids[check.ID] != kind { // another suite may have the id for another kind
				ids[check.ID] = check.Kind.Name
			}
			kinds[check.Kind.Name] = true
		}
	}
	if c.what != nil && !kinds[kind] {
		r.hintf(c.what, suggest(kind, keys(kinds)), "waive: no check of %s is of kind %q", of.name, kind)
		return
	}
	for _, n := range c.checks {
		var found []string
		for id, of := range ids {
			if Glob(n.Value, id) {
				found = append(found, of)
			}
		}
		switch {
		case len(found) == 0:
			r.hintf(n, suggest(n.Value, keys(ids)), "check: %q is no check of %s", shorten(n.Value, 80), of.name)
		case !slices.Contains(found, kind):
			r.errorf(n, "check: %q is of kind %s, and the waiver is about %s", shorten(n.Value, 80), found[0], kind)
		}
	}
	for _, n := range c.hosts {
		if !slices.ContainsFunc(of.hosts, func(h Host) bool { return h.matches(n.Value) }) {
			r.hintf(n, "write a host's name, a pattern like \"ex*\" or tag:dns", "hosts: %q matches no host of %s",
				shorten(n.Value, 80), of.name)
		}
	}
}

func keys[V any](m map[string]V) []string {
	var all []string
	for k := range m {
		all = append(all, k)
	}
	slices.Sort(all)
	return all
}

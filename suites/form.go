package suites

import (
	"cmp"
	"slices"

	"gopkg.in/yaml.v3"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/suites/expect"
)

const (
	maxForms    = 8    // how deep forms nest; nobody can read more
	maxFormSize = 1000 // texts of one expectation
	expectHint  = "postpatch explain expect"
)

// former reads what is expected of one reading: a text, a list, or a form.
type former struct {
	reader
	what string
	t    fact.Type
	unit string
	left *int // texts that may still come
}

func (r reader) predicate(n *yaml.Node, spec probes.ReadingSpec, what string) (expect.Predicate, bool) {
	left := maxFormSize
	f := former{reader: r, what: what, t: spec.Type, unit: unitOf(spec), left: &left}
	return f.read(resolve(n), 0)
}

// formNames are the keys by which a form is told, in the order of the page on expect.
func formNames() []string {
	return []string{
		"any of", "all of", "not", "one of", "contains", "not contains", "matches", "not matches",
		"superset", "subset", "same set", "each", "some",
	}
}

func (f former) read(n *yaml.Node, depth int) (expect.Predicate, bool) {
	switch n.Kind {
	case yaml.MappingNode:
		return f.form(n, depth+1)
	case yaml.SequenceNode:
		if depth > 0 {
			f.hintf(n, "write {one of: […]}, or {same set: […]}", "%s: want a text or a form, got a list", f.what)
			return expect.Predicate{}, false
		}
		values, ok := f.values(n)
		if !ok {
			return expect.Predicate{}, false
		}
		return f.done(n)(expect.ParseListUnit(values, f.t, f.unit))
	default:
		source, ok := f.value(n)
		if !ok {
			return expect.Predicate{}, false
		}
		p, err := expect.ParseUnit(source, f.t, f.unit)
		if err == nil && depth > 0 && p.Any() {
			f.hintf(n, expectHint, "%s: %q asserts nothing inside of a form", f.what, source)
			return expect.Predicate{}, false
		}
		return f.done(n)(p, err)
	}
}

// form reads a mapping of one key, which says how its value is meant.
func (f former) form(n *yaml.Node, depth int) (none expect.Predicate, ok bool) {
	o, ok := f.object(n, f.what)
	switch {
	case !ok:
		return none, false
	case len(o.entries) == 0:
		f.hintf(n, expectHint, "%s: the mapping is empty and asserts nothing", f.what)
		return none, false
	case depth > maxForms:
		f.errorf(n, "%s: forms nest more than %d deep", f.what, maxForms)
		return none, false
	}
	for _, e := range o.entries {
		if !slices.Contains(formNames(), e.name()) {
			f.unknown(e.key, "form", f.what, formNames())
			ok = false
		}
	}
	if len(o.entries) > 1 {
		f.hintf(o.entries[1].key, "put each into an element of: {all of: […]}", "%s: %q and %q in one mapping",
			f.what, o.entries[0].name(), o.entries[1].name())
		ok = false
	}
	if !ok {
		return none, false
	}
	return f.oneForm(o.entries[0], depth)
}

func (f former) oneForm(e entry, depth int) (none expect.Predicate, ok bool) {
	n := e.value
	f.what += ": " + e.name()
	said := f.done(n)
	switch word := e.name(); word {
	case "any of", "all of":
		all, ok := f.several(n, depth)
		switch {
		case !ok:
			return none, false
		case word == "any of":
			return said(expect.AnyOf(all))
		default:
			return said(expect.AllOf(all))
		}
	case "not":
		p, ok := f.read(n, depth)
		if !ok {
			return none, false
		}
		return said(expect.Not(p, f.t))
	case "each", "some":
		if f.t != fact.TypeSet {
			f.hintf(e.key, expectHint, "%s is for sets, and this is of type %s", f.what, f.t)
			return none, false
		}
		f.t, f.unit = fact.TypeText, ""
		p, ok := f.read(n, depth)
		switch {
		case !ok:
			return none, false
		case word == "each":
			return said(expect.Each(p))
		default:
			return said(expect.Some(p))
		}
	default:
		return f.words(n, word)
	}
}

// several reads the elements of any of and all of; every mistake in them is told.
func (f former) several(n *yaml.Node, depth int) (all []expect.Predicate, ok bool) {
	elems, ok := f.list(n, f.what)
	if !ok {
		return nil, false
	}
	for _, elem := range elems {
		p, good := f.read(elem, depth)
		all, ok = append(all, p), ok && good
	}
	return all, ok
}

// words reads a form whose values are taken as they stand.
func (f former) words(n *yaml.Node, word string) (none expect.Predicate, ok bool) {
	single := slices.Contains([]string{"contains", "not contains", "matches", "not matches"}, word)
	if n.Kind != yaml.SequenceNode && single {
		value, ok := f.value(n)
		if !ok {
			return none, false
		}
		return f.done(n)(expect.Word(word, value, f.t))
	}
	if word == "matches" || word == "not matches" {
		f.hintf(n, "put several into {any of: […]} or {all of: […]}", "%s: want a regular expression, got a list", f.what)
		return none, false
	}
	values, ok := f.values(n)
	if !ok {
		return none, false
	}
	return f.done(n)(expect.Form(word, values, f.t, f.unit))
}

func (f former) values(n *yaml.Node) (values []string, ok bool) {
	elems, ok := f.list(n, f.what)
	for _, e := range elems {
		value, good := f.value(e)
		values, ok = append(values, value), ok && good
	}
	return values, ok
}

func (f former) value(n *yaml.Node) (string, bool) {
	if *f.left--; *f.left < 0 {
		if *f.left == -1 {
			f.errorf(n, "%s: more than %d values", f.what, maxFormSize)
		}
		return "", false
	}
	text, ok := f.text(n, f.what)
	return text, ok && f.plain(n, f.what)
}

// done tells what is wrong with an expectation, at its node.
func (f former) done(n *yaml.Node) func(expect.Predicate, error) (expect.Predicate, bool) {
	what, t := f.what, f.t
	return func(p expect.Predicate, err error) (expect.Predicate, bool) {
		if err != nil {
			f.hintf(n, cmp.Or(f.wayOut(n.Value, t), expectHint), "%s: %v", what, err)
		}
		return p, err == nil
	}
}

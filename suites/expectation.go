package suites

import (
	"cmp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"postpatch/probes"
	"postpatch/suites/expect"
)

func readingNames(k probes.Kind) []string {
	var names []string
	for _, r := range k.Readings {
		names = append(names, r.Name)
	}
	return names
}

// expectations reads a check's expect and adds the kind's defaults where the
// suite says nothing.
func (s *suiteEntries) expectations(k probes.Kind, check object) []Expectation {
	own := map[string]bool{}
	var all []Expectation
	if e, found := check.get("expect"); found {
		o, ok := s.object(e.value, "expect")
		if ok && len(o.entries) == 0 {
			s.hintf(e.value, "leave it out, or name a reading: "+strings.Join(readingNames(k), ", "),
				"expect: asserts nothing")
		}
		for _, field := range o.entries {
			own[field.name()] = true
			spec, found := k.Reading(field.name())
			if !found {
				s.unknown(field.key, "reading", "expect of "+k.Name, readingNames(k))
				continue
			}
			p, ok := s.predicate(field.value, spec, "expect: "+spec.Name)
			if ok {
				// "any" in place of a default only switches the default off.
				if cmp.Or(spec.Expect, spec.Keep) == "" || !p.Any() {
					all = append(all, Expectation{Reading: spec.Name, Predicate: p})
				}
			}
		}
	}
	for _, e := range s.defaults(k, check) {
		if !own[e.Reading] {
			all = append(all, e)
		}
	}
	// Stable, so that what must be is looked at before what was.
	slices.SortStableFunc(all, func(a, b Expectation) int { return cmp.Compare(a.Reading, b.Reading) })
	return all
}

// defaults are what the kind itself expects.
func (s *suiteEntries) defaults(k probes.Kind, check object) []Expectation {
	if all, known := s.expects[k.Name]; known {
		return all
	}
	var all []Expectation
	for _, spec := range k.Readings {
		for _, source := range []string{spec.Expect, spec.Keep} {
			if source == "" {
				continue
			}
			p, err := expect.ParseUnit(source, spec.Type, unitOf(spec))
			if err != nil {
				s.errorf(check.node, "%s: the kind's own expectation of %s: %v", k.Name, spec.Name, err)
			}
			all = append(all, Expectation{
				Reading: spec.Name, Predicate: p, Default: true, Keep: source == spec.Keep,
			})
		}
	}
	s.expects[k.Name] = all
	return all
}

func unitOf(spec probes.ReadingSpec) string { return cmp.Or(spec.Unit, "%") }

// plain refuses templates where they are not filled in.
func (r reader) plain(n *yaml.Node, what string) bool {
	if !strings.Contains(n.Value, "{{") {
		return true
	}
	r.errorf(n, "%s: a template can stand only in parameters and in a host's address", what)
	return false
}

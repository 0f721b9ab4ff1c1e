package expect

import (
	"errors"
	"fmt"
	"strings"

	"postpatch/probes/fact"
)

// Form reads a form whose values are taken as they are: one of, contains, not
// contains, matches, superset, subset, same set. Values from a list are plain ones.
func Form(word string, values []string, t fact.Type, unit string) (Predicate, error) {
	if len(values) == 0 {
		return Predicate{}, errors.New("the list is empty and asserts nothing")
	}
	values, err := plain(values)
	if err != nil {
		return Predicate{}, err
	}
	l := language{t: t, unit: unit}
	said, holds := word, test(nil)
	switch word {
	case "one of":
		holds, err = l.oneOf(values)
	case "contains", "not contains":
		holds, err = l.contains(word, values)
	case "superset", "subset":
		said = word + " of"
		holds, err = l.contains(said, values)
	case "same set":
		said, holds = "=", exactly(values)
		if t != fact.TypeSet {
			err = fmt.Errorf("%q is for sets; for type %s want %s", word, t, l.right())
		}
	default:
		err = fmt.Errorf("unknown form %q", word)
	}
	if err != nil {
		return Predicate{}, err
	}
	return Predicate{source: said + " " + strings.Join(values, ", "), holds: holds}, nil
}

// Word reads a form of one value, which may hold commas and begin like an operator:
// contains, not contains, matches, not matches.
func Word(word, value string, t fact.Type) (Predicate, error) {
	value = strings.TrimSpace(value)
	if value == "" {
		return Predicate{}, fmt.Errorf("nothing follows %q", word)
	}
	l := language{t: t}
	var holds test
	var err error
	switch word {
	case "contains", "not contains":
		holds, err = l.contains(word, []string{value})
	case "matches", "not matches":
		holds, err = l.matches(word, value)
	default:
		err = fmt.Errorf("unknown form %q", word)
	}
	if err != nil {
		return Predicate{}, err
	}
	return Predicate{source: word + " " + value, holds: holds}, nil
}

// AnyOf is met where one of them is.
func AnyOf(all []Predicate) (Predicate, error) {
	return joined("any of", all, func(all []Predicate, v fact.Value) bool {
		for _, p := range all {
			if p.Holds(v) {
				return true
			}
		}
		return false
	})
}

// AllOf is met where each of them is.
func AllOf(all []Predicate) (Predicate, error) {
	return joined("all of", all, func(all []Predicate, v fact.Value) bool {
		for _, p := range all {
			if !p.Holds(v) {
				return false
			}
		}
		return true
	})
}

func joined(word string, all []Predicate, holds func([]Predicate, fact.Value) bool) (Predicate, error) {
	if len(all) == 0 {
		return Predicate{}, errors.New("the list is empty and asserts nothing")
	}
	said := make([]string, len(all))
	for i, p := range all {
		if p.Any() {
			return Predicate{}, errors.New(`"any" asserts nothing here`)
		}
		said[i] = p.source
	}
	source := word + " (" + strings.Join(said, "; ") + ")"
	return made(all, func(all []Predicate) Predicate {
		return Predicate{source: source, holds: func(v fact.Value) bool { return holds(all, v) }}
	}), nil
}

// Not is met by a reading of type t that is there and does not meet p.
func Not(p Predicate, t fact.Type) (Predicate, error) {
	if p.Any() {
		return Predicate{}, errors.New(`"any" is met by all that is reported, so this can never be met`)
	}
	l := language{t: t}
	return made([]Predicate{p}, func(of []Predicate) Predicate {
		return Predicate{source: "not (" + p.source + ")", holds: l.typed(not(of[0].Holds))}
	}), nil
}

// Each is met by a set that has elements, each of which meets p, an expectation of
// texts. The empty set does not meet it: of nothing, nothing is asserted.
func Each(p Predicate) (Predicate, error) {
	return ofElements("each", p, func(met, elems int) bool { return elems > 0 && met == elems })
}

// Some is met by a set one element of which meets p, an expectation of texts.
func Some(p Predicate) (Predicate, error) {
	return ofElements("some", p, func(met, _ int) bool { return met > 0 })
}

func ofElements(word string, p Predicate, enough func(met, elems int) bool) (Predicate, error) {
	if p.Any() {
		return Predicate{}, errors.New(`"any" asserts nothing of an element: write not empty`)
	}
	holds := func(v fact.Value) bool {
		set, ok := v.(fact.Set)
		if !ok {
			return false
		}
		elems, met := set.Elems(), 0
		for _, elem := range elems {
			if p.Holds(fact.Text(elem)) {
				met++
			}
		}
		return enough(met, len(elems))
	}
	return Predicate{source: word + " (" + p.source + ")", holds: holds}, nil
}

// Any says whether it is the word that asserts nothing but that a reading is there.
func (p Predicate) Any() bool {
	op, _ := splitOp(p.source)
	return op == "any"
}

// Package expect reads what a suite expects of a reading and says whether a
// value meets it.
package expect

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"postpatch/probes/fact"
)

// Predicate is one expectation: "running", "< 20ms", "contains KB5034441".
type Predicate struct {
	source string
	holds  func(fact.Value) bool
	at     func(time.Time) Predicate // nil where it depends on no time
}

// String is the expectation in the suite's words.
func (p Predicate) String() string { return p.source }

// Holds reports whether the value meets the expectation. A nil value, a reading
// that is not there, meets none. Of an age nobody knows whether it is met, see At.
func (p Predicate) Holds(v fact.Value) bool {
	return v != nil && p.holds != nil && p.at == nil && p.holds(v)
}

// Parse reads an expectation of a reading of type t. Numbers may carry a "%".
func Parse(source string, t fact.Type) (Predicate, error) { return ParseUnit(source, t, "%") }

// ParseUnit is Parse for a reading with a unit of its own, such as "days",
// which numbers may carry.
func ParseUnit(source string, t fact.Type, unit string) (Predicate, error) {
	text := strings.TrimSpace(source)
	if text == "" {
		return Predicate{}, errors.New("the expectation is empty")
	}
	l := language{t: t, unit: unit}
	if op, rest := splitOp(text); op == "younger than" || op == "older than" {
		return l.age(op, rest)
	}
	holds, err := l.predicate(text)
	if err != nil {
		return Predicate{}, err
	}
	return Predicate{source: text, holds: holds}, nil
}

// ParseList reads a list of plain values: one of them has to be met or, for a
// set, all of them and no other have to be in it.
func ParseList(values []string, t fact.Type) (Predicate, error) {
	return ParseListUnit(values, t, "%")
}

// ParseListUnit is ParseList for a reading with a unit of its own.
func ParseListUnit(values []string, t fact.Type, unit string) (Predicate, error) {
	if len(values) == 0 {
		return Predicate{}, errors.New("the list is empty and asserts nothing")
	}
	l := language{t: t, unit: unit}
	values, err := plain(values)
	if err != nil {
		return Predicate{}, err
	}
	if t == fact.TypeSet {
		return Predicate{source: "= " + strings.Join(values, ", "), holds: exactly(values)}, nil
	}
	holds, err := l.oneOf(values)
	if err != nil {
		return Predicate{}, err
	}
	return Predicate{source: "one of " + strings.Join(values, ", "), holds: holds}, nil
}

// plain trims the values of a list and refuses what would be read as an operator
// elsewhere: taken for a text, it would hold by chance.
func plain(values []string) ([]string, error) {
	values = slices.Clone(values)
	for i, v := range values {
		values[i] = strings.TrimSpace(v)
		if values[i] == "" {
			return nil, errors.New("the list has an empty value")
		}
		if op, _ := splitOp(values[i]); op != "" {
			return nil, fmt.Errorf("want plain values in a list, got %q", v)
		}
	}
	return values, nil
}

type test func(fact.Value) bool

func not(t test) test { return func(v fact.Value) bool { return !t(v) } }

// language is what can be said of readings of one type.
type language struct {
	t    fact.Type
	unit string
}

// predicate reads one expectation; text is trimmed and not empty.
func (l language) predicate(text string) (test, error) {
	op, rest := splitOp(text)
	if op != "" && op != "any" && op != "empty" && op != "not empty" && rest == "" {
		return nil, fmt.Errorf("nothing follows %q", op)
	}
	switch op {
	case "any":
		return l.typed(func(fact.Value) bool { return true }), nil
	case "empty", "not empty":
		return l.empty(op)
	case "", "=":
		return l.equal(rest)
	case "!=":
		equal, err := l.equal(rest)
		if err != nil {
			return nil, err
		}
		return l.typed(not(equal)), nil
	case "one of":
		values, err := split(rest)
		if err != nil {
			return nil, err
		}
		return l.oneOf(values)
	case "contains", "not contains", "superset of", "subset of":
		return l.parts(op, rest)
	case "matches", "not matches":
		return l.matches(op, rest)
	case "between":
		return l.between(rest)
	default:
		return l.ordered(op, rest)
	}
}

// splitOp takes an operator off the front; what has none is a plain value.
func splitOp(text string) (op, rest string) {
	for _, word := range []string{"any", "empty", "not empty"} {
		if strings.EqualFold(strings.Join(strings.Fields(text), " "), word) {
			return word, ""
		}
	}
	for _, sign := range []string{"!=", "<=", ">=", "==", "<", ">", "="} {
		if after, found := strings.CutPrefix(text, sign); found {
			return strings.Replace(sign, "==", "=", 1), strings.TrimSpace(after)
		}
	}
	for _, words := range []string{
		"one of", "contains", "not contains", "matches", "not matches", "superset of", "subset of", "between",
		"younger than", "older than",
	} {
		if after, found := cutWords(text, words); found {
			return words, strings.TrimSpace(after)
		}
	}
	return "", text
}

// cutWords takes words off the front of text, however they are spaced.
func cutWords(text, words string) (string, bool) {
	rest := text
	for word := range strings.FieldsSeq(words) {
		after, found := strings.CutPrefix(strings.TrimLeft(rest, " \t\n"), word)
		if !found || after != "" && !strings.ContainsAny(after[:1], " \t\n") {
			return "", false
		}
		rest = after
	}
	return rest, true
}

// split reads "a, b, c".
func split(list string) ([]string, error) {
	values := strings.Split(list, ",")
	for i, v := range values {
		values[i] = strings.TrimSpace(v)
		if values[i] == "" {
			return nil, fmt.Errorf("want values with a comma between them, got %q", list)
		}
	}
	return values, nil
}

// typed guards a test that would hold for a value of another type.
func (l language) typed(t test) test {
	return func(v fact.Value) bool { return v.Type() == l.t && t(v) }
}

package expect

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"postpatch/probes/fact"
)

// parts reads what follows contains, not contains, superset of or subset of: a part
// of a text, or the elements of a set with a comma between them.
func (l language) parts(op, rest string) (test, error) {
	if l.t != fact.TypeSet {
		return l.contains(op, []string{rest})
	}
	values, err := split(rest)
	if err != nil {
		return nil, err
	}
	return l.contains(op, values)
}

// contains looks for parts of a text, or for elements of a set, in any case.
func (l language) contains(op string, values []string) (test, error) {
	among := found
	switch {
	case l.t == fact.TypeSet:
	case op == "superset of" || op == "subset of":
		return nil, fmt.Errorf("%q is for sets; for type %s want %s", op, l.t, l.right())
	case l.t == fact.TypeText:
		among = partsOf
	default:
		return nil, fmt.Errorf("%q is for texts and sets; for type %s want %s", op, l.t, l.right())
	}
	switch op {
	case "not contains":
		return l.typed(func(v fact.Value) bool { return among(v, values) == 0 }), nil
	case "subset of":
		allowed := folded(fact.SetOf(values...))
		return l.typed(func(v fact.Value) bool {
			for elem := range folded(v) {
				if !allowed[elem] {
					return false
				}
			}
			return true
		}), nil
	default:
		return l.typed(func(v fact.Value) bool { return among(v, values) == len(values) }), nil
	}
}

// partsOf counts how many of the values are in a text.
func partsOf(text fact.Value, values []string) int {
	whole := strings.ToLower(text.String())
	n := 0
	for _, value := range values {
		if strings.Contains(whole, strings.ToLower(value)) {
			n++
		}
	}
	return n
}

// found counts how many of the values are elements of a set.
func found(set fact.Value, values []string) int {
	elems := folded(set)
	n := 0
	for _, value := range values {
		if elems[strings.ToLower(value)] {
			n++
		}
	}
	return n
}

func folded(v fact.Value) map[string]bool {
	set, _ := v.(fact.Set)
	elems := map[string]bool{}
	for _, e := range set.Elems() {
		elems[strings.ToLower(strings.TrimSpace(e))] = true
	}
	return elems
}

// exactly wants these elements and no others, in any order and case.
func exactly(values []string) test {
	want := folded(fact.SetOf(values...))
	return func(v fact.Value) bool {
		if v.Type() != fact.TypeSet {
			return false
		}
		got := folded(v)
		for e := range want {
			if !got[e] {
				return false
			}
		}
		return len(got) == len(want)
	}
}

func (l language) empty(op string) (test, error) {
	if l.t != fact.TypeSet && l.t != fact.TypeText {
		return nil, fmt.Errorf("%q is for texts and sets; for type %s want %s", op, l.t, l.right())
	}
	isEmpty := func(v fact.Value) bool {
		if v.Type() == fact.TypeSet {
			return len(folded(v)) == 0
		}
		return strings.TrimSpace(v.String()) == ""
	}
	if op == "not empty" {
		return l.typed(not(isEmpty)), nil
	}
	return l.typed(isEmpty), nil
}

// matches reads /re/ or a bare expression.
func (l language) matches(op, rest string) (test, error) {
	if l.t != fact.TypeText {
		return nil, fmt.Errorf("%q is for texts; for type %s want %s", op, l.t, l.right())
	}
	if len(rest) > 2 && strings.HasPrefix(rest, "/") && strings.HasSuffix(rest, "/") {
		rest = rest[1 : len(rest)-1]
	}
	re, err := regexp.Compile(rest)
	if err != nil {
		return nil, fmt.Errorf("want a regular expression after %q: %w", op, err)
	}
	if re.MatchString("") && re.MatchString("\x01 \n nobody writes this") {
		return nil, fmt.Errorf("%q matches every text and asserts nothing", rest)
	}
	holds := func(v fact.Value) bool {
		text, ok := v.(fact.Text)
		return ok && re.MatchString(string(text))
	}
	if op == "not matches" {
		return l.typed(not(holds)), nil
	}
	return holds, nil
}

// CompareVersions orders dotted numbers part by part, below 0, 0 or above; an absent
// part is 0. It is not ok where one of them is anything else.
func CompareVersions(a, b string) (int, bool) {
	va, aok := version(a)
	vb, bok := version(b)
	if !aok || !bok {
		return 0, false
	}
	for i := range max(len(va), len(vb)) {
		if order := cmp.Compare(part(va, i), part(vb, i)); order != 0 {
			return order, true
		}
	}
	return 0, true
}

func part(version []uint64, i int) uint64 {
	if i < len(version) {
		return version[i]
	}
	return 0
}

// version reads "15.2.1748.10"; anything but digits and dots is none.
func version(s string) ([]uint64, bool) {
	var parts []uint64
	for p := range strings.SplitSeq(strings.TrimSpace(s), ".") {
		n, err := strconv.ParseUint(p, 10, 64)
		if err != nil {
			return nil, false
		}
		parts = append(parts, n)
	}
	return parts, true
}

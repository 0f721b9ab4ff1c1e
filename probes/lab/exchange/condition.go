package exchange

import (
	"strconv"
	"strings"
)

// condition says whether an object, of which it can ask properties, is wanted.
type condition func(value func(property) string) bool

// maxBranches is how far a restriction may branch.
const maxBranches = 20

// conditionOf reads a Restriction (MS-OXWSSRCH 2.2.4); nil for none.
func conditionOf(restriction *element) (condition, error) {
	if restriction == nil {
		return nil, nil
	}
	if len(restriction.under) != 1 {
		return nil, violates("The element 'Restriction' must have one child.")
	}
	return branch(restriction.under[0], 0)
}

func branch(e *element, depth int) (condition, error) {
	if depth > maxBranches {
		return nil, &fault{code: "ErrorRestrictionTooComplex", text: "The restriction is too complex."}
	}
	switch e.local() {
	case "And", "Or", "Not":
		return junction(e, depth)
	case "Exists":
		p, err := operand(first(e))
		return func(value func(property) string) bool { return value(p) != "" }, err
	case "Contains":
		return contains(e)
	case "Excludes":
		p, err := operand(first(e))
		mask, bad := strconv.ParseInt(e.child("Bitmask").attr("Value"), 0, 64)
		if err == nil && bad != nil {
			err = violates("The element 'Bitmask' is invalid.")
		}
		return func(value func(property) string) bool {
			n, _ := strconv.ParseInt(value(p), 10, 64)
			return n&mask == 0
		}, err
	default:
		return comparison(e)
	}
}

func junction(e *element, depth int) (condition, error) {
	var parts []condition
	for _, below := range e.under {
		part, err := branch(below, depth+1)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	if len(parts) == 0 {
		return nil, violates("The element '" + e.local() + "' has incomplete content.")
	}
	kind := e.local()
	return func(value func(property) string) bool {
		for _, part := range parts {
			if part(value) != (kind == "And") {
				return kind == "Or"
			}
		}
		return kind != "Or"
	}, nil
}

// operand is the property that a condition looks at.
func operand(e *element) (property, error) {
	switch e.local() {
	case "FieldURI":
		if uri := e.attr("FieldURI"); isField(uri) {
			return property{id: uri}, nil
		}
	case "ExtendedFieldURI":
		return propertyOf(e)
	case "IndexedFieldURI":
		return property{id: e.attr("FieldURI") + "/" + e.attr("FieldIndex")}, nil
	}
	return property{}, violates("The operand '" + e.local() + "' of a restriction is invalid.")
}

func contains(e *element) (condition, error) {
	p, err := operand(first(e))
	text := e.child("Constant").attr("Value")
	mode, fold := e.attr("ContainmentMode"), e.attr("ContainmentComparison") != "Exact"
	return func(value func(property) string) bool {
		have, want := value(p), text
		if fold {
			have, want = strings.ToLower(have), strings.ToLower(want)
		}
		switch mode {
		case "FullString":
			return have == want
		case "Prefixed":
			return strings.HasPrefix(have, want)
		default:
			return strings.Contains(have, want)
		}
	}, err
}

// comparison is one of the six of IsEqualTo and its like.
func comparison(e *element) (condition, error) {
	if len(e.under) != 2 {
		return nil, violates("The element '" + e.local() + "' of a restriction has incomplete content.")
	}
	p, err := operand(e.under[0])
	if err != nil {
		return nil, err
	}
	text := e.under[1].child("Constant").attr("Value")
	accepts := map[string][3]bool{ // less, equal, greater
		"IsEqualTo": {false, true, false}, "IsNotEqualTo": {true, false, true},
		"IsGreaterThan": {false, false, true}, "IsGreaterThanOrEqualTo": {false, true, true},
		"IsLessThan": {true, false, false}, "IsLessThanOrEqualTo": {true, true, false},
	}
	accept, known := accepts[e.local()]
	if !known {
		return nil, violates("The element 'Restriction' has invalid child element '" + e.local() + "'.")
	}
	return func(value func(property) string) bool { return accept[compare(value(p), text)+1] }, nil
}

// compare puts two values in order: numbers as such, all else as text without case,
// which is right for times, too.
func compare(a, b string) int {
	x, err1 := strconv.ParseInt(a, 10, 64)
	y, err2 := strconv.ParseInt(b, 10, 64)
	if err1 == nil && err2 == nil {
		switch {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	}
	return strings.Compare(strings.ToLower(a), strings.ToLower(b))
}

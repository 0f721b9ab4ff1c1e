package expect

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"postpatch/probes/fact"
)

// equal reads a plain value.
func (l language) equal(plain string) (test, error) {
	switch l.t {
	case fact.TypeSet:
		values, err := split(plain)
		if err != nil {
			return nil, err
		}
		return exactly(values), nil
	case fact.TypeText:
		return func(v fact.Value) bool {
			text, ok := v.(fact.Text)
			return ok && strings.EqualFold(strings.TrimSpace(string(text)), plain)
		}, nil
	default:
		want, err := l.value(plain)
		if err != nil {
			return nil, err
		}
		return func(v fact.Value) bool { return fact.Equal(v, want) }, nil
	}
}

func (l language) oneOf(values []string) (test, error) {
	if l.t == fact.TypeSet {
		return nil, fmt.Errorf("a set is not one of several values: want %s", l.right())
	}
	var tests []test
	for _, v := range values {
		t, err := l.equal(v)
		if err != nil {
			return nil, err
		}
		tests = append(tests, t)
	}
	return func(v fact.Value) bool {
		for _, t := range tests {
			if t(v) {
				return true
			}
		}
		return false
	}, nil
}

// ordered reads what follows <, <=, > or >=.
func (l language) ordered(op, rest string) (test, error) {
	compare, err := l.comparison(op, rest)
	if err != nil {
		return nil, err
	}
	return func(v fact.Value) bool {
		order, ok := compare(v)
		switch {
		case !ok:
			return false
		case order == 0:
			return op == "<=" || op == ">="
		default:
			return (order < 0) == strings.HasPrefix(op, "<")
		}
	}, nil
}

// between reads "a and b".
func (l language) between(rest string) (test, error) {
	low, high, found := strings.Cut(rest, " and ")
	if !found {
		return nil, fmt.Errorf("want two values with \"and\" between them after \"between\", got %q", rest)
	}
	fromLow, err := l.comparison("between", strings.TrimSpace(low))
	if err != nil {
		return nil, err
	}
	fromHigh, err := l.comparison("between", strings.TrimSpace(high))
	if err != nil {
		return nil, err
	}
	if lowest, err := l.bound(strings.TrimSpace(low)); err == nil {
		if order, ok := fromHigh(lowest); ok && order > 0 {
			return nil, fmt.Errorf("between %s: the first value is the greater one", rest)
		}
	}
	return func(v fact.Value) bool {
		toLow, ok := fromLow(v)
		toHigh, _ := fromHigh(v)
		return ok && toLow >= 0 && toHigh <= 0
	}, nil
}

// comparison reads a bound and returns how a value stands to it: below 0, 0 or
// above; not ok where the two cannot be compared.
func (l language) comparison(op, plain string) (func(fact.Value) (int, bool), error) {
	if l.t == fact.TypeBool || l.t == fact.TypeSet || l.t == fact.TypeUnknown {
		return nil, fmt.Errorf("%q cannot compare type %s: want %s", op, l.t, l.right())
	}
	bound, err := l.bound(plain)
	if err != nil {
		return nil, fmt.Errorf("%w after %q", err, op)
	}
	return func(v fact.Value) (int, bool) {
		switch bound := bound.(type) {
		case fact.Int:
			v, ok := v.(fact.Int)
			return cmp.Compare(v, bound), ok
		case fact.Duration:
			v, ok := v.(fact.Duration)
			return cmp.Compare(v, bound), ok
		case fact.Time:
			v, ok := v.(fact.Time)
			return time.Time(v).Compare(time.Time(bound)), ok
		case fact.Text:
			v, ok := v.(fact.Text)
			if !ok {
				return 0, false
			}
			return CompareVersions(string(v), string(bound))
		default:
			return 0, false
		}
	}, nil
}

// bound reads the value of a comparison: of texts, a version number.
func (l language) bound(plain string) (fact.Value, error) {
	if l.t != fact.TypeText {
		return l.value(plain)
	}
	if _, ok := version(plain); !ok {
		return nil, fmt.Errorf("want a version number like 15.2.1748.10, got %q", plain)
	}
	return fact.Text(plain), nil
}

// value reads a plain value of any type but a set.
func (l language) value(plain string) (fact.Value, error) {
	switch l.t {
	case fact.TypeBool:
		if v := strings.ToLower(plain); v == "true" || v == "false" {
			return fact.Bool(v == "true"), nil
		}
	case fact.TypeInt:
		digits := plain
		if l.unit != "" {
			digits = strings.TrimSpace(strings.TrimSuffix(plain, l.unit))
		}
		if n, ok := fact.Whole(digits); ok {
			return fact.Int(n), nil
		}
		if n, ok := fact.Bytes(plain); ok && l.unit == "bytes" {
			return fact.Int(n), nil
		}
	case fact.TypeDuration:
		if d, err := time.ParseDuration(strings.ReplaceAll(plain, " ", "")); err == nil {
			return fact.Duration(d), nil
		}
	case fact.TypeTime:
		if t, ok := Time(plain); ok {
			return fact.Time(t), nil
		}
	case fact.TypeText:
		return fact.Text(plain), nil
	case fact.TypeSet, fact.TypeUnknown:
	}
	return nil, fmt.Errorf("want %s, got %q", l.right(), plain)
}

// Time reads an instant as a suite writes it; without a zone it is in UTC.
func Time(plain string) (t time.Time, ok bool) {
	for _, layout := range []string{time.RFC3339Nano, time.DateTime, "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.Parse(layout, plain); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// right says what would be right for the type.
func (l language) right() string {
	switch l.t {
	case fact.TypeBool:
		return "true or false"
	case fact.TypeInt:
		if l.unit == "" || l.unit == "%" {
			return "a whole number"
		}
		if l.unit == "bytes" {
			return "a whole number of bytes, or such as 512 MiB or 2 GB"
		}
		return "a whole number (of " + l.unit + ")"
	case fact.TypeDuration:
		return "a duration like 20ms or 5s"
	case fact.TypeTime:
		return "a time like 2026-11-23T22:15:00Z or 2026-11-23"
	case fact.TypeSet:
		return `"= a, b", "contains a", "not contains a", "superset of a, b", "subset of a, b" or "empty"`
	case fact.TypeText:
		return "a text"
	case fact.TypeUnknown:
	}
	return "a reading of a known type"
}

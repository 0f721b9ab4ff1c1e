package fact_test

import (
	"slices"
	"testing"
	"time"

	"postpatch/probes/fact"
)

func TestEqual(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	var bits fact.Value = fact.Int(0)
	tests := []struct {
		name string
		a, b fact.Value
		want bool
	}{
		{"same text", fact.Text("a"), fact.Text("a"), true},
		{"a text is never a number", fact.Text("1"), fact.Int(1), false},
		{"a number is never a duration", fact.Int(1), fact.Duration(1), false},
		{"a bool is never a text", fact.Bool(true), fact.Text("true"), false},
		{"a set of one is never a text", fact.SetOf("a"), fact.Text("a"), false},
		{"a text is never a set of one", fact.Text("a"), fact.SetOf("a"), false},
		{"sets in another order", fact.SetOf("a", "b"), fact.SetOf("b", "a", "b"), true},
		{"no set and an empty set", fact.Set{}, fact.SetOf(), true},
		{"other sets", fact.SetOf("a"), fact.SetOf("a", "b"), false},
		{"one instant in two zones", fact.Time(at), fact.Time(at.In(time.FixedZone("", 3600))), true},
		{"instants a nanosecond apart", fact.Time(at), fact.Time(at.Add(1)), false},
		{"nothing and nothing", nil, nil, true},
		{"nothing and something", nil, bits, false},
		{"something and nothing", fact.SetOf(), nil, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := fact.Equal(test.a, test.b); got != test.want {
				t.Errorf("want %v, got %v", test.want, got)
			}
		})
	}
}

func TestStringIsForPeople(t *testing.T) {
	tests := []struct {
		name  string
		value fact.Value
		want  string
	}{
		{"long", fact.Duration(36*time.Hour + 1234567), "36h0m0s"},
		{"seconds", fact.Duration(12345678901), "12.3s"},
		{"under ten seconds", fact.Duration(1234567890), "1.2346s"},
		{"milliseconds", fact.Duration(12345678), "12.3ms"},
		{"negative", fact.Duration(-12345678901), "-12.3s"},
		{"zero", fact.Duration(0), "0s"},
		{"time", fact.Time(time.Date(2026, 1, 2, 3, 4, 5, 6, time.FixedZone("", 3600))), "2026-01-02T02:04:05Z"},
		{"set", fact.SetOf("b", "a"), "a, b"},
		{"bool", fact.Bool(true), "true"},
		{"int", fact.Int(-3), "-3"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := test.value.String(); got != test.want {
				t.Errorf("want %q, got %q", test.want, got)
			}
		})
	}
}

func TestSet(t *testing.T) {
	given := []string{"c", "a", "b", "a"}
	s := fact.SetOf(given...)
	if got := s.Elems(); !slices.Equal(got, []string{"a", "b", "c"}) || given[0] != "c" {
		t.Errorf("got %q of %q", got, given)
	}
	s.Elems()[0] = "x"
	if s.Elems()[0] != "a" {
		t.Error("the caller can change the set")
	}
	for _, part := range []fact.Set{{}, fact.SetOf("a"), fact.SetOf("a", "c"), s} {
		if !s.Covers(part) {
			t.Errorf("%v does not cover %v", s, part)
		}
	}
	if fact.SetOf("a").Covers(s) || (fact.Set{}).Covers(s) || s.Covers(fact.SetOf("A")) {
		t.Error("a set covers what it does not hold")
	}
}

func TestKeysAreOrdered(t *testing.T) {
	sorted := []fact.Key{
		{}, {Name: "b"}, {Item: "a"}, {Item: "a", Name: "a"}, {Check: "a"}, {Check: "a", Item: "z"}, {Host: "A"}, {Host: "a"}, {Host: "é"},
	}
	for i, a := range sorted {
		for j, b := range sorted {
			if got := a.Compare(b); (got < 0) != (i < j) || (got == 0) != (i == j) {
				t.Errorf("%v against %v: %d", a, b, got)
			}
		}
	}
}

func TestTypes(t *testing.T) {
	words := map[string]fact.Value{
		"bool": fact.Bool(true), "int": fact.Int(1), "text": fact.Text(""), "duration": fact.Duration(0),
		"time": fact.Time{}, "set": fact.Set{},
	}
	for word, v := range words {
		if got := v.Type().String(); got != word {
			t.Errorf("want %q, got %q", word, got)
		}
	}
}

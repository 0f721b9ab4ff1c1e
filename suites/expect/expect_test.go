package expect

import (
	"strings"
	"testing"
	"time"

	"postpatch/probes/fact"
)

func day(s string) fact.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return fact.Time(t)
}

type held struct {
	source string
	value  fact.Value
	want   bool
}

func TestTextsHold(t *testing.T) {
	hold(t, []held{
		{"running", fact.Text("Running "), true},
		{"running", fact.Text("stopped"), false},
		{"running", fact.SetOf("running"), false}, // of another type
		{"= < 5", fact.Text("< 5"), true},         // the way to a text that looks like an operator
		{"!= running", fact.Text("RUNNING"), false},
		{"!= running", fact.Text("stopped"), true},
		{"one of auto, manual", fact.Text("Manual"), true},
		{"one of auto, manual", fact.Text("disabled"), false},
		{"contains kb50", fact.Text("has KB5034441"), true},
		{"contains kb51", fact.Text("has KB5034441"), false},
		{"not contains error", fact.Text("no Error"), false},
		{"not  contains error", fact.Text("fine"), true},
		{"matches /^v[0-9]+$/", fact.Text("v12"), true},
		{"matches ^v[0-9]+$", fact.Text("12"), false},
		{">= 15.2.1748.10", fact.Text("15.2.1748.9"), false}, // by parts, not by letters
		{">= 15.2.1748.10", fact.Text("15.2.1748.10"), true},
		{"> 15.2", fact.Text("15.2.0"), false}, // an absent part is 0
		{"> 15.2", fact.Text("15.2.1"), true},
		{"< 9", fact.Text("10"), false},
		{"< 9", fact.Text("no version"), false},
		{"between 15.1 and 15.3", fact.Text("15.2.9"), true},
		{"any", fact.Text(""), true},
		{"empty", fact.Text(" "), true},
		{"containsx", fact.Text("containsx"), true}, // a word that only begins like an operator
	})
}

func TestOtherValuesHold(t *testing.T) {
	ms := func(n int) fact.Duration { return fact.Duration(time.Duration(n) * time.Millisecond) }
	hold(t, []held{
		{"true", fact.Bool(true), true},
		{"True", fact.Bool(false), false},
		{"!= true", fact.Bool(false), true},

		{"0%", fact.Int(0), true},
		{"0", fact.Int(1), false},
		{"< 5 %", fact.Int(4), true},
		{"<5", fact.Int(5), false},
		{"<= 5", fact.Int(5), true},
		{"> 5", fact.Int(6), true},
		{">= -5", fact.Int(-6), false},
		{"!= 3", fact.Int(3), false},
		{"one of 200, 302", fact.Int(302), true},
		{"between 1 and 3", fact.Int(3), true},
		{"between 1 and 3", fact.Int(4), false},

		{"< 20ms", ms(19), true},
		{"< 20ms", ms(20), false},
		{"20ms", ms(20), true},
		{"between 1s and 2s", ms(1500), true},

		{"> 2026-11-01", day("2026-11-02"), true},
		{"> 2026-11-01 10:00", day("2026-11-01"), false},
		{"<= 2026-11-01T00:00:00Z", day("2026-11-01"), true},

		{"= b, A", fact.SetOf("a", "b"), true},
		{"a, b", fact.SetOf("a", "b", "c"), false},
		{"a", fact.SetOf("a"), true},
		{"!= a", fact.SetOf("a"), false},
		{"contains A, c", fact.SetOf("a", "b", "c"), true},
		{"contains a, d", fact.SetOf("a", "b", "c"), false},
		{"not contains a, d", fact.SetOf("a", "b"), false},
		{"not contains c, d", fact.SetOf("a", "b"), true},
		{"empty", fact.SetOf(), true},
		{"not empty", fact.SetOf(), false},
		{"any", fact.SetOf(), true},
	})
}

func hold(t *testing.T, rows []held) {
	t.Helper()
	for _, c := range rows {
		typ := c.value.Type()
		if c.source == "running" { // also held against a value of another type
			typ = fact.TypeText
		}
		p, err := Parse(c.source, typ)
		if err != nil {
			t.Errorf("Parse(%q, %s): %v", c.source, typ, err)
			continue
		}
		if got := p.Holds(c.value); got != c.want {
			t.Errorf("%q of %q: holds %v, want %v", p, c.value, got, c.want)
		}
		if p.Holds(nil) {
			t.Errorf("%q holds for a reading that is not there", p)
		}
	}
}

func TestAValueOfAnotherTypeMeetsNothing(t *testing.T) {
	for source, typ := range map[string]fact.Type{
		"!= 5": fact.TypeInt, "not contains a": fact.TypeText, "not empty": fact.TypeText, "!= a": fact.TypeSet,
		"between 1 and 3": fact.TypeInt,
	} {
		p, err := Parse(source, typ)
		if err != nil || p.Holds(fact.Bool(true)) {
			t.Errorf("%q of a %s holds for a bool (%v)", source, typ, err)
		}
	}
}

func TestErrorsSayWhatWouldBeRight(t *testing.T) {
	for _, c := range []struct {
		source string
		typ    fact.Type
		want   string
	}{
		{" ", fact.TypeText, "the expectation is empty"},
		{"<", fact.TypeInt, `nothing follows "<"`},
		{"abc", fact.TypeInt, `want a whole number, got "abc"`},
		{"20ms", fact.TypeInt, `want a whole number, got "20ms"`},
		{"< 20", fact.TypeDuration, `want a duration like 20ms or 5s, got "20" after "<"`},
		{"yes", fact.TypeBool, `want true or false, got "yes"`},
		{"> true", fact.TypeBool, `">" cannot compare type bool: want true or false`},
		{"> yesterday", fact.TypeTime, `want a time like 2026-11-23T22:15:00Z or 2026-11-23, got "yesterday" after ">"`},
		{"< running", fact.TypeText, `want a version number like 15.2.1748.10, got "running" after "<"`},
		{"one of a,,b", fact.TypeText, `want values with a comma between them, got "a,,b"`},
		{"one of a, b", fact.TypeSet, "a set is not one of several values"},
		{"matches /(/", fact.TypeText, `want a regular expression after "matches"`},
		{"matches x", fact.TypeInt, `"matches" is for texts; for type int want a whole number`},
		{"contains 3", fact.TypeInt, `"contains" is for texts and sets`},
		{"between 1", fact.TypeInt, `want two values with "and" between them`},
		{"between 3 and 1", fact.TypeInt, "the first value is the greater one"},
		{"between a and 1", fact.TypeInt, `want a whole number, got "a" after "between"`},
		{"= ,", fact.TypeSet, "want values with a comma"},
		{"< a", fact.TypeSet, `"<" cannot compare type set`},
		{"empty", fact.TypeInt, `"empty" is for texts and sets`},
	} {
		_, err := Parse(c.source, c.typ)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Parse(%q, %s): got %v, want %q", c.source, c.typ, err, c.want)
		}
	}
}

func TestParseUnitTakesTheReadingsUnit(t *testing.T) {
	p, err := ParseUnit(">= 30 days", fact.TypeInt, "days")
	if err != nil || !p.Holds(fact.Int(30)) || p.Holds(fact.Int(29)) {
		t.Errorf("30 days: %v, %v", p, err)
	}
	_, err = ParseUnit(">= 30%", fact.TypeInt, "days")
	if err == nil || !strings.Contains(err.Error(), "of days") {
		t.Errorf("another unit: got %v", err)
	}
}

func TestParseList(t *testing.T) {
	oneOf, err := ParseList([]string{"auto", "manual"}, fact.TypeText)
	if err != nil || oneOf.String() != "one of auto, manual" || !oneOf.Holds(fact.Text("Manual")) {
		t.Errorf("texts: %q, %v", oneOf, err)
	}
	exact, err := ParseList([]string{"b", "a"}, fact.TypeSet)
	if err != nil || exact.String() != "= b, a" || !exact.Holds(fact.SetOf("a", "b")) || exact.Holds(fact.SetOf("a")) {
		t.Errorf("sets: %q, %v", exact, err)
	}
	for name, list := range map[string][]string{
		"asserts nothing": {}, "empty value": {"1", " "}, "plain values": {"< 5"}, "whole number": {"x"},
	} {
		if _, err := ParseList(list, fact.TypeInt); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("ParseList(%q): got %v, want %q", list, err, name)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"running", "< 20ms", "one of a, b", "matches /a+/", "between 1 and 2", "any", "= a, b", "younger than 7d",
	} {
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, source, value string) {
		values := []fact.Value{
			fact.Text(value), fact.Int(len(value)), fact.Bool(value == ""), fact.SetOf(strings.Fields(value)...),
			fact.Duration(len(value)), fact.Time(time.Unix(int64(len(value)), 0)),
		}
		for typ := fact.TypeUnknown; typ <= fact.TypeSet; typ++ {
			p, err := Parse(source, typ)
			if err != nil {
				continue
			}
			for _, v := range values {
				p.Holds(v)
			}
			again, err := Parse(p.String(), typ)
			if err != nil {
				t.Fatalf("%q is not readable again: %v", p, err)
			}
			for _, v := range values {
				if again.Holds(v) != p.Holds(v) {
					t.Fatalf("%q means something else when read again", p)
				}
			}
		}
	})
}

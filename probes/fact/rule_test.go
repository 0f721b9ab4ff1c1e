package fact_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"postpatch/probes/fact"
)

func rule(t *testing.T, s string) fact.Rule {
	t.Helper()
	r, err := fact.ParseRule(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestParseRule(t *testing.T) {
	tests := map[string]fact.Rule{
		"same": {}, "ignore": {Op: fact.Ignore}, "at least": {Op: fact.AtLeast}, "at most": {Op: fact.AtMost},
		"superset": {Op: fact.Superset}, "subset": {Op: fact.Subset}, "same set": {Op: fact.SameSet},
		"same text": {Op: fact.SameText}, "  at \t least ": {Op: fact.AtLeast},
		"within 10%": {Op: fact.Within, Percent: 10}, "within 0.5%": {Op: fact.Within, Percent: 0.5},
		"within 250%":   {Op: fact.Within, Percent: 250},
		"at least -20%": {Op: fact.AtLeast, Percent: 20}, "at most  +50%": {Op: fact.AtMost, Percent: 50},
		"at most +100% or gone": {Op: fact.AtMost, Percent: 100, Gone: true}, "same or gone": {Gone: true},
		"within 3 or gone": {Op: fact.Within, Number: 3, Gone: true}, "subset  or  gone": {Op: fact.Subset, Gone: true},
		"within 3": {Op: fact.Within, Number: 3}, "within 1m30s": {Op: fact.Within, Duration: 90 * time.Second},
		"at most +3": {Op: fact.AtMost, Number: 3}, "at least -5s": {Op: fact.AtLeast, Duration: 5 * time.Second},
		"within 3 days": {Op: fact.Within, Duration: 72 * time.Hour}, "within 1  hour": {Op: fact.Within, Duration: time.Hour},
	}
	for s, want := range tests {
		got, err := fact.ParseRule(s)
		if got != want || err != nil {
			t.Errorf("%q: got %+v, %v", s, got, err)
		}
	}
	for _, bad := range []string{
		"", "sane", "Same", "within", "within ", "within x", "within 0", "within 0%", "within 0s", "within -3", "within -1s", "within -5%",
		"within NaN%", "within Inf%", "within 1e9%", "within %", "within 10 %", "within 3 s", "within 9223372036854775808", "at", "same same",
		"at most +", "at most 50%", "at most -50%", "at most +-5%", "at most ++5%", "at most 3", "at most +0%",
		"at least +20%", "at least -100%", "at least -0%", "at least 20%", "ignore or gone", "or gone", "gone", "same or", "same or gone or gone",
	} {
		if got, err := fact.ParseRule(bad); err == nil {
			t.Errorf("%q is read as %+v", bad, got)
		} else if !strings.Contains(err.Error(), "want ") {
			t.Errorf("%q: no way out in %q", bad, err)
		}
	}
}

func FuzzParseRule(f *testing.F) {
	for _, s := range []string{
		"same", "within 10%", "within 1e-3%", "within 5s", "within 3", "within 0x1p-2%", "within 1ns", "at  least",
		"at most +50%", "at least -99.5%", "at most +1e3% or gone", "subset or gone", "at most +3 weeks", "at least -1.5 GB",
	} {
		f.Add(s, "")
	}
	f.Add("within 512 MiB", "bytes")
	f.Add("at least -3 days", "days")
	f.Add("within 5 points", "%")
	f.Fuzz(func(t *testing.T, s, unit string) {
		if !slices.Contains([]string{"", "%", "bytes", "days"}, unit) {
			return // a kind's own word, and never a host's or a suite's
		}
		r, err := fact.ParseRuleUnit(s, unit)
		if err != nil {
			return
		}
		back, err := fact.ParseRuleUnit(r.String(), unit)
		if back != r || err != nil {
			t.Fatalf("%q is %+v, its String %q is %+v, %v", s, r, r, back, err)
		}
		for _, v := range values() {
			if r.Suits(v.Type()) == nil && !r.Holds(v, v) {
				t.Fatalf("%q does not hold between %#v and itself", r, v)
			}
		}
	})
}

// Every way to compare, with every type.
func TestSuits(t *testing.T) {
	types := []fact.Type{fact.TypeBool, fact.TypeInt, fact.TypeText, fact.TypeDuration, fact.TypeTime, fact.TypeSet}
	tests := map[string]string{ // the types in the order above
		"same": "yyyyyy", "ignore": "yyyyyy", "within 10%": "nynynn", "within 3": "nynnnn", "within 5s": "nnnyyn",
		"at least": "nynyyn", "at most": "nynyyn", "superset": "nnnnny", "subset": "nnnnny", "same set": "nnnnny", "same text": "nnynny",
		"at least -3": "nynnnn", "at most +5s": "nnnyyn", "within 3 days": "nnnyyn",
		"at least -20%": "nynynn", "at most +50%": "nynynn", "at most +50% or gone": "nynynn", "same or gone": "yyyyyy",
	}
	for s, want := range tests {
		for i, kind := range types {
			err := rule(t, s).Suits(kind)
			if (err == nil) != (want[i] == 'y') {
				t.Errorf("%s, %s: %v", s, kind, err)
			}
			if err != nil && err.Error() != fmt.Sprintf("%q cannot compare a %s", s, kind) {
				t.Errorf("got %v", err)
			}
		}
	}
}

func TestHolds(t *testing.T) {
	at := func(seconds int64) fact.Value { return fact.Time(time.Unix(seconds, 0)) }
	span := func(d time.Duration) fact.Value { return fact.Duration(d) }
	set := func(elems ...string) fact.Value { return fact.SetOf(elems...) }
	text := func(s string) fact.Value { return fact.Text(s) }
	num := func(n int64) fact.Value { return fact.Int(n) }
	never := fact.Time{} // 0001-01-01, which Windows sends for "never"
	tests := []struct {
		name, rule  string
		before, now fact.Value
		want        bool
	}{
		{"same", "same", text("a"), text("a"), true},
		{"other case is not the same", "same", text("a"), text("A"), false},
		{"another type is never the same", "same", text("1"), num(1), false},
		{"ignored", "ignore", text("a"), num(1), true},
		{"ignored when it appears", "ignore", nil, num(1), true},
		{"appearing is a change", "same", nil, num(1), false},
		{"going is a change", "at least", num(1), nil, false},
		{"a percentage up", "within 10%", num(100), num(110), true},
		{"a percentage and one up", "within 10%", num(100), num(111), false},
		{"a percentage down", "within 10%", num(100), num(90), true},
		{"a percentage of before, not of now", "within 10%", num(90), num(100), false},
		{"a percentage of a negative", "within 10%", num(-100), num(-110), true},
		{"a percentage too far down", "within 10%", num(-100), num(-111), false},
		{"a percentage of zero is zero", "within 10%", num(0), num(1), false},
		{"zero stays zero", "within 10%", num(0), num(0), true},
		{"from minus to plus", "within 200%", num(-5), num(5), true},
		{"a fraction that floats cannot hold", "within 0.57%", num(10000), num(10057), true},
		{"and one more", "within 0.57%", num(10000), num(10058), false},
		{"a percentage of a duration", "within 50%", span(time.Second), span(1500 * time.Millisecond), true},
		{"a percentage of the extremes", "within 10%", num(math.MinInt64), num(math.MaxInt64), false},
		{"a percentage of a date", "within 10%", at(100), at(100), false},
		{"a number", "within 3", num(5), num(8), true},
		{"a number too far", "within 3", num(5), num(9), false},
		{"a number of the extremes", "within 3", num(math.MinInt64), num(math.MaxInt64), false},
		{"large numbers one apart", "within 1", num(1 << 60), num(1<<60 + 2), false},
		{"a number for a duration", "within 3", span(5), span(6), false},
		{"a duration for a number", "within 5s", num(5), num(6), false},
		{"a duration", "within 5s", span(time.Second), span(6 * time.Second), true},
		{"a duration too far", "within 5s", span(time.Second), span(6*time.Second + 1), false},
		{"a time", "within 5s", at(10), at(5), true},
		{"a time too far", "within 5s", at(10), at(4), false},
		{"never and now", "within 5s", never, at(1e9), false},
		{"never and never", "within 5s", never, never, true},
		{"at least, more", "at least", num(1), num(2), true},
		{"at least, equal", "at least", num(2), num(2), true},
		{"at least, less", "at least", num(2), num(1), false},
		{"at least, of large numbers", "at least", num(1<<53 + 1), num(1 << 53), false},
		{"at least, later", "at least", at(1), at(2), true},
		{"at least, after never", "at least", never, at(1e9), true},
		{"at least, never after", "at least", at(1e9), never, false},
		{"at least, of texts", "at least", text("1"), text("2"), false},
		{"at most, less", "at most", span(2), span(1), true},
		{"at most, equal", "at most", span(2), span(2), true},
		{"at most, more", "at most", span(1), span(2), false},
		{"at most, of large numbers", "at most", num(1 << 53), num(1<<53 + 1), false},
		{"at most and more, at the edge", "at most +50%", num(100), num(150), true},
		{"at most and more, beyond", "at most +50%", num(100), num(151), false},
		{"at most and more, less is fine", "at most +50%", num(100), num(-7), true},
		{"at most and more, of nothing", "at most +50%", num(0), num(1), false},
		{"at most and more, of a negative", "at most +50%", num(-100), num(-50), true},
		{"at most and more, of a negative, beyond", "at most +50%", num(-100), num(-49), false},
		{"at most and more, of a duration", "at most +50%", span(10), span(15), true},
		{"at most and more, of a date", "at most +50%", at(100), at(90), false},
		{"at least and less, at the edge", "at least -20%", num(100), num(80), true},
		{"at least and less, beyond", "at least -20%", num(100), num(79), false},
		{"at least and less, more is fine", "at least -20%", num(100), num(1000), true},
		{"at most and so many more, at the edge", "at most +3", num(5), num(8), true},
		{"at most and so many more, beyond", "at most +3", num(5), num(9), false},
		{"at most and so many more, less is fine", "at most +3", num(5), num(math.MinInt64), true},
		{"at most and so many more, of a duration", "at most +3", span(5), span(5), false},
		{"at least and so much less, at the edge", "at least -5s", span(6 * time.Second), span(time.Second), true},
		{"at least and so much less, beyond", "at least -5s", span(6*time.Second + 1), span(time.Second), false},
		{"at least and so much earlier", "at least -5s", at(10), at(5), true},
		{"at least and so much earlier, beyond", "at least -5s", at(10), at(4), false},
		{"at least and a duration, of a number", "at least -5s", num(1), num(2), false},
		{"gone is allowed", "at most +50% or gone", num(3), nil, true},
		{"gone is allowed of a text", "same or gone", text("a"), nil, true},
		{"gone is allowed, coming is not", "same or gone", nil, text("a"), false},
		{"gone is allowed, changing is not", "same or gone", text("a"), text("b"), false},
		{"gone is allowed, another type is not", "same or gone", text("1"), num(1), false},
		{"superset, grown", "superset", set("a"), set("a", "b"), true},
		{"superset, shrunk", "superset", set("a", "b"), set("a"), false},
		{"superset, from nothing", "superset", set(), set("a"), true},
		{"superset, of texts", "superset", text("a"), text("a"), false},
		{"subset, shrunk", "subset", set("a", "b"), set("a"), true},
		{"subset, grown", "subset", set("a"), set("a", "b"), false},
		{"subset, exchanged", "subset", set("a"), set("b"), false},
		{"same set", "same set", set("a", "b"), set("b", "a"), true},
		{"same set, other", "same set", set("a"), set("b"), false},
		{"same text, other case", "same text", text("RÜN"), text("rün"), true},
		{"same text, Kelvin sign", "same text", text("k"), text("\u212a"), true},
		{"same text, other", "same text", text("a"), text("b"), false},
		{"same text, other bytes that are no text", "same text", text("\xff"), text("\xfe"), false},
		{"same text, set in other case", "same text", set("B", "a"), set("b", "A"), true},
		{"same text, another set that reads alike", "same text", set("a, b"), set("a", "b"), false},
		{"same text, durations that print alike", "same text", span(12 * time.Second), span(12*time.Second + 1), false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := rule(t, test.rule).Holds(test.before, test.now); got != test.want {
				t.Errorf("%s, %v against %v: want %v", test.rule, test.before, test.now, test.want)
			}
		})
	}
}

// No rule panics on a pair, and but for ignore none takes two types for one.
func TestEveryRuleWithEveryPair(t *testing.T) {
	for _, s := range []string{
		"same", "ignore", "within 10%", "within 3", "within 5s", "at least", "at most", "superset", "subset", "same set", "same text",
		"at most +50%", "at least -20%", "subset or gone", "at most +3", "at least -5s",
	} {
		r := rule(t, s)
		all := append(values(), nil)
		for _, a := range all {
			for _, b := range all {
				differ := a == nil || b == nil || a.Type() != b.Type()
				if r.Holds(a, b) && differ && r.Op != fact.Ignore && (b != nil || !r.Gone) {
					t.Errorf("%s holds between %#v and %#v", s, a, b)
				}
			}
		}
	}
}

func TestSeverities(t *testing.T) {
	for _, s := range []fact.Severity{fact.Warn, fact.Note, fact.Fail} {
		if got, err := fact.ParseSeverity(s.String()); got != s || err != nil {
			t.Errorf("%s: got %s, %v", s, got, err)
		}
	}
	if _, err := fact.ParseSeverity("fatal"); err == nil || !strings.Contains(err.Error(), `"fatal"`) {
		t.Errorf("got %v", err)
	}
	if fact.Severity(0) != fact.Warn || (fact.Rule{}).Op != fact.Same {
		t.Error("the zero values are not the common ones")
	}
}

// The form is that of the least character of those that differ in case alone.
func TestFold(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		least := r
		for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
			least = min(least, other)
		}
		if got := fact.Fold(string(r)); got != string(least) {
			t.Errorf("%q: got %q, want %q", r, got, string(least))
		}
	}
}

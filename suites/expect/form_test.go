package expect_test

import (
	"strings"
	"testing"
	"time"

	"postpatch/probes/fact"
	"postpatch/suites/expect"
)

func parse(t *testing.T, typ fact.Type, sources ...string) (all []expect.Predicate) {
	t.Helper()
	for _, source := range sources {
		p, err := expect.Parse(source, typ)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

// must takes what a form comes to.
func must(t *testing.T) func(expect.Predicate, error) expect.Predicate {
	return func(p expect.Predicate, err error) expect.Predicate {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
}

func TestFormsHold(t *testing.T) {
	ok := must(t)
	text := func(sources ...string) []expect.Predicate { return parse(t, fact.TypeText, sources...) }
	set := func(sources ...string) []expect.Predicate { return parse(t, fact.TypeSet, sources...) }
	const isText, isSet = fact.TypeText, fact.TypeSet
	form := func(word string, typ fact.Type, values ...string) expect.Predicate {
		return ok(expect.Form(word, values, typ, "%"))
	}
	for _, c := range []struct {
		p           expect.Predicate
		said        string
		met, unmet  []fact.Value
		ofOtherType fact.Value
	}{
		{
			ok(expect.AnyOf(text("running", "matches /^start/"))), "any of (running; matches /^start/)",
			[]fact.Value{fact.Text("Running"), fact.Text("starting")},
			[]fact.Value{fact.Text("stopped")},
			fact.Int(1),
		},
		{
			ok(expect.AllOf(text("contains a", "not contains b"))), "all of (contains a; not contains b)",
			[]fact.Value{fact.Text("ca")},
			[]fact.Value{fact.Text("ab"), fact.Text("c")},
			fact.SetOf("a"),
		},
		{
			ok(expect.Not(text("one of a, b")[0], isText)), "not (one of a, b)",
			[]fact.Value{fact.Text("c")},
			[]fact.Value{fact.Text("A")},
			fact.Int(3),
		},
		{
			ok(expect.AnyOf(parse(t, fact.TypeDuration, "< 1s", "between 5s and 6s"))), "any of (< 1s; between 5s and 6s)",
			[]fact.Value{fact.Duration(0), fact.Duration(5 * time.Second)},
			[]fact.Value{fact.Duration(2 * time.Second)},
			fact.Int(0),
		},
		{
			form("one of", fact.TypeInt, "200", "302"), "one of 200, 302",
			[]fact.Value{fact.Int(302)},
			[]fact.Value{fact.Int(500)},
			fact.Text("200"),
		},
		{
			form("contains", isSet, "a", "b"), "contains a, b",
			[]fact.Value{fact.SetOf("B", "a", "c")},
			[]fact.Value{fact.SetOf("a"), fact.SetOf()},
			fact.Text("a b"),
		},
		{
			form("not contains", isText, "x", "y"), "not contains x, y",
			[]fact.Value{fact.Text("z")},
			[]fact.Value{fact.Text("wxw")},
			fact.Int(1),
		},
		{
			form("superset", isSet, "a"), "superset of a",
			[]fact.Value{fact.SetOf("A", "b")},
			[]fact.Value{fact.SetOf("b")},
			fact.Text("a"),
		},
		{
			form("subset", isSet, "a", "b"), "subset of a, b",
			[]fact.Value{fact.SetOf("A"), fact.SetOf()},
			[]fact.Value{fact.SetOf("a", "c")},
			fact.Text("a"),
		},
		{
			form("same set", isSet, "b", "a, c"), "= b, a, c",
			[]fact.Value{fact.SetOf("B", "a, c")},
			[]fact.Value{fact.SetOf("b")},
			fact.Text("b"),
		},
		{
			ok(expect.Word("contains", "< 5, really", isText)), "contains < 5, really",
			[]fact.Value{fact.Text("it is < 5, Really")},
			[]fact.Value{fact.Text("< 5")},
			fact.Int(1),
		},
		{
			ok(expect.Word("not matches", "^a", isText)), "not matches ^a",
			[]fact.Value{fact.Text("ba")},
			[]fact.Value{fact.Text("ab")},
			fact.Int(1),
		},
		{
			ok(expect.Each(text("matches /^dc/")[0])), "each (matches /^dc/)",
			[]fact.Value{fact.SetOf("dc01", "dc02")},
			[]fact.Value{fact.SetOf("dc01", "x"), fact.SetOf()},
			fact.Text("dc01"),
		},
		{
			ok(expect.Some(text("matches /^dc/")[0])), "some (matches /^dc/)",
			[]fact.Value{fact.SetOf("dc01", "x")},
			[]fact.Value{fact.SetOf("x"), fact.SetOf()},
			fact.Text("dc01"),
		},
		{
			ok(expect.AnyOf(append(set("empty"), ok(expect.Each(text("a")[0]))))), "any of (empty; each (a))",
			[]fact.Value{fact.SetOf(), fact.SetOf("a")},
			[]fact.Value{fact.SetOf("b")},
			fact.Text(""),
		},
	} {
		if c.p.String() != c.said {
			t.Errorf("want %q, got %q", c.said, c.p)
		}
		for _, v := range c.met {
			if !c.p.Holds(v) {
				t.Errorf("%s: not met by %q", c.p, v)
			}
		}
		for _, v := range append(c.unmet, c.ofOtherType, nil) {
			if c.p.Holds(v) {
				t.Errorf("%s: met by %v", c.p, v)
			}
		}
	}
}

func TestTextsOfSetsAndNegationsHold(t *testing.T) {
	for source, c := range map[string]struct {
		met, unmet fact.Value
	}{
		"superset of a, b": {fact.SetOf("a", "B", "c"), fact.SetOf("a")},
		"subset  of a, b":  {fact.SetOf("A"), fact.SetOf("a", "c")},
		"not matches /^a/": {fact.Text("b"), fact.Text("a")},
		"= superset of a":  {fact.Text("Superset of a"), fact.Text("a")},
	} {
		p := parse(t, c.met.Type(), source)[0]
		if !p.Holds(c.met) || p.Holds(c.unmet) || p.Holds(fact.Int(1)) || p.Holds(nil) {
			t.Errorf("%q: met by %v: %t, by %v: %t", source, c.met, p.Holds(c.met), c.unmet, p.Holds(c.unmet))
		}
	}
}

func TestFormsThatAssertNothingAreRefused(t *testing.T) {
	anything := parse(t, fact.TypeText, "any")
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"no value":           {second(expect.Form("superset", nil, fact.TypeSet, "")), "asserts nothing"},
		"an empty value":     {second(expect.Form("one of", []string{"a", " "}, fact.TypeText, "")), "empty value"},
		"an operator":        {second(expect.Form("subset", []string{"not matches x"}, fact.TypeSet, "")), "plain values"},
		"a set among values": {second(expect.Form("one of", []string{"a"}, fact.TypeSet, "")), "not one of several"},
		"a set form of text": {second(expect.Form("same set", []string{"a"}, fact.TypeText, "")), "is for sets"},
		"an unknown form":    {second(expect.Form("between", []string{"1"}, fact.TypeInt, "")), "unknown form"},
		"an unknown word":    {second(expect.Word("one of", "a", fact.TypeInt)), "unknown form"},
		"an empty word":      {second(expect.Word("contains", " ", fact.TypeText)), "nothing follows"},
		"every text":         {second(expect.Word("matches", "/.*/", fact.TypeText)), "asserts nothing"},
		"none of no text":    {second(expect.Word("not matches", "a*", fact.TypeText)), "asserts nothing"},
		"any of nothing":     {second(expect.AnyOf(nil)), "asserts nothing"},
		"all of nothing":     {second(expect.AllOf(nil)), "asserts nothing"},
		"any of any":         {second(expect.AnyOf(anything)), "asserts nothing"},
		"not any":            {second(expect.Not(anything[0], fact.TypeText)), "never be met"},
		"each any":           {second(expect.Each(anything[0])), "asserts nothing"},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("%s: want %q, got %v", name, c.want, c.err)
		}
	}
}

func second(_ expect.Predicate, err error) error { return err }

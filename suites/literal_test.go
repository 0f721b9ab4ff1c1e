package suites

import (
	"slices"
	"strings"
	"testing"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
)

func TestTo(t *testing.T) {
	far := fact.Time(time.Date(10001, 1, 1, 0, 0, 0, 0, time.UTC))
	for _, c := range []struct {
		value fact.Value
		text  string
		list  []string
	}{
		{nil, "gone", nil},
		{fact.Bool(true), "true", nil},
		{fact.Int(-3), "-3", nil},
		{fact.Duration(1234567890), "1.23456789s", nil},
		{fact.Time(time.Date(2026, 11, 1, 2, 0, 0, 5, time.UTC)), "2026-11-01T02:00:00.000000005Z", nil},
		{far, Digest(far), nil},
		{fact.Text(" running "), "running", nil},
		{fact.Text(" "), "empty", nil},
		{fact.Text("gone"), "= gone", nil},
		{fact.Text("any"), "= any", nil},
		{fact.Text("< 5"), "= < 5", nil},
		{fact.Text("contains x"), "= contains x", nil},
		{fact.Text(Digest(far)), "= " + Digest(far), nil},
		{fact.Text("{{ x }}"), Digest(fact.Text("{{ x }}")), nil},
		{fact.Text("a\x1bb"), Digest(fact.Text("a\x1bb")), nil},
		{fact.Text("a\xffb"), Digest(fact.Text("a\xffb")), nil},
		{fact.Text(strings.Repeat("x", maxText+1)), Digest(fact.Text(strings.Repeat("x", maxText+1))), nil},
		{fact.SetOf(), "empty", nil},
		{fact.SetOf("b, c", "a"), "", []string{"a", "b, c"}},
		{fact.SetOf("< 5", "a"), Digest(fact.SetOf("< 5", "a")), nil},
		{fact.SetOf("", "a"), Digest(fact.SetOf("", "a")), nil},
	} {
		typ := fact.TypeText
		if c.value != nil {
			typ = c.value.Type()
		}
		text, list := To(c.value, probes.ReadingSpec{Type: typ, Unit: "bytes"})
		if text != c.text || !slices.Equal(list, c.list) {
			t.Errorf("%#v: %q %q, want %q %q", c.value, text, list, c.text, c.list)
		}
	}
}

// A pattern of one item chooses it whatever it holds, and not a longer or a shorter
// one.
func TestItemPattern(t *testing.T) {
	kind := probes.Kind{Name: "k", Items: probes.AnyCase}
	c := &Check{Kind: &kind, Items: kind.Items}
	for item, want := range map[string]string{
		"": "k.r", "Spooler": "k/Spooler.r", "a.b/c": "k/a.b/c.r", "*.test": "k/=*.test.r", "a\x1b\u0085ß": "k/a??ß.r",
		"\xff": "k/?.r", "K\u212a": "k/K\u212a.r", "x?": "k/=x?.r", " a ": "k/?a?.r", "=x": "k/==x.r", "=\x1b": "k/??.r",
		"aB\xff": "k/?B?.r", "*\x1b": "k/??.r",
	} {
		text, ok := ItemPattern(kind, item, "r")
		if text != want || !ok {
			t.Errorf("%q: %q, want %q", item, text, want)
		}
		p, ok := splitPattern(text)
		more := p.Matches(c, item+"x", "r") || p.Matches(c, "x"+item, "r")
		if !ok || !p.Matches(c, item, "r") || item != "" && more {
			t.Errorf("%q: %+v does not choose it, or more", item, p)
		}
	}
	if _, ok := ItemPattern(kind, strings.Repeat("x", maxText), "r"); ok {
		t.Error("an item that no file can hold")
	}
}

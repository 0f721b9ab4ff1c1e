// Package cells makes readings of columns and values whose meaning only the
// suite's owner knows.
package cells

import (
	"strconv"
	"strings"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
)

// Specs declares what Value and Elements report, but for the doc of the value.
// Of elements the rule is given: where the value tells the same, it has to be
// ignored, or one change would be told twice.
func Specs(value string, elements fact.Rule) []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{Name: "value", Type: fact.TypeText, Doc: value},
		{
			Name: "number", Type: fact.TypeInt, Of: "as it stands", Rule: fact.Rule{Op: fact.Ignore},
			Doc: "The value again where it is a whole number: for >= 5 in expect, or within 10% in compare.",
		},
		{
			Name: "elements", Type: fact.TypeSet, Rule: elements,
			Doc: "The elements of a list, in any order.",
		},
	}
}

// Value are the readings of one cell as a text and, where it is one, as a number.
// What is not there reads as the word none; a text that is this very word comes
// in quotes, so that the two are never the same.
func Value(item string, c host.Cell, none string) []fact.Reading {
	if c.Null {
		return []fact.Reading{probes.Read(item, "value", fact.Text(none))}
	}
	if c.List != nil {
		return []fact.Reading{probes.Read(item, "value", fact.Text(join(c.List)))}
	}
	text := Steady(c.Text)
	if text == none {
		text = strconv.Quote(text)
	}
	readings := []fact.Reading{probes.Read(item, "value", fact.Text(text))}
	if n, err := c.Int(); err == nil {
		readings = append(readings, probes.Read(item, "number", fact.Int(n)))
	}
	return readings
}

// Elements is the reading of one cell as a set: null is an empty one, and a value
// alone a set of one, because WS-Man writes a list of one element so.
func Elements(item string, c host.Cell) fact.Reading {
	elems := make([]string, 0, 1+len(c.List))
	switch {
	case c.List != nil:
		for _, elem := range c.List {
			elems = append(elems, Steady(elem))
		}
	case !c.Null:
		elems = append(elems, Steady(c.Text))
	}
	return probes.Read(item, "elements", fact.SetOf(elems...))
}

// join writes a list in its order. An element that a reader could take for two
// comes in quotes.
func join(list []string) string {
	texts := make([]string, len(list))
	for i, elem := range list {
		texts[i] = Steady(elem)
		if elem == "" || strings.ContainsAny(elem, ",\"\r\n") || elem != strings.TrimSpace(elem) {
			texts[i] = strconv.Quote(elem)
		}
	}
	return strings.Join(texts, ", ")
}

// Steady brings times in UTC to one form: queries and scripts write another
// number of zeros behind the point.
func Steady(text string) string {
	if !strings.HasSuffix(text, "Z") {
		return text
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return text
	}
	return t.Format(time.RFC3339Nano)
}

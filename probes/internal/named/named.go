// Package named makes items of what a host named: the same ones after a boot, told
// apart where there are two of a name, and in bounded text.
package named

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/wildcard"
)

// Fold gives names that Windows takes for one the same form.
func Fold(name string) string { return fact.Fold(name) }

// Twins numbers names that are there twice. The zero value has seen none.
type Twins struct{ given, kept map[string]bool }

// Keep keeps names for those who have them: no number makes a double one of them.
func (t *Twins) Keep(names ...string) {
	if t.kept == nil {
		t.kept = map[string]bool{}
	}
	for _, name := range names {
		t.kept[Fold(name)] = true
	}
}

// Expect makes room for so many names.
func (t *Twins) Expect(names int) {
	if t.given == nil {
		t.given = make(map[string]bool, names)
	}
}

// Item returns the name for the first of its sort, and "name (2)" for the second.
func (t *Twins) Item(name string) string {
	if t.given == nil {
		t.given = map[string]bool{}
	}
	item, folded := name, Fold(name)
	for n := 2; t.given[folded] || n > 2 && t.kept[folded]; n++ {
		item = fmt.Sprintf("%s (%d)", name, n)
		folded = Fold(item)
	}
	t.given[folded] = true
	return item
}

// Row is a row of an answer with the item that it is.
type Row struct {
	What string // what is named where the row does not tell what it should
	Item string
	Name string // without the prefix and a double's number
	host.Row
}

// Naming says how rows are named.
type Naming struct {
	Prefix string                // "group/"
	Name   func(host.Row) string // a row without a name is noted as not read
	Tie    string                // the column that tells doubles apart, whatever their order
	Except wildcard.Patterns     // of names that are left out
}

// Column names rows by a column.
func Column(name string) func(host.Row) string {
	return func(row host.Row) string { return gather.Text(row, name) }
}

// Rows makes items of rows. Doubles are numbered, whatever their upper and lower
// case, in an order that does not hang on the order of the answer.
func Rows(r *gather.Reader, what string, rows []host.Row, n Naming) []Row {
	var all []Row
	var twins Twins
	for _, row := range rows {
		name := n.Name(row)
		switch {
		case name == "":
			r.Failf(what, "one of them has no name")
		case !n.Except.Match(name):
			twins.Keep(name)
			all = append(all, Row{What: what, Name: name, Row: row})
		}
	}
	slices.SortFunc(all, func(a, b Row) int {
		return cmp.Or(strings.Compare(Fold(a.Name), Fold(b.Name)), strings.Compare(a.Name, b.Name),
			strings.Compare(gather.Text(a.Row, n.Tie), gather.Text(b.Row, n.Tie)))
	})
	for i, row := range all {
		all[i].Item = n.Prefix + twins.Item(row.Name)
	}
	return all
}

// Odd notes that a column does not tell what it should.
func (row Row) Odd(r *gather.Reader, column string) {
	if row.Item == "" {
		r.Failf(row.What, "no %s, got %q", column, row.Get(column).Text)
		return
	}
	r.Failf(row.What, "no %s of %q, got %q", column, row.Item, row.Get(column).Text)
}

// Word says a column's number in a word. A number without one is written as it
// is, and what is no number is noted as not read. WMI writes -1 as a number
// without a sign, too.
func Word(r *gather.Reader, row Row, column string, words map[int64]string) (word string, known bool) {
	n, isNumber := gather.Number(row.Row, column)
	if !isNumber {
		row.Odd(r, column)
		return "", false
	}
	if n == 1<<32-1 {
		n = -1
	}
	if word, known = words[n]; known {
		return word, true
	}
	if n == -1 {
		return "unknown", true
	}
	return fmt.Sprintf("unknown (%d)", n), true
}

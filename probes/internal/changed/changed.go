// Package changed lets a kind's tests change what a recorded host answers.
package changed

import (
	"slices"
	"strings"
	"testing"

	"postpatch/probes"
	"postpatch/probes/host"
)

// Host is what one host answers to what a check of the kind asks.
type Host struct {
	T       testing.TB
	Kind    probes.Kind
	Args    map[string]any
	Answers host.Answers
}

// question finds one by its class or its collector's name.
func (h *Host) question(name string) host.Question {
	h.T.Helper()
	probe, err := h.Kind.Build(h.Args)
	if err != nil {
		h.T.Fatal(err)
	}
	for _, q := range probe.(probes.Asker).Questions() {
		if wql, is := q.(host.WQL); is && wql.Class == name || q.String() == name {
			return q
		}
	}
	h.T.Fatalf("nothing asks %q", name)
	return nil
}

func (h *Host) rows(name string) (host.Question, []host.Row) {
	h.T.Helper()
	q := h.question(name)
	rows, err := h.Answers.To(q)
	if err != nil {
		h.T.Fatal(err)
	}
	return q, rows
}

// with says whether a cell of the row is the mark; no mark means any row.
func with(row host.Row, mark string) bool {
	for _, cell := range row {
		if cell.Text == mark {
			return true
		}
	}
	return mark == ""
}

// Set writes a column of the first row that has a cell with the mark. A value with
// line breaks is a list, the value null is Windows' own.
func (h *Host) Set(name, mark, column, value string) {
	h.T.Helper()
	_, rows := h.rows(name)
	i := slices.IndexFunc(rows, func(row host.Row) bool { return with(row, mark) })
	if i < 0 {
		h.T.Fatalf("%s has no row with %q", name, mark)
	}
	switch {
	case value == "null":
		rows[i][column] = host.Cell{Null: true}
	case strings.Contains(value, "\n"):
		rows[i][column] = host.Cell{List: strings.Split(value, "\n")}
	default:
		rows[i][column] = host.Cell{Text: value}
	}
}

// Drop takes the rows away that have a cell with the mark.
func (h *Host) Drop(name, mark string) {
	h.T.Helper()
	q, rows := h.rows(name)
	kept := slices.DeleteFunc(slices.Clone(rows), func(row host.Row) bool { return with(row, mark) })
	if len(kept) == len(rows) {
		h.T.Fatalf("%s has no row with %q", name, mark)
	}
	h.Answers.Put(q, host.Answer{Rows: kept})
}

// Put adds a row of columns and their values, one after the other.
func (h *Host) Put(name string, cells ...string) {
	h.T.Helper()
	q, rows := h.rows(name)
	row := host.Row{}
	for i := 0; i < len(cells); i += 2 {
		row[cells[i]] = host.Cell{Text: cells[i+1]}
	}
	h.Answers.Put(q, host.Answer{Rows: append(slices.Clone(rows), row)})
}

// Turn puts the rows in another order.
func (h *Host) Turn(name string) {
	h.T.Helper()
	_, rows := h.rows(name)
	slices.Reverse(rows)
}

// Refuse answers a question with an error.
func (h *Host) Refuse(name string, err error) {
	h.T.Helper()
	h.Answers.Put(h.question(name), host.Answer{Err: err})
}

package probetest

import (
	"slices"
	"strings"

	"postpatch/probes/host"
)

// Change is one way in which a host answers otherwise than it is recorded. One
// that finds nothing to change fails the test. What it changes is told by a class,
// a collector or what else stands in a question, and by the text of a cell of the
// rows; no text means all of them.
type Change func(*Recording)

// With changes the recording, and returns it.
func (r *Recording) With(changes ...Change) *Recording {
	r.t.Helper()
	for _, change := range changes {
		change(r)
	}
	return r
}

// Set writes a text into a column of the rows.
func Set(of, row, column, text string) Change { return write(of, row, column, host.Cell{Text: text}) }

// Null makes a column of the rows Windows' own null.
func Null(of, row, column string) Change { return write(of, row, column, host.Cell{Null: true}) }

// List writes a list, its elements on lines of their own, into a column of the
// rows.
func List(of, row, column, lines string) Change {
	return write(of, row, column, host.Cell{List: strings.Split(lines, "\n")})
}

func write(of, row, column string, cell host.Cell) Change {
	return func(r *Recording) {
		r.t.Helper()
		r.rows(of, row, func(row host.Row) bool {
			row[column] = cell
			return false
		})
	}
}

// Drop takes the rows away.
func Drop(of, row string) Change {
	return func(r *Recording) {
		r.t.Helper()
		r.rows(of, row, func(host.Row) bool { return true })
	}
}

// rows does something to rows; those for which it returns true go.
func (r *Recording) rows(of, with string, do func(host.Row) bool) {
	r.t.Helper()
	for _, e := range r.find(of) {
		found := false
		e.answer.Rows = slices.DeleteFunc(e.answer.Rows, func(row host.Row) bool {
			if !holds(row, with) {
				return false
			}
			found = true
			return do(row)
		})
		if !found {
			r.t.Fatalf("%s: no row with %q", of, with)
		}
	}
}

func holds(row host.Row, text string) bool {
	for _, cell := range row {
		if cell.Text == text {
			return true
		}
	}
	return text == ""
}

// Add is a further row, as Row makes it, also in the place of an error.
func Add(of string, cells ...string) Change {
	return func(r *Recording) {
		r.t.Helper()
		for _, e := range r.find(of) {
			e.answer.Rows, e.answer.Err = append(e.answer.Rows, Row(cells...)), nil
		}
	}
}

// Refuse answers with an error alone.
func Refuse(of string, err error) Change {
	return func(r *Recording) {
		r.t.Helper()
		for _, e := range r.find(of) {
			e.answer = host.Answer{Err: err}
		}
	}
}

// Turn puts rows in another order; those of all questions when none is named.
func Turn(of string) Change {
	return func(r *Recording) {
		r.t.Helper()
		for _, e := range r.find(of) {
			slices.Reverse(e.answer.Rows)
		}
	}
}

// Edit replaces the rows of each answer that is none but an error by what the
// function returns; it may change the rows that it is given. Question is as the
// recording writes it.
func Edit(edit func(question string, rows []host.Row) []host.Row) Change {
	return func(r *Recording) {
		for i, e := range r.all {
			if e.answer.Err == nil {
				r.all[i].answer.Rows = edit(e.question.String(), e.answer.Rows)
			}
		}
	}
}

// Row is a row of columns and their texts, one after the other.
func Row(cells ...string) host.Row {
	row := host.Row{}
	for i := 0; i+1 < len(cells); i += 2 {
		row[cells[i]] = host.Cell{Text: cells[i+1]}
	}
	return row
}

package probetest

import (
	"slices"
	"strings"
	"testing"

	"postpatch/probes"
	"postpatch/probes/host"
)

// Change is one way in which a host answers otherwise than it is recorded.
type Change struct {
	Of string // what stands in the question: a class, a registry key
	// Row is a text that a cell of the changed rows holds; every row when empty.
	Row string
	// Column gets the value; without one, and without anything below, the rows go.
	Column, Value string
	Add           map[string]string // a further row, also where an error is recorded
	Err           error             // the answer is this error
}

// Altered is Recorded with changes. A change that finds nothing to change fails
// the test.
func Altered(t *testing.T, file string, kind probes.Kind, changes ...Change) probes.Target {
	t.Helper()
	var target probes.Target
	all := record(t, file, kind, nil)
	for _, c := range changes {
		if !slices.ContainsFunc(all, func(e exchange) bool { return strings.Contains(e.question.String(), c.Of) }) {
			t.Fatalf("%s: no question with %q", file, c.Of)
		}
	}
	for _, e := range all {
		for _, c := range changes {
			if strings.Contains(e.question.String(), c.Of) {
				c.apply(t, &e.answer)
			}
		}
		target.Answers.Put(e.question, e.answer)
	}
	return target
}

func (c Change) apply(t *testing.T, a *host.Answer) {
	t.Helper()
	if c.Err != nil {
		*a = host.Answer{Err: c.Err}
		return
	}
	if c.Add != nil {
		row := host.Row{}
		for column, value := range c.Add {
			row[column] = host.Cell{Text: value}
		}
		a.Rows, a.Err = append(a.Rows, row), nil
		return
	}
	found := false
	a.Rows = slices.DeleteFunc(a.Rows, func(row host.Row) bool {
		if !c.holds(row) {
			return false
		}
		found = true
		if c.Column != "" {
			row[c.Column] = host.Cell{Text: c.Value}
		}
		return c.Column == ""
	})
	if !found {
		t.Fatalf("%s: no row with %q", c.Of, c.Row)
	}
}

func (c Change) holds(row host.Row) bool {
	if c.Row == "" {
		return true
	}
	for _, cell := range row {
		if cell.Text == c.Row {
			return true
		}
	}
	return false
}

package network

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
)

// reader makes readings of answers and remembers what could not be read.
type reader struct {
	answers  host.Answers
	readings []fact.Reading
	asked    int // of the classes in standardSpace
	failed   []failure
}

// failure is a class that did not tell all, and why.
type failure struct {
	class  string
	silent bool // it is one of standardSpace, and told nothing at all
	err    error
}

func (r *reader) add(item, name string, value fact.Value) {
	r.readings = append(r.readings, probes.Read(item, name, value))
}

// rows returns the answer to q. Rows beside an error are no whole list, and
// would make what is missing look gone.
func (r *reader) rows(q host.WQL) (rows []host.Row, ok bool) {
	standard := q.Namespace == standardSpace
	if standard {
		r.asked++
	}
	rows, err := r.answers.To(q)
	if err == nil {
		return rows, true
	}
	if cause := errors.Unwrap(err); cause != nil {
		err = cause // the question is named with all others of the same cause
	}
	r.failed = append(r.failed, failure{q.Class, standard, err})
	return nil, false
}

// some is rows of a class that has instances on every host which answers: an
// empty list is an answer cut off.
func (r *reader) some(q host.WQL) (rows []host.Row, ok bool) {
	rows, ok = r.rows(q)
	if ok && len(rows) == 0 {
		r.fail(q, "the host named none")
		return nil, false
	}
	return rows, ok
}

func (r *reader) fail(q host.WQL, format string, args ...any) {
	r.failed = append(r.failed, failure{q.Class, false, fmt.Errorf(format, args...)})
}

// problem is all that could not be read, as one error: classes that failed for
// the same reason together.
func (r *reader) problem() error {
	if len(r.failed) == 0 {
		return nil
	}
	var causes []string
	classes := map[string][]string{}
	silent := map[string]int{}
	p := &problem{}
	for _, f := range r.failed {
		cause := f.err.Error()
		if classes[cause] == nil {
			causes, p.errs = append(causes, cause), append(p.errs, f.err)
		}
		if !slices.Contains(classes[cause], f.class) {
			classes[cause] = append(classes[cause], f.class)
		}
		if f.silent {
			silent[cause]++
		}
	}
	var texts []string
	for _, cause := range causes {
		of := strings.Join(classes[cause], ", ")
		if silent[cause] == r.asked && r.asked > 1 {
			of = standardSpace + ", which servers before 2012 lack"
		}
		texts = append(texts, of+": "+cause)
	}
	p.text = "reading " + strings.Join(texts, "; ")
	return p
}

type problem struct {
	text string
	errs []error
}

func (p *problem) Error() string   { return p.text }
func (p *problem) Unwrap() []error { return p.errs }

// number reads a whole number; a null, an absent column and anything else have
// none.
func number(row host.Row, column string) (int64, bool) {
	n, err := row.Get(column).Int()
	return n, err == nil
}

func isTrue(row host.Row, column string) bool {
	value, known := row.Get(column).Bool()
	return known && value
}

// list is an array's elements. An array of one comes as a text by some ways.
func list(c host.Cell) []string {
	if c.Text != "" {
		return []string{c.Text}
	}
	return c.List
}

// active leaves out what is only kept for the next boot (Store 0), where the
// class tells it apart from what is in force (Store 1).
func active(rows []host.Row) []host.Row {
	kept := func(row host.Row) bool { store, known := number(row, "Store"); return known && store == 0 }
	inForce := slices.DeleteFunc(slices.Clone(rows), kept)
	if len(inForce) == 0 {
		return rows
	}
	return inForce
}

// byInterface sorts rows under their adapters: the index is the same in all
// classes, and another one after each boot.
func (r *reader) byInterface(q host.WQL, rows []host.Row) map[int64][]host.Row {
	sorted := map[int64][]host.Row{}
	for _, row := range rows {
		index, known := number(row, "InterfaceIndex")
		if !known {
			r.fail(q, "a row without the number of its interface")
			continue
		}
		sorted[index] = append(sorted[index], row)
	}
	return sorted
}

// Package gather makes the readings of a kind that asks a host several things:
// what could not be read is named, and everything else is there.
package gather

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
)

// Reader takes readings in and remembers what could not be read. The zero value
// has no answers.
type Reader struct {
	Answers  host.Answers
	readings []fact.Reading
	failed   []failure
}

// failure is one thing that did not tell all, and why.
type failure struct {
	what string
	err  error
}

// Add takes a reading in.
func (r *Reader) Add(item, name string, value fact.Value) {
	r.readings = append(r.readings, probes.Read(item, name, value))
}

// AddAll takes readings in that were made before.
func (r *Reader) AddAll(readings []fact.Reading) { r.readings = append(r.readings, readings...) }

// Room makes room for so many readings.
func (r *Reader) Room(n int) { r.readings = slices.Grow(r.readings, n) }

// Rows returns the answer to q; where there is none, it notes that what could not
// be read. Rows beside an error are no whole list, and would make what is missing
// look gone.
func (r *Reader) Rows(what string, q host.Question) (rows []host.Row, ok bool) {
	rows, err := r.Answers.To(q)
	if err == nil {
		return rows, true
	}
	r.Fail(what, Cause(err))
	return nil, false
}

// Some is Rows of what every host has that answers: an empty list is an answer
// cut off.
func (r *Reader) Some(what string, q host.Question) (rows []host.Row, ok bool) {
	rows, ok = r.Rows(what, q)
	if ok && len(rows) == 0 {
		r.Fail(what, errors.New("the host named none"))
		return nil, false
	}
	return rows, ok
}

// One is Rows of what a host has exactly one of.
func (r *Reader) One(what string, q host.Question) (row host.Row, ok bool) {
	rows, ok := r.Some(what, q)
	if ok && len(rows) > 1 {
		r.Fail(what, fmt.Errorf("the host named %d, where there is one", len(rows)))
		return nil, false
	}
	if !ok {
		return nil, false
	}
	return rows[0], true
}

// Optional is Rows of what some hosts do not have: without an error it is there
// or not. It notes every error but host.ErrNoClass.
func (r *Reader) Optional(what string, q host.Question) (rows []host.Row, there bool) {
	rows, err := r.Answers.To(q)
	switch {
	case err == nil:
		return rows, true
	case errors.Is(err, host.ErrNoClass):
		return nil, false
	default:
		r.Fail(what, Cause(err))
		return nil, false
	}
}

// Fail notes that something could not be read.
func (r *Reader) Fail(what string, err error) { r.failed = append(r.failed, failure{what, err}) }

// Failf notes that something could not be read, and why.
func (r *Reader) Failf(what, format string, args ...any) { r.Fail(what, fmt.Errorf(format, args...)) }

// Result is what Observe returns: the readings, and one error that names all that
// could not be read, by its cause.
func (r *Reader) Result() ([]fact.Reading, error) {
	if len(r.failed) == 0 {
		return r.readings, nil
	}
	var causes []string
	things := map[string][]string{}
	p := &problem{}
	for _, f := range r.failed {
		cause := f.err.Error()
		if things[cause] == nil {
			causes, p.errs = append(causes, cause), append(p.errs, f.err)
		}
		if !slices.Contains(things[cause], f.what) {
			things[cause] = append(things[cause], f.what)
		}
	}
	texts := make([]string, len(causes))
	for i, cause := range causes {
		texts[i] = listed(things[cause], ", ") + ": " + cause
	}
	p.text = "reading " + listed(texts, "; ")
	return r.readings, p
}

// mostListed bounds an error: a host may name a thousand things that are odd.
const mostListed = 8

func listed(all []string, separator string) string {
	if len(all) <= mostListed {
		return strings.Join(all, separator)
	}
	return strings.Join(all[:mostListed], separator) + fmt.Sprintf(" and %d more", len(all)-mostListed)
}

type problem struct {
	text string
	errs []error
}

func (p *problem) Error() string   { return p.text }
func (p *problem) Unwrap() []error { return p.errs }

// Cause is an error of host.Answers without the question, which is named with all
// others of the same cause.
func Cause(err error) error {
	if cause := errors.Unwrap(err); cause != nil {
		return cause
	}
	return err
}

// Number reads a whole number; a null, an absent column and anything else have
// none.
func Number(row host.Row, column string) (n int64, known bool) {
	n, err := row.Get(column).Int()
	return n, err == nil
}

// Text reads a text without what stands around it; a null is empty.
func Text(row host.Row, column string) string { return strings.TrimSpace(row.Get(column).Text) }

// True reads a column that is true; false, null and anything else are not.
func True(row host.Row, column string) bool {
	value, known := row.Get(column).Bool()
	return known && value
}

// List reads an array's elements. An array of one comes as a text by some ways.
func List(row host.Row, column string) []string {
	c := row.Get(column)
	if c.Text != "" {
		return []string{c.Text}
	}
	return c.List
}

package host

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Answers holds a session's answers, found by the question that a probe asked.
// The zero value has no answers; a test or a session fills it with Put.
type Answers struct {
	// Asked and Answered are the instants, of the runner's clock, between which the
	// host made all of its answers; zero when that is not known.
	Asked, Answered time.Time
	byKey           map[string]Answer
	made            *made
}

// made is what was made of answers so far.
type made struct {
	mu     sync.Mutex
	byName map[string]any
}

// Made returns what is made of the answers under a name, which is made the first time
// that it is asked for: many checks of a host look at the same answer. It is shared,
// and nobody may change it.
func Made[T any](a Answers, name string, of func() T) T {
	if a.made == nil {
		return of()
	}
	a.made.mu.Lock()
	defer a.made.mu.Unlock()
	if kept, is := a.made.byName[name].(T); is {
		return kept
	}
	fresh := of()
	if a.made.byName == nil {
		a.made.byName = map[string]any{}
	}
	a.made.byName[name] = fresh
	return fresh
}

// Answer is what the host said to one question.
type Answer struct {
	Rows []Row
	Err  error // this question could not be answered; wraps what the host said
}

// Put stores the answer to a (merged) question.
func (a *Answers) Put(q Question, answer Answer) {
	if a.byKey == nil {
		a.byKey = map[string]Answer{}
	}
	a.byKey[key(q)] = answer
	if a.made == nil {
		a.made = &made{}
	}
	a.made.mu.Lock()
	defer a.made.mu.Unlock()
	clear(a.made.byName) // it was made of other answers
}

// To returns the rows that answer q. They may hold more rows and columns than
// q asked for (see Merge). A question that was never answered is an error. Rows
// beside an error are what came before it.
func (a Answers) To(q Question) ([]Row, error) {
	answer, found := a.byKey[key(q)]
	if !found {
		return nil, fmt.Errorf("asking the host %s: no answer to this question", q)
	}
	if answer.Err != nil {
		return answer.Rows, fmt.Errorf("asking the host %s: %w", q, answer.Err)
	}
	return answer.Rows, nil
}

// All returns every answer, in no order, by its question as text.
func (a Answers) All() iter.Seq2[string, Answer] { return maps.All(a.byKey) }

// IsBusy says whether the host refused a question because too much is asked of it.
func (a Answers) IsBusy() bool {
	for _, answer := range a.byKey {
		if errors.Is(answer.Err, ErrBusy) {
			return true
		}
	}
	return false
}

// Row is one instance: its columns by name, as the host spelled them. Nobody may change one,
// nor a list in it: hosts that say the same share it.
type Row map[string]Cell

// Cell is one column's value as text, as the host sent it: numbers in decimal,
// booleans as true or false, times in RFC 3339. Windows' null is Null.
type Cell struct {
	Null bool
	Text string
	List []string // an array's elements; Text is then empty
}

// Get returns a column, whatever its upper and lower case; an absent column is
// Null. Of columns that differ only in case, the exact one or the first in byte
// order is meant, so that the same row always gives the same cell.
func (r Row) Get(column string) Cell {
	if c, found := r[column]; found {
		return c
	}
	first, found := "", false
	for name := range r {
		if strings.EqualFold(name, column) && (!found || name < first) {
			first, found = name, true
		}
	}
	if !found {
		return Cell{Null: true}
	}
	return r[first]
}

// Int reads a whole number.
func (c Cell) Int() (int64, error) {
	if c.Null {
		return 0, fmt.Errorf("want a number, got null")
	}
	n, err := strconv.ParseInt(strings.TrimSpace(c.Text), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("want a number, got %q", c.Text)
	}
	return n, nil
}

// Bool reads true or false in any case.
func (c Cell) Bool() (value, known bool) {
	text := strings.TrimSpace(c.Text)
	switch {
	case strings.EqualFold(text, "true"):
		return true, true
	case strings.EqualFold(text, "false"):
		return false, true
	default:
		return false, false
	}
}

// Time reads RFC 3339.
func (c Cell) Time() (time.Time, error) {
	t, err := time.Parse(time.RFC3339Nano, strings.TrimSpace(c.Text))
	if err != nil {
		return time.Time{}, fmt.Errorf("want a time, got %q", c.Text)
	}
	return t, nil
}

// Package assert reads the assertions of a suite's checks, expressions over what a
// check reads now and read before, and says whether they hold.
package assert

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"

	"postpatch/probes/fact"
)

// Assertion is one expression, made for the readings of one kind. Any number of
// goroutines may ask it at once.
type Assertion struct {
	said    string
	program *vm.Program
	looks   []look
	vars    []Var
}

// Subject is what an assertion is asked of: one item of a check on one host.
type Subject struct {
	Host          Host
	Item          string
	Before, After func(reading string) fact.Value // nil for what is not there
}

// Host is what an assertion can know of the host.
type Host struct {
	Name, Address string
	Tags          []string
	Vars          map[string]string
}

// Look is one reading that an assertion may look at.
type Look struct {
	Before  bool // at the baseline; else now
	Reading string
}

func (l Look) String() string {
	if l.Before {
		return "before." + l.Reading
	}
	return "after." + l.Reading
}

// LackError says that an assertion needs a reading that is not there.
type LackError struct{ Look }

func (e *LackError) Error() string { return e.String() + " is not there" }

// Var is a variable of the suite in an expression.
type Var struct {
	Name   string
	Offset int // characters from the expression's begin
}

// look is anything that an expression takes from its subject.
type look struct {
	root string // before, after, item, host.name, host.address, host.tags, host.vars
	name string // of a reading or a variable
}

const (
	// maxSeen bounds the bytes that one evaluation looks at: a set may have tens of
	// thousands of elements, and each could be held against a text of 100 kB.
	maxSeen = 64 << 20
	// maxElements bounds the elements of all lists that one evaluation makes.
	maxElements = 500_000
)

var errTooMuch = errors.New("it looks at too much, again and again; covers(a, b) looks once")

// String is the assertion in the suite's words, on one line.
func (a *Assertion) String() string { return a.said }

// LooksBack says whether it speaks of what was before.
func (a *Assertion) LooksBack() bool {
	return slices.ContainsFunc(a.looks, func(l look) bool { return l.root == "before" })
}

// Looks lists the readings of which it speaks, each once, in the order in which
// they come.
func (a *Assertion) Looks() []Look {
	var all []Look
	for _, l := range a.looks {
		if l.root == "before" || l.root == "after" {
			all = append(all, Look{l.root == "before", l.name})
		}
	}
	return all
}

// Vars lists the suite's variables of which it speaks, each once.
func (a *Assertion) Vars() []Var { return a.vars }

// Holds asks the assertion. An error, a LackError or one of the expression's own,
// means that it does not hold: what it needs is not there, or cannot be computed.
func (a *Assertion) Holds(s Subject) (bool, error) {
	machine := vm.VM{MemoryBudget: maxElements}
	held, err := machine.Run(a.program, map[string]any{nameOfRun: &run{subject: s, looks: a.looks, left: maxSeen}})
	var lack *LackError
	switch {
	case errors.As(err, &lack):
		return false, lack
	case errors.Is(err, errTooMuch):
		return false, errTooMuch
	case err != nil:
		if at := (*file.Error)(nil); errors.As(err, &at) {
			return false, errors.New(strings.TrimSpace(at.Message))
		}
		return false, err
	}
	holds, isBool := held.(bool)
	if !isBool {
		return false, fmt.Errorf("it comes to %T, not to true or false", held)
	}
	return holds, nil
}

// run is one evaluation.
type run struct {
	subject Subject
	looks   []look
	left    int // bytes that it may still look at
}

// Two names that no expression can say.
const (
	nameOfRun  = " run"
	nameOfLook = " look"
)

// lookAt is the function by which an expression takes a value from its subject.
func lookAt(params ...any) (any, error) {
	r, isRun := params[0].(*run)
	i, isIndex := params[1].(int)
	if !isRun || !isIndex {
		return nil, errors.New("there is nothing to look at")
	}
	v, size, err := r.value(r.looks[i])
	if err != nil {
		return nil, err
	}
	if r.left -= size; r.left < 0 {
		return nil, errTooMuch
	}
	return v, nil
}

func (r *run) value(l look) (v any, size int, err error) {
	switch h := r.subject.Host; l.root {
	case "before":
		return taken(r.subject.Before, Look{true, l.name})
	case "after":
		return taken(r.subject.After, Look{false, l.name})
	case "item":
		return r.subject.Item, len(r.subject.Item), nil
	case "host.name":
		return h.Name, len(h.Name), nil
	case "host.address":
		return h.Address, len(h.Address), nil
	case "host.tags":
		return slices.Clone(h.Tags), len(strings.Join(h.Tags, " ")), nil
	default:
		v, set := h.Vars[l.name]
		if !set {
			return nil, 0, fmt.Errorf("the variable %q is not set", l.name)
		}
		return v, len(v), nil
	}
}

// taken returns a reading as expressions know it.
func taken(from func(string) fact.Value, at Look) (v any, size int, err error) {
	if from == nil {
		return nil, 0, &LackError{at}
	}
	switch v := from(at.Reading).(type) {
	case fact.Bool:
		return bool(v), 1, nil
	case fact.Int:
		return int(v), 1, nil
	case fact.Text:
		return string(v), len(v), nil
	case fact.Duration:
		return time.Duration(v), 1, nil
	case fact.Time:
		return time.Time(v).UTC(), 1, nil
	case fact.Set:
		elems := v.Elems()
		size = 1
		for _, elem := range elems {
			size += len(elem) + 32 // what it takes to compare it
		}
		return elems, size, nil
	default:
		return nil, 0, &LackError{at}
	}
}

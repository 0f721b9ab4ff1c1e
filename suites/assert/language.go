package assert

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/checker"
	"github.com/expr-lang/expr/compiler"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"

	"postpatch/probes/fact"
)

// Language is what expressions over the readings of one kind can say. To make it takes
// longer than to read an expression, and many checks say the same. One goroutine at a
// time may use it.
type Language struct {
	readings map[string]fact.Type
	reading  *conf.Config // for the tree that the rules look at
	types    *conf.Config // for the program
	known    map[string]*Assertion
}

// NewLanguage is the language for a kind with these readings.
func NewLanguage(readings map[string]fact.Type) *Language {
	l := &Language{
		readings: readings, reading: conf.CreateNew(), types: conf.CreateNew(), known: map[string]*Assertion{},
	}
	for _, config := range []*conf.Config{l.reading, l.types} {
		for _, option := range options(readings) {
			option(config)
		}
	}
	for name := range l.types.Disabled {
		delete(l.types.Builtins, name)
	}
	l.types.Check()
	return l
}

// Compile reads an expression. The Assertion is nil where there is a problem. A panic of
// the language's own is a problem like any other.
func (l *Language) Compile(source string) (a *Assertion, found []Problem) {
	if a = l.known[source]; a != nil {
		return a, nil
	}
	defer func() {
		if p := recover(); p != nil {
			a, found = nil, []Problem{{Msg: fmt.Sprintf("the expression cannot be read: %.200v", p)}}
		}
	}()
	if a, found = l.compile(source); a != nil {
		l.known[source] = a
	}
	return a, found
}

func (l *Language) compile(source string) (*Assertion, []Problem) {
	if strings.TrimSpace(source) == "" {
		return nil, []Problem{{Msg: "the expression is empty"}}
	}
	if len(source) > maxSource {
		return nil, []Problem{{Msg: fmt.Sprintf("the expression has more than %d bytes", maxSource)}}
	}
	if !utf8.ValidString(source) {
		return nil, []Problem{{Msg: "the expression is not UTF-8"}}
	}
	tree, err := parser.ParseWithConfig(source, l.reading)
	if err != nil {
		return nil, []Problem{problemOf(err, source)}
	}
	r := rules{readings: l.readings}
	r.check(tree.Node, false)
	if len(r.found) == 0 && !slices.ContainsFunc(r.looks, look.isReading) {
		r.add(0, "write after.NAME, or before.NAME", "it looks at no reading, neither before nor after, and asserts nothing")
	}
	if len(r.found) > 0 {
		return nil, r.found
	}
	types := &typed{readings: l.readings, looks: r.looks}
	program, err := l.program(source, types)
	switch {
	case err != nil:
		return nil, []Problem{problemOf(err, source)}
	case len(types.found) > 0:
		return nil, types.found
	}
	return &Assertion{said: oneLine(source, tree.Node), program: program, looks: r.looks, vars: r.vars}, nil
}

// program is what expr.Compile makes, without the language made anew each time.
func (l *Language) program(source string, types *typed) (*vm.Program, error) {
	config := *l.types
	config.Visitors = []ast.Visitor{types}
	tree, err := checker.ParseCheck(source, &config)
	if err != nil {
		return nil, err
	}
	return compiler.Compile(tree, &config)
}

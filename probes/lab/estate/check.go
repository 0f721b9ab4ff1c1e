package estate

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// check compares a node with the Go type that it will be decoded to, and
// reports every key and value that does not fit at its own place. A null fits
// everywhere, because it removes a key.
func (p *parser) check(n *yaml.Node, t reflect.Type, oneOf string) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case n.Kind == yaml.AliasNode:
		p.problemf(n, "aliases are not understood here: use a profile or a range of hosts")
	case n.ShortTag() == "!!null":
	case t.Kind() == reflect.Interface:
		p.checkAny(n)
	case t.Kind() == reflect.Struct && t != reflect.TypeFor[time.Time]():
		p.checkStruct(n, t)
	case t.Kind() == reflect.Map:
		p.pairs(n, func(key, value *yaml.Node) {
			p.checkScalar(key, t.Key(), "")
			p.check(value, t.Elem(), "")
		})
	case t == reflect.TypeFor[Columns]():
		p.checkColumns(n)
	case t.Kind() == reflect.Slice:
		if n.Kind != yaml.SequenceNode {
			p.problemf(n, "want a list")
			return
		}
		for _, element := range n.Content {
			p.check(element, t.Elem(), oneOf)
		}
	default:
		p.checkScalar(n, t, oneOf)
	}
}

func (p *parser) checkStruct(n *yaml.Node, t reflect.Type) {
	p.pairs(n, func(key, value *yaml.Node) {
		var known []string
		for field := range t.Fields() {
			name := field.Tag.Get("yaml")
			if name == key.Value && name != "-" {
				p.check(value, field.Type, field.Tag.Get("oneof"))
				return
			}
			if name != "-" {
				known = append(known, name)
			}
		}
		slices.Sort(known)
		p.problemf(key, "unknown key %q: want one of %s", key.Value, strings.Join(known, ", "))
	})
}

func (p *parser) checkScalar(n *yaml.Node, t reflect.Type, oneOf string) {
	if n.Kind != yaml.ScalarNode {
		p.problemf(n, "want a %s", word(t))
		return
	}
	value := reflect.New(t)
	if err := n.Decode(value.Interface()); err != nil {
		p.problemf(n, "want a %s, got %q", word(t), n.Value)
		return
	}
	if t == reflect.TypeFor[Fault]() && oneOf == "" {
		oneOf = "silent,garbage,error,endless,drop,refuse"
	}
	if t == reflect.TypeFor[Fault]() && oneOf == "sql" {
		oneOf = sqlFaults
	}
	if t == reflect.TypeFor[Trouble]() {
		oneOf = strings.Join(troubles(), ",")
	}
	if wrong := checkMoment(n.Value); t == reflect.TypeFor[Moment]() && wrong != "" {
		p.problemf(n, "%s", wrong)
	}
	if wrong := checkSetting(n.Value); t == reflect.TypeFor[Setting]() && wrong != "" {
		p.problemf(n, "%s", wrong)
	}
	if words := exchangeWords(t); words != "" {
		oneOf = words
	}
	if oneOf != "" && n.Value != "" && !slices.Contains(strings.Split(oneOf, ","), n.Value) {
		p.problemf(n, "want %s, got %q", strings.ReplaceAll(oneOf, ",", ", "), n.Value)
	}
}

// checkAny looks only for what no value may hold.
func (p *parser) checkAny(n *yaml.Node) {
	switch n.Kind {
	case yaml.DocumentNode: // only the root of a file is one
	case yaml.AliasNode:
		p.problemf(n, "aliases are not understood here")
	case yaml.MappingNode:
		p.pairs(n, func(_, value *yaml.Node) { p.checkAny(value) })
	case yaml.SequenceNode:
		for _, element := range n.Content {
			p.checkAny(element)
		}
	case yaml.ScalarNode:
		var value any
		if err := n.Decode(&value); err != nil {
			p.problemf(n, "cannot read %q", n.Value)
		}
	}
}

// pairs calls visit for every key of a mapping but doubles.
func (p *parser) pairs(n *yaml.Node, visit func(key, value *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		p.problemf(n, "want a mapping")
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		switch {
		case key.Kind != yaml.ScalarNode || key.ShortTag() == "!!merge":
			p.problemf(key, "want a plain key")
		case seen[key.Value]:
			p.problemf(key, "%q is here twice", key.Value)
		default:
			seen[key.Value] = true
			visit(key, n.Content[i+1])
		}
	}
}

func (p *parser) problemf(at *yaml.Node, format string, args ...any) {
	p.found = append(p.found, Problem{p.file, at.Line, at.Column, fmt.Sprintf(format, args...)})
}

// word is a type's name for people.
func word(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return "time like 2026-11-23T02:10:00Z"
	case t == reflect.TypeFor[time.Duration]():
		return "duration like 200ms"
	case t.Kind() == reflect.Int:
		return "whole number"
	case t.Kind() == reflect.Bool:
		return "true or false"
	default:
		return "text"
	}
}

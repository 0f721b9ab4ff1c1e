package suites

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// template is a scalar that may hold {{ name }}; nothing in it is ever run.
type template struct {
	node  *yaml.Node
	parts []part
}

// part is plain text, or the name of a variable.
type part struct {
	text     string
	variable bool
	offset   int // of the variable's name, in characters from the scalar's begin
	filters  []filter
}

// literal reports whether the template is the same for every host.
func (t *template) literal() bool {
	return !slices.ContainsFunc(t.parts, func(p part) bool { return p.variable })
}

// template takes a scalar apart; what is no template in it is reported and makes
// it not ok.
func (r reader) template(n *yaml.Node) (t *template, ok bool) {
	t, ok = &template{node: n}, true
	rest, read := n.Value, 0 // characters before rest
	for {
		before, after, found := strings.Cut(rest, "{{")
		if before != "" {
			t.parts = append(t.parts, part{text: before})
		}
		if !found {
			return t, ok
		}
		name, remainder, closed := strings.Cut(after, "}}")
		offset := read + utf8.RuneCountInString(before) + 2
		read = offset + utf8.RuneCountInString(name) + 2
		if !closed {
			r.inside(n, offset-2, "", "a template is opened with {{ and never closed")
			return t, false
		}
		name, pipe, filtered := strings.Cut(name, "|")
		trimmed := strings.TrimSpace(name)
		pipeAt := offset + utf8.RuneCountInString(name) + 1
		offset += utf8.RuneCountInString(name[:max(0, strings.Index(name, trimmed))])
		switch {
		case isVariable(trimmed) || isOfHost(trimmed):
			p := part{text: trimmed, variable: true, offset: offset}
			if filtered && !r.filters(n, &p, pipe, pipeAt) {
				ok = false
			}
			t.parts = append(t.parts, p)
		case strings.HasPrefix(trimmed, "host."):
			ok = false
			r.inside(n, offset, "known: host.address, host.name", fmt.Sprintf("unknown variable %q", shorten(trimmed, 80)))
		default:
			ok = false
			r.inside(n, offset, "a template holds the name of a variable, and no code",
				fmt.Sprintf("want the name of a variable between {{ and }}, got %q", shorten(trimmed, 80)))
		}
		rest = remainder
	}
}

// fill puts the variables' values in; unset are those that have none.
func (t *template) fill(value func(name string) (string, bool)) (text string, unset []*part) {
	if len(t.parts) == 1 && !t.parts[0].variable {
		return t.parts[0].text, nil
	}
	var b strings.Builder
	for i := range t.parts {
		p := &t.parts[i]
		text := p.text
		if p.variable {
			var set bool
			if text, set = p.filtered(value(p.text)); !set {
				unset = append(unset, p)
			}
		}
		b.WriteString(text)
	}
	return b.String(), unset
}

// inside reports a problem some characters into a scalar.
func (r reader) inside(n *yaml.Node, offset int, hint, msg string) {
	column := n.Column
	switch {
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 || strings.Contains(n.Value, "\n"):
	case n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
		column += offset + 1
	default:
		column += offset
	}
	r.of(n).at(n.Line, column, hint, msg)
}

// missing reports a variable that has no value, on all hosts or on those named.
func (s *suiteEntries) missing(t *template, p *part, hosts string) {
	known := append(slices.Sorted(maps.Keys(s.vars)), "host.name", "host.address")
	if p.text == "host.address" {
		s.inside(t.node, p.offset, "", "host.address cannot stand in the host's own address")
		return
	}
	if s.required(p.text, hosts) {
		return
	}
	hint := suggest(p.text, known)
	if hosts != "" {
		hint = "set it in the suite's vars, for every host that has no other"
	}
	hint = cmp.Or(s.whyUnset[p.text], hint)
	s.inside(t.node, p.offset, hint, fmt.Sprintf("variable %q is not set%s", p.text, hosts))
}

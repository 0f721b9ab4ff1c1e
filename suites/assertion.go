package suites

import (
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/suites/assert"
)

// maxAsserts bounds the assertions of one check.
const maxAsserts = 50

// languages are those of the kinds whose checks assert something.
type languages map[string]*assert.Language

func (all languages) of(k probes.Kind) *assert.Language {
	if all[k.Name] == nil {
		types := make(map[string]fact.Type, len(k.Readings))
		for _, spec := range k.Readings {
			types[spec.Name] = spec.Type
		}
		all[k.Name] = assert.NewLanguage(types)
	}
	return all[k.Name]
}

const assertHint = "postpatch explain assert"

// assertEntry is an assertion before it is known for which hosts.
type assertEntry struct {
	Assertion
	node *yaml.Node
}

// assertions reads a check's assert: an expression, or a list of such and of
// mappings that also say why.
func (s *suiteEntries) assertions(k probes.Kind, check object) (all []assertEntry) {
	e, found := check.get("assert")
	if !found {
		return nil
	}
	elems := []*yaml.Node{e.value}
	if e.value.Kind == yaml.SequenceNode {
		elems, _ = s.list(e.value, "assert")
	}
	switch {
	case len(elems) == 0:
		s.hintf(e.value, assertHint, "assert: the list is empty and asserts nothing")
	case len(elems) > maxAsserts:
		s.errorf(elems[maxAsserts], "assert: more than %d assertions in one check", maxAsserts)
		return nil
	}
	language := s.languages.of(k)
	for _, n := range elems {
		if a, ok := s.assertion(n, language); ok {
			all = append(all, a)
		}
	}
	return all
}

func (s *suiteEntries) assertion(n *yaml.Node, language *assert.Language) (a assertEntry, ok bool) {
	a.node = n
	if n.Kind == yaml.MappingNode {
		o, ok := s.object(n, "assert")
		s.known(o, "assert", "that", "why")
		that, found := o.get("that")
		if !found {
			if why, _ := o.get("why"); ok && len(o.entries) == 0 || why.key != nil {
				s.hintf(n, assertHint, "assert: want that: and an expression")
			}
			return a, false
		}
		a.node = that.value
		if why, found := o.get("why"); found {
			a.Why, _ = s.text(why.value, "assert: why")
			a.Why = strings.TrimSpace(a.Why)
		}
	}
	source, ok := s.text(a.node, "assert")
	if !ok {
		return a, false
	}
	if i := strings.Index(source, "{{"); i >= 0 {
		s.inExpression(a.node, i, "write host.vars.NAME, host.name or host.address",
			"a template cannot stand in an assertion")
		return a, false
	}
	expression, problems := language.Compile(source)
	for _, p := range problems {
		hint := p.Hint
		if p.Word != "" {
			hint = suggest(p.Word, p.Known)
		}
		switch {
		case p.Offset >= len([]rune(strings.TrimSpace(source))) && s.commentFollows(a.node):
			hint = `" #" begins a comment in YAML: put the expression in quotes`
		case hint == "":
			hint = assertHint
		}
		s.inExpression(a.node, p.Offset, hint, p.Msg)
	}
	a.Expr = expression
	return a, expression != nil
}

// commentFollows says whether a comment stands behind a text on its line, which in
// an expression is seldom meant as one.
func (s *suiteEntries) commentFollows(n *yaml.Node) bool {
	r := s.of(n)
	line, _, _ := strings.Cut(string(r.textFrom(r.within(n, len([]rune(n.Value))))), "\n")
	return n.Style == 0 && strings.HasPrefix(strings.TrimSpace(line), "#")
}

// inExpression reports a problem some characters into an assertion.
func (s *suiteEntries) inExpression(n *yaml.Node, offset int, hint, msg string) {
	r := s.of(n)
	line, column := r.within(n, offset)
	r.at(line, column, hint, "assert: "+msg)
}

// unsetVars reports variables of assertions that a host has no value for.
func (c *checkEntry) unsetVars(hosts []*hostEntry) {
	for _, a := range c.asserts {
		for _, v := range a.Expr.Vars() {
			var lack []string
			for _, h := range hosts {
				if _, set := c.variable(h, v.Name); !set {
					lack = append(lack, h.name)
				}
			}
			which := ""
			if len(lack) > 0 && len(lack) < len(hosts) {
				which = fmt.Sprintf(" for host %q", lack[0])
				if more := len(lack) - 1; more > 0 {
					which += fmt.Sprintf(" and %d more", more)
				}
			}
			switch {
			case len(lack) == 0 || c.by.required(v.Name, which):
			case which == "":
				c.by.inExpression(a.node, v.Offset, suggest(v.Name, names(c.by.vars)),
					fmt.Sprintf("variable %q is not set", v.Name))
			default:
				c.by.inExpression(a.node, v.Offset, "set it in the suite's vars, for every host that has no other",
					fmt.Sprintf("variable %q is not set%s", v.Name, which))
			}
		}
	}
}

func names(vars map[string]string) []string {
	all := make([]string, 0, len(vars))
	for name := range vars {
		all = append(all, name)
	}
	return all
}

// assertionsOn are a check's assertions on one host.
func (c *checkEntry) assertionsOn(h *hostEntry) []Assertion {
	var all []Assertion
	for _, a := range c.asserts {
		if a.Vars = nil; len(a.Expr.Vars()) > 0 {
			a.Vars = c.varsOn(h)
		}
		all = append(all, a.Assertion)
	}
	return all
}

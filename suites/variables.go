package suites

import (
	"fmt"

	"gopkg.in/yaml.v3"
)

// variable is one that a pack declares.
type variable struct {
	node *yaml.Node // its name
	doc  string
}

// variables reads a suite's vars: values, or {doc, default} of a pack, where the default
// may be left out for who uses it to give.
func (s *suiteEntries) variables(n *yaml.Node) {
	o, ok := s.object(n, "vars")
	if !ok {
		return
	}
	plain := &yaml.Node{Kind: yaml.MappingNode, Line: o.node.Line, Column: o.node.Column}
	s.declared = map[string]variable{}
	for _, e := range o.entries {
		if e.value.Kind != yaml.MappingNode {
			plain.Content = append(plain.Content, e.key, e.value)
			continue
		}
		what := "vars." + e.name()
		v, _ := s.object(e.value, what)
		s.known(v, what, "doc", "default")
		declared := variable{node: e.key}
		if doc, found := v.get("doc"); found {
			declared.doc, _ = s.sentence(doc.value, what+".doc")
		} else {
			s.hintf(e.key, "write {doc: what it is for}", "%s: its doc is missing", what)
		}
		value := &yaml.Node{Kind: yaml.ScalarNode, Value: "x"} // for what is said of its name
		if given, found := v.get("default"); found {
			value = given.value
		} else {
			s.declared[e.name()] = declared
		}
		plain.Content = append(plain.Content, e.key, value)
	}
	s.vars = s.reader.vars(plain, "vars")
	for name := range s.declared {
		delete(s.vars, name)
	}
}

// required reports a variable that a pack wants of who uses it. It says so where it is
// used; false is a variable of which the pack says nothing.
func (s *suiteEntries) required(name, which string) bool {
	v, declared := s.declared[name]
	if !declared {
		return false
	}
	if s.usedAt == nil {
		s.hintf(v.node, "give it a default, or set it as a variable of the hosts",
			"variable %q is not set%s: %s", name, which, v.doc)
		return true
	}
	u := s.usedAt
	u.hintf(u.node, fmt.Sprintf("write vars: {%s: …}", name), "use: %s wants the variable %q%s: %s",
		u.node.Value, name, which, v.doc)
	return true
}

// undeclared reports variables of a pack that nobody who uses it could know of.
func (s *suiteEntries) undeclared() {
	for _, c := range s.checks {
		for _, a := range c.args {
			for _, t := range a.values {
				for _, p := range t.parts {
					if _, set := c.by.vars[p.text]; p.variable && !set && !p.given() && !isOfHost(p.text) &&
						c.by.declared[p.text].node == nil && s.declared[p.text].node == nil {
						c.by.inside(t.node, p.offset, "declare it: vars: {"+p.text+": {doc: what it is for}}",
							fmt.Sprintf("variable %q is not declared", p.text))
					}
				}
			}
		}
	}
}

func isOfHost(name string) bool { return name == "host.name" || name == "host.address" }

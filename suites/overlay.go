package suites

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// readOverlays reads what a suite says of the checks that it uses: override and disable.
func (l *loader) readOverlays(s *suiteEntries, top object) {
	if e, found := top.get("override"); found {
		o, _ := s.object(e.value, "override")
		for _, field := range o.entries {
			if c := s.usedCheck(field.key, "override"); c != nil {
				l.overrideCheck(s, c, field)
			}
		}
	}
	if e, found := top.get("disable"); found {
		s.disable(e.value)
	}
}

// usedCheck finds a check that the suite uses, by its id, and that may be changed.
func (s *suiteEntries) usedCheck(id *yaml.Node, what string) *checkEntry {
	c := s.ids[strings.ToLower(strings.TrimSpace(id.Value))]
	switch {
	case c == nil && len(s.ids) == 0:
		if !s.found.in(s.file) {
			s.hintf(id, "a suite's own checks are changed where they stand", "%s: the suite uses no checks", what)
		}
	case c == nil:
		s.hintf(id, suggest(id.Value, s.checkIDs()), "%s: %q is no check that the suite uses", what, shorten(id.Value, 80))
	case c.locked:
		s.hintf(id, "ask the pack's owner", "%s: the check %q is locked, at %s", what, c.id, c.place())
	default:
		return c
	}
	return nil
}

// overrideCheck puts what the suite says over what the check's file says, key by key, and
// reads the check anew.
func (l *loader) overrideCheck(s *suiteEntries, c *checkEntry, field entry) {
	what := "override of " + c.id
	o, ok := s.object(field.value, what)
	if !ok {
		return
	}
	if len(o.entries) == 0 {
		s.errorf(field.value, "%s: says nothing", what)
	}
	s.known(o, what, c.kind.Name, "from", "hosts", "expect", "assert", "compare", "timeout", "why", "owner")
	own := s.reader
	register(c.by.foreign, o.node, &own)
	merged, kind := c.with(o)
	n := l.checkOf(c.by, merged, kind)
	n.id, n.idNode, n.among, n.via, n.overridden = c.id, c.idNode, c.among, c.via, true
	c.by.tryOut(n)
	s.ids[strings.ToLower(c.id)] = n
	s.checks[slices.Index(s.checks, c)] = n
}

// register notes nodes as another file's.
func register(nodes map[*yaml.Node]*reader, n *yaml.Node, by *reader) {
	if nodes[n] != nil {
		return
	}
	nodes[n] = by
	for _, child := range n.Content {
		register(nodes, child, by)
	}
	if n.Alias != nil {
		register(nodes, n.Alias, by)
	}
}

// with is the check's entry with another's keys over its own. Mappings are put together
// key by key, all else is replaced.
func (c *checkEntry) with(over object) (object, entry) {
	merged := object{node: &yaml.Node{Kind: yaml.MappingNode, Line: c.node.Line, Column: c.node.Column}}
	kind := c.kindEntry
	for _, e := range c.in.entries {
		switch by, found := over.get(e.name()); {
		case e.name() != c.kind.Name && !slices.Contains(commonKeys(), e.name()):
			continue // another kind of the same entry
		case found && e.name() == c.kind.Name:
			e.value = c.parameters(e.value, by.value)
			kind = e
		case found:
			e = entry{by.key, together(e.value, by.value)}
		}
		merged.entries = append(merged.entries, e)
	}
	for _, e := range over.entries {
		if _, there := c.in.get(e.name()); !there {
			merged.entries = append(merged.entries, e)
		}
	}
	for _, e := range merged.entries {
		merged.node.Content = append(merged.node.Content, e.key, e.value)
	}
	return merged, kind
}

// parameters puts parameters together; the main one may stand alone.
func (c *checkEntry) parameters(base, over *yaml.Node) *yaml.Node {
	alone := func(n *yaml.Node) bool { return n.Kind != yaml.MappingNode && !isNull(n) && c.kind.Main != "" }
	inFull := func(n *yaml.Node) *yaml.Node {
		if !alone(n) {
			return n
		}
		main := &yaml.Node{Kind: yaml.ScalarNode, Value: c.kind.Main, Line: n.Line, Column: n.Column}
		if by := c.by.foreign[n]; by != nil {
			c.by.foreign[main] = by
		}
		return &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{main, n}, Line: n.Line, Column: n.Column}
	}
	if alone(base) && alone(over) || isNull(base) {
		return over
	}
	return together(inFull(base), inFull(over))
}

// together is a mapping with another's keys over its own; of anything else the other.
func together(base, over *yaml.Node) *yaml.Node {
	if base.Kind != yaml.MappingNode || over.Kind != yaml.MappingNode {
		return over
	}
	merged := &yaml.Node{Kind: yaml.MappingNode, Line: base.Line, Column: base.Column}
	place := map[string]int{}
	for _, n := range []*yaml.Node{base, over} {
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, value := n.Content[i], n.Content[i+1]
			at, there := place[resolve(key).Value]
			if there && n == over {
				merged.Content[at], merged.Content[at+1] = key, value
				continue
			}
			place[resolve(key).Value] = len(merged.Content)
			merged.Content = append(merged.Content, key, value)
		}
	}
	return merged
}

// disable leaves out checks that the suite uses: ids or patterns, or a mapping of these to
// why.
func (s *suiteEntries) disable(n *yaml.Node) {
	var patterns []*yaml.Node
	for _, one := range s.oneOrMany(n, "disable") {
		if one.Kind != yaml.MappingNode {
			if _, ok := s.text(one, "disable"); ok {
				patterns = append(patterns, one)
			}
			continue
		}
		o, _ := s.object(one, "disable")
		for _, e := range o.entries {
			if _, ok := s.text(e.value, "disable: "+e.name()); ok {
				patterns = append(patterns, e.key)
			}
		}
	}
	for _, n := range patterns {
		if s.ids[strings.ToLower(strings.TrimSpace(n.Value))] != nil || !strings.ContainsAny(n.Value, "*?") {
			if c := s.usedCheck(n, "disable"); c != nil {
				s.drop(c)
			}
			continue
		}
		found := false
		for _, c := range slices.Clone(s.checks) {
			if Glob(n.Value, c.id) {
				found = true
				if c.locked {
					s.hintf(n, "ask the pack's owner", "disable: the check %q is locked, at %s", c.id, c.place())
					continue
				}
				s.drop(c)
			}
		}
		if !found {
			s.hintf(n, suggest(n.Value, s.checkIDs()), "disable: %q is no check that the suite uses", shorten(n.Value, 80))
		}
	}
}

// checkIDs are those of the checks that the suite uses.
func (s *suiteEntries) checkIDs() []string {
	var all []string
	for _, c := range s.checks {
		all = append(all, c.id)
	}
	slices.Sort(all)
	return all
}

func (s *suiteEntries) drop(c *checkEntry) {
	s.checks = slices.DeleteFunc(s.checks, func(other *checkEntry) bool { return other == c })
	delete(s.ids, strings.ToLower(c.id))
}

// onlyLocked reports a rule of the suite for readings that its packs keep to themselves.
func (s *suiteEntries) onlyLocked(w written) {
	var first *checkEntry
	for _, c := range s.checks {
		if c.kind.Name == w.Pattern.Kind {
			if !c.locked || c.by == s {
				return
			}
			first = c
		}
	}
	if first != nil {
		s.hintf(w.key, "ask the pack's owner", "compare: the check %q is locked, at %s", first.id, first.place())
	}
}

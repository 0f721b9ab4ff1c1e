package suites

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"gopkg.in/yaml.v3"

	"postpatch/probes"
)

// checkEntry is one entry of a suite's checks, before it is built for hosts.
type checkEntry struct {
	node       *yaml.Node // the entry
	in         object     // the same, read
	kindEntry  entry      // the kind in it
	key        *yaml.Node // the kind's name in it
	kind       *probes.Kind
	args       []argument
	id         string
	timeout    time.Duration
	why        string
	owner      string
	expect     []Expectation
	asserts    []assertEntry
	compare    Comparisons
	items      probes.Naming
	selectors  []*yaml.Node  // nil chooses every host
	broken     bool          // its parameters are wrong, whatever the host
	by         *suiteEntries // the file that it was read from
	idNode     *yaml.Node    // where its id stands, or its kind
	locked     bool          // nobody may change it
	overridden bool          // somebody has
	// among are the hosts by which suites on the way have narrowed it: those that one of
	// the lists chooses by all its narrowings. None at all are all.
	among [][]narrowing
	via   []*used // the entries of its suite's use by which it came
}

// commonKeys are the keys that every check may have.
func commonKeys() []string {
	return []string{"id", "expect", "assert", "compare", "why", "owner", "timeout", "hosts", "from", "locked"}
}

func (l *loader) readChecks(s *suiteEntries, top object) {
	e, found := top.get("checks")
	if _, uses := top.get("use"); !found && uses {
		return
	}
	if !found {
		s.hintf(top.node, "add: checks: [{ping: {}}]", "the suite has no checks")
		return
	}
	elems, ok := s.list(e.value, "checks")
	if ok && len(elems) == 0 {
		s.errorf(e.value, "checks: the list is empty and asserts nothing")
	}
	for i, n := range elems {
		what := fmt.Sprintf("checks[%d]", i)
		if n.Kind == yaml.ScalarNode && l.kinds[n.Value].Name != "" {
			s.hintf(n, "write "+n.Value+": {}", "%s: want a mapping (key: value), got %q", what, n.Value)
			continue
		}
		if o, ok := s.object(n, what); ok {
			l.check(s, o, what)
		}
	}
}

func (l *loader) check(s *suiteEntries, o object, what string) {
	kinds := l.kindsOf(s, o, what)
	s.strange = s.strange || len(kinds) == 0
	for _, e := range kinds {
		c := l.checkOf(s, o, e)
		s.identify(c, o)
		s.tryOut(c)
		s.checks = append(s.checks, c)
	}
}

// checkOf reads the check of one of the kinds that an entry names.
func (l *loader) checkOf(s *suiteEntries, o object, e entry) *checkEntry {
	var ok bool
	kind := l.kinds[e.name()]
	c := &checkEntry{
		node: bare(o.node), key: e.key, kind: &kind, timeout: s.timeout, owner: s.suite.Owner,
		by: s, kindEntry: e, locked: s.locked,
	}
	if s.usedAt != nil { // who uses it may override it
		c.in = o
	}
	c.args, ok = s.arguments(*c.kind, e)
	c.broken = !s.from(c, o) || !ok
	if e, found := o.get("timeout"); found {
		if d, ok := s.duration(e.value, "timeout"); ok {
			c.timeout = d
		}
	}
	if e, found := o.get("why"); found {
		c.why, _ = s.text(e.value, "why")
		c.why = strings.TrimSpace(c.why)
	}
	if e, found := o.get("owner"); found {
		c.owner, _ = s.text(e.value, "owner")
	}
	if e, found := o.get("hosts"); found {
		c.selectors = s.texts(e.value, "hosts")
	}
	if e, found := o.get("locked"); found && s.isTrue(e.value, "locked") {
		c.locked = true
	}
	c.expect = s.expectations(*c.kind, o)
	c.asserts = s.assertions(*c.kind, o)
	s.comparisons(c, o)
	return c
}

// from reads who asks: for the reader's sake it stands beside the kind, and is a
// parameter of those that can be asked from both sides.
func (s *suiteEntries) from(c *checkEntry, o object) (ok bool) {
	from, found := o.get("from")
	if !found {
		return true
	}
	i := slices.IndexFunc(c.kind.Params, func(p probes.Param) bool { return p.Name == "from" })
	switch {
	case i < 0:
		s.hintf(from.key, "leave it out", "from: %s is always asked in the same way", c.kind.Name)
		return false
	case slices.ContainsFunc(c.args, func(a argument) bool { return a.param.Name == "from" }):
		s.hintf(from.key, "leave one of them out", "from: it is there twice")
		return false
	}
	a, ok := s.argument(c.kind.Params[i], from.value, "from")
	c.args = append(c.args, a)
	return ok
}

// kindsOf finds the keys of a check that are a kind's name. There may be several: ping
// and sql of the same hosts, with the same why, in one line.
func (l *loader) kindsOf(s *suiteEntries, o object, what string) []entry {
	var kinds, strange []entry
	for _, e := range o.entries {
		if _, found := l.kinds[e.name()]; found {
			kinds = append(kinds, e)
		} else if !slices.Contains(commonKeys(), e.name()) {
			strange = append(strange, e)
		}
	}
	switch {
	case len(kinds) > 1 && !s.together(o, kinds, what):
		return nil
	case len(kinds) > 0:
		for _, e := range strange {
			if closest(e.name(), commonKeys()) == "" && closest(e.name(), l.names) != "" {
				s.unknown(e.key, "kind", "", l.names)
				continue
			}
			s.misplaced(e.key, l.kinds[kinds[0].name()], what)
		}
	case len(strange) > 0:
		for i, e := range strange {
			if i == 0 || closest(e.name(), l.names) != "" {
				s.unknown(e.key, "kind", "", l.names)
			} else {
				s.unknown(e.key, "key", what, commonKeys())
			}
		}
	default:
		s.hintf(o.node, suggest("", l.names), "%s: the check says no kind", what)
	}
	return kinds
}

// together says whether an entry of several kinds has nothing that is of one kind alone:
// nobody could tell which of them an expectation means.
func (s *suiteEntries) together(o object, kinds []entry, what string) bool {
	for _, name := range []string{"id", "expect", "assert", "compare"} {
		if e, found := o.get(name); found {
			s.hintf(e.key, "begin another entry with \"- "+kinds[1].name()+"\"",
				"%s: %s: is it of %q or of %q?", what, name, kinds[0].name(), kinds[1].name())
			return false
		}
	}
	return true
}

// misplaced reports a key that no check has; owners often write a reading or a
// parameter one level too high.
func (s *suiteEntries) misplaced(key *yaml.Node, kind probes.Kind, what string) {
	name := key.Value
	switch _, isReading := kind.Reading(name); {
	case isReading:
		s.hintf(key, fmt.Sprintf("write expect: {%s: …}", name), "%s: %q is a reading of %s", what, name, kind.Name)
	case slices.Contains(paramNames(kind), name):
		s.hintf(key, fmt.Sprintf("write %s: {%s: …}", kind.Name, name), "%s: %q is a parameter of %s",
			what, name, kind.Name)
	default:
		s.unknown(key, "key", what, commonKeys())
	}
}

// identify gives the check its id: the suite's, or one made of its kind and
// main parameter, which stays the same when the suite is edited elsewhere.
func (s *suiteEntries) identify(c *checkEntry, o object) {
	place := c.key
	if e, found := o.get("id"); found {
		text, ok := s.text(e.value, "id")
		if !ok {
			return
		}
		if text != cleanID(text) {
			s.errorf(e.value, "id: want at most %d printable characters, got %q", maxID, shorten(text, 80))
			return
		}
		c.id, place = text, e.value
	} else {
		c.id = defaultID(c)
		if c.broken { // its id is not what it will be
			return
		}
	}
	c.idNode = place
	if first := s.ids[strings.ToLower(c.id)]; first != nil {
		hint := "write an id: of its own for one of them"
		if first.by != s {
			hint = "write an id: of its own, or change that one by override: {" + c.id + ": …}"
		}
		s.hintf(place, hint, "the check's id %q is there twice, first at %s", c.id, first.place())
		return
	}
	s.ids[strings.ToLower(c.id)] = c
}

// place is where the check's id stands.
func (c *checkEntry) place() string { return c.by.place(c.idNode) }

// defaultID is the kind and the first of what it looks at. It does not count the
// rest: a name added to the list must not make another check of it.
func defaultID(c *checkEntry) string {
	i := slices.IndexFunc(c.args, func(a argument) bool { return a.param.Name == c.kind.Main })
	if i < 0 || len(c.args[i].values) == 0 || !c.args[i].values[0].literal() {
		return c.kind.Name + c.side()
	}
	// A path's own slashes would only double the one between kind and value.
	return cleanID(strings.TrimSuffix(
		c.kind.Name+c.side()+"/"+strings.Trim(c.args[i].values[0].node.Value, "/"), "/"))
}

// side tells apart what is asked from both sides.
func (c *checkEntry) side() string {
	for _, a := range c.args {
		if a.param.Name == "from" && len(a.values) == 1 && a.values[0].node.Value != a.param.Default {
			return " from " + a.values[0].node.Value
		}
	}
	return ""
}

const maxID = 120

// cleanID makes a text fit for one line of a report.
func cleanID(s string) string {
	s = strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return '-'
		}
		return c
	}, strings.TrimSpace(s))
	return shorten(s, maxID)
}

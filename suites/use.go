package suites

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// What suites use stays within bounds, whatever they say.
const (
	mostDeep = 10  // a pack that uses a pack that uses …
	mostUsed = 200 // files that one suite uses, over all ways
	// mostTaken are the checks of all of them.
	mostTaken = 20_000
)

// used is one entry of a suite's use.
type used struct {
	reader
	node  *yaml.Node // of the file's name
	by    *used      // that has led to the file in which it stands
	at    location
	vars  map[string]string
	keys  map[string]*yaml.Node // of the variables
	hosts []*yaml.Node          // of those that use it; none for all
	as    string                // stands before the ids
	count *int                  // of all files that the suite uses
	depth int
}

// narrowing is a choice among hosts.
type narrowing []string

// document is a file that is used, once read.
type document struct {
	reader
	top    object
	ok     bool
	digest string
}

// readUses reads what a suite uses, and takes its checks in.
func (l *loader) readUses(s *suiteEntries, top object) {
	e, found := top.get("use")
	if !found {
		return
	}
	if s.home.tree == nil {
		home, err := l.homeOf(s.file)
		if err != nil {
			s.errorf(e.key, "use: the suite's folder: %v", plainly(err))
			return
		}
		s.home = home
	}
	elems, count := s.oneOrMany(e.value, "use"), new(int)
	for i, n := range elems {
		u := &used{reader: s.reader, node: n, by: s.usedAt, count: count, depth: 1}
		if s.usedAt != nil {
			u.count, u.depth = s.usedAt.count, s.usedAt.depth+1
		}
		if !u.read(n, fmt.Sprintf("use[%d]", i)) {
			continue
		}
		if at, ok := l.find(s.reader, u.node); ok {
			u.at = at
			s.uses = append(s.uses, u)
			l.use(s, u)
		}
	}
}

// read reads one entry: a name or path alone, or with what is said beside it.
func (u *used) read(n *yaml.Node, what string) bool {
	if n.Kind == yaml.ScalarNode {
		_, ok := u.text(n, what)
		return ok
	}
	o, ok := u.object(n, what)
	if !ok {
		return false
	}
	u.known(o, what, "suite", "vars", "hosts", "as")
	if e, found := o.get("vars"); found {
		u.vars = u.reader.vars(e.value, what+".vars")
		u.keys = map[string]*yaml.Node{}
		if vars, ok := u.object(e.value, what+".vars"); ok {
			for _, v := range vars.entries {
				u.keys[v.name()] = v.key
			}
		}
	}
	if e, found := o.get("hosts"); found {
		u.hosts = u.texts(e.value, what+".hosts")
	}
	if e, found := o.get("as"); found {
		if u.as, ok = u.text(e.value, what+".as"); ok && !isName(u.as) {
			u.errorf(e.value, "%s.as: want letters, digits, '.', '_' and '-', got %q", what, shorten(u.as, 80))
		}
	}
	e, found := o.get("suite")
	if !found {
		u.hintf(o.node, "write {suite: NAME, …}", "%s: it names no suite", what)
		return false
	}
	u.node = e.value
	_, ok = u.text(e.value, what+".suite")
	return ok
}

// use takes in the checks of one file, as they are with what is said beside its name.
func (l *loader) use(s *suiteEntries, u *used) {
	for way := u; way != nil; way = way.by {
		if way.home.same(u.at) {
			u.hintf(u.node, "a pack uses what is more general than itself", "use: %s uses itself, by way of %s",
				u.at.name(), way.place(way.node))
			return
		}
	}
	switch *u.count++; {
	case u.depth > mostDeep:
		u.errorf(u.node, "use: more than %d files that use each other in a row", mostDeep)
		return
	case *u.count > mostUsed+1:
		return
	case *u.count > mostUsed:
		u.errorf(u.node, "use: the suite uses more than %d files in all", mostUsed)
		return
	}
	doc := l.document(u)
	if !doc.ok {
		return
	}
	p := l.pack(s, u, doc)
	s.suite.Digest = digest([]byte(s.suite.Digest + p.suite.Digest))
	for _, c := range p.checks {
		l.adopt(s, c, u)
	}
	s.strange = s.strange || p.strange
}

// document reads a file that is used; one that several use is read once.
func (l *loader) document(u *used) document {
	if known, found := l.docs[u.at.key()]; found {
		return known
	}
	key := u.at.name()
	doc := document{reader: reader{file: key, found: l.found, home: u.at}}
	if data, err := u.at.read(); err != nil {
		u.errorf(u.node, "use: %q cannot be read: %v", shorten(key, 120), plainly(err))
	} else {
		doc.source, doc.digest = Decoded(data), digest(data)
		if root := doc.document(data); root != nil {
			doc.top, doc.ok = doc.object(root, "the suite")
			doc.ok = doc.ok && !doc.another(doc.top, "a suite", "suite", "checks")
		}
	}
	l.docs[u.at.key()] = doc
	return doc
}

// said is what is said of all checks that the suite uses: by itself, and by those who use
// it, unless it has locked them.
func (s *suiteEntries) said() []written {
	if s.locked {
		return s.compare
	}
	return slices.Concat(s.compare, s.above)
}

// pack reads the checks of a file for the suite that uses it.
func (l *loader) pack(s *suiteEntries, u *used, doc document) *suiteEntries {
	p := &suiteEntries{
		reader: doc.reader, ids: map[string]*checkEntry{}, vars: map[string]string{}, usedAt: u,
		effort: l.effort,
		above:  s.said(), whyUnset: s.whyUnset,
	}
	p.foreign = map[*yaml.Node]*reader{}
	p.known(doc.top, "the suite", suiteKeys()...)
	for key, why := range map[string]string{
		"hosts":   "hosts are those of the suite that uses it: take them out, or give postpatch both files",
		"notify":  "whom to tell is for the suite that uses it to say",
		"waivers": "what may be wrong is for the suite that uses it to say",
	} {
		if e, found := doc.top.get(key); found {
			p.hintf(e.key, why, "%s: the suite is used by %s, so it can have none", key, u.place(u.node))
		}
	}
	p.suite.Digest, p.suite.Name = doc.digest, s.suite.Name
	p.head(doc.top)
	if s.suite.Owner != "" {
		p.suite.Owner = s.suite.Owner
	}
	if p.timeout == 0 {
		p.timeout = s.timeout
	}
	for name, key := range u.keys {
		if _, set := p.vars[name]; !set && p.declared[name].node == nil {
			u.hintf(key, suggest(name, slices.Concat(names(p.vars), keys(p.declared))),
				"use: %s has no variable %q", u.node.Value, name)
		}
	}
	maps.Copy(p.vars, s.vars)
	maps.Copy(p.vars, u.vars)
	l.readBody(p, doc.top)
	return p
}

// adopt takes a check of a pack into the suite. One that comes by another way, too, and
// is the same, is there once, for the hosts of both.
func (l *loader) adopt(s *suiteEntries, c *checkEntry, u *used) {
	if u.as != "" {
		c.id = cleanID(u.as + "/" + c.id)
	}
	c.narrow(values(u.hosts))
	c.via = []*used{u}
	id := strings.ToLower(c.id)
	switch first := s.ids[id]; {
	case len(s.checks) >= mostTaken:
		u.errorf(u.node, "use: more than %d checks in all", mostTaken)
	case first == nil:
		s.ids[id] = c
		s.checks = append(s.checks, c)
	case first.same(c):
		first.via = append(first.via, u)
		first.timeout = max(first.timeout, c.timeout) // who gives more has a reason
		if len(first.among) > 0 && len(c.among) > 0 {
			first.among = append(first.among, c.among...)
		} else {
			first.among = nil
		}
	default:
		hint := "give one of both an as: NAME, which stands before its ids"
		if first.key == c.key {
			hint = "it comes by two ways, with other variables, another owner or other compare: rules; " + hint
		}
		u.hintf(u.node, hint, "use: the check's id %q is there twice, at %s and at %s", c.id, first.place(), c.place())
	}
}

// same says whether two checks are one that came by two ways.
func (c *checkEntry) same(other *checkEntry) bool {
	if c.key != other.key || c.overridden || other.overridden || c.owner != other.owner || !c.comparesAs(other) {
		return false
	}
	for _, name := range c.mentioned() {
		a, set := c.by.vars[name]
		b, alike := other.by.vars[name]
		if a != b || set != alike {
			return false
		}
	}
	return true
}

// comparesAs says whether those who use both say the same of how their readings compare.
func (c *checkEntry) comparesAs(other *checkEntry) bool {
	said := func(c *checkEntry) (all []Override) {
		for _, w := range c.by.above {
			if !c.locked && w.Pattern.Kind == c.kind.Name {
				all = append(all, w.Override)
			}
		}
		return all
	}
	return slices.EqualFunc(said(c), said(other), func(a, b Override) bool {
		return a.From == b.From && a.Pattern == b.Pattern
	})
}

// mentioned are the variables that a check names.
func (c *checkEntry) mentioned() []string {
	var all []string
	for _, a := range c.args {
		for _, t := range a.values {
			for _, p := range t.parts {
				if p.variable {
					all = append(all, p.text)
				}
			}
		}
	}
	for _, a := range c.asserts {
		for _, v := range a.Expr.Vars() {
			all = append(all, v.Name)
		}
	}
	return all
}

// narrow leaves a check those of its hosts that the selectors choose.
func (c *checkEntry) narrow(to narrowing) {
	if len(to) == 0 {
		return
	}
	if len(c.among) == 0 {
		c.among = [][]narrowing{nil}
	}
	for i := range c.among {
		c.among[i] = append(slices.Clone(c.among[i]), to)
	}
}

// isAmong says whether the suites on the check's way have left it a host.
func (c *checkEntry) isAmong(h *hostEntry) bool {
	return len(c.among) == 0 || slices.ContainsFunc(c.among, func(all []narrowing) bool {
		return !slices.ContainsFunc(all, func(n narrowing) bool {
			return !slices.ContainsFunc(n, h.matches)
		})
	})
}

// usesHosts reports what a suite's use says of hosts that it does not have.
func (s *suiteEntries) usesHosts() {
	if s.unasked() {
		return
	}
	for _, u := range s.uses {
		for _, n := range u.hosts {
			if len(s.hosts) > 0 && !slices.ContainsFunc(s.hosts, func(h hostEntry) bool { return h.matches(n.Value) }) {
				u.hintf(n, "write a host's name, a pattern like \"ex*\" or tag:dns", "hosts: %q matches no host of this suite",
					shorten(n.Value, 80))
			}
		}
	}
}

// idleUses reports what is used and has a check for no host at all.
func (s *suiteEntries) idleUses(chosen map[*used]bool) {
	if len(s.hosts) == 0 || s.unasked() {
		return
	}
	for _, u := range s.uses {
		if some, known := chosen[u]; known && !some {
			u.hintf(u.node, "correct its hosts:, or the tags of the suite's hosts, or leave it out",
				"use: no host of this suite has a check of %s", u.node.Value)
		}
	}
}

// entered is where a check came into a suite: in it, or in its use.
func (c *checkEntry) entered(s *suiteEntries) *yaml.Node {
	if c.by == s {
		return c.node
	}
	u := c.by.usedAt
	for u.by != nil {
		u = u.by
	}
	return u.node
}

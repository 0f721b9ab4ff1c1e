package suites

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"postpatch/probes"
)

// maxChecks bounds what one suite may come to, hosts times checks: a fleet of fifty
// thousand hosts with forty checks each. A small hostile file could ask for billions.
const maxChecks = 2_000_000

// maxRefused is on how many hosts one check is found wrong before its problems
// would crowd out all others.
const maxRefused = 5

// place is one variable in one scalar.
type place struct {
	template *template
	part     *part
}

// gap is a variable that some hosts have no value for.
type gap struct {
	place place
	first string // the first such host
	more  int
}

// build makes the checks of one suite on all its hosts. What could not be read may be
// of a suite that it uses.
func (l *loader) build(s *suiteEntries, unread bool) {
	work := 0
	s.usesHosts()
	for _, c := range s.checks {
		if work += len(s.hosts) * max(1, len(c.selectors)); work > maxChecks {
			s.hintf(c.entered(s), "split the suite", "the suite comes to more than %d checks, over all hosts", maxChecks)
			return
		}
	}
	seen, uses := map[*hostEntry]bool{}, map[*used]bool{}
	for _, c := range s.checks {
		chosen := s.chosen(c)
		for _, u := range c.via {
			uses[u] = uses[u] || len(chosen) > 0
		}
		if !c.isForAll() {
			for _, h := range chosen {
				seen[h] = true
			}
		}
		s.buildOn(c, chosen)
	}
	if len(s.hosts) == 0 {
		s.undeclared()
	}
	s.idleUses(uses)
	everybody := slices.ContainsFunc(s.checks, (*checkEntry).isForAll)
	// The check that is missing may be one that is wrong.
	if everybody || s.found.in(s.file) || len(s.uses) > 0 && unread {
		return
	}
	s.withoutCheck(seen)
}

// chosen returns the hosts that a check is for.
func (s *suiteEntries) chosen(c *checkEntry) []*hostEntry {
	var chosen []*hostEntry
	used := make([]bool, len(c.selectors))
	if c.isForAll() {
		return s.everyHost()
	}
	for i := range s.hosts {
		h := &s.hosts[i]
		matches := c.selectors == nil
		if !c.isAmong(h) {
			continue
		}
		for j, n := range c.selectors {
			if h.matches(n.Value) {
				matches, used[j] = true, true
			}
		}
		if matches {
			chosen = append(chosen, h)
		}
	}
	for j, n := range c.selectors {
		// A pack's own may choose nobody.
		if !used[j] && len(s.hosts) > 0 && !s.unasked() && c.by.of(n).file == s.file {
			s.hintf(n, "write a host's name, a pattern like \"ex*\" or tag:dns", "hosts: %q matches no host of this suite",
				shorten(n.Value, 80))
		}
	}
	return chosen
}

// isForAll says of a check that it is for all hosts of its suite.
func (c *checkEntry) isForAll() bool { return c.selectors == nil && len(c.among) == 0 }

// matches reports whether a selector, a name's glob or "tag:x", chooses h.
func (h *hostEntry) matches(selector string) bool { return h.shared.matches(selector) }

func (h Host) matches(selector string) bool {
	wanted, isTag := strings.CutPrefix(selector, "tag:")
	if !isTag {
		return Glob(selector, h.Name)
	}
	for _, tag := range h.Tags {
		if Glob(wanted, tag) {
			return true
		}
	}
	return false
}

// Chosen reports whether one of the selectors, names' globs or "tag:x", chooses
// the host. None at all choose every host.
func (h Host) Chosen(selectors []string) bool {
	return len(selectors) == 0 || slices.ContainsFunc(selectors, h.matches)
}

func (s *suiteEntries) buildOn(c *checkEntry, hosts []*hostEntry) {
	gaps := map[place]*gap{}
	var order []*gap
	refused := 0
	built := map[string]int{} // by its texts; a probe that asks the same is the same
	same, once := s.isSame(c), -1
	for _, h := range hosts {
		if same && once >= 0 {
			h.built = append(h.built, once)
			continue
		}
		texts, missing := c.fill(h)
		for _, g := range missing {
			if known := gaps[g]; known != nil {
				known.more++
				continue
			}
			gaps[g] = &gap{place: g, first: h.name}
			order = append(order, gaps[g])
		}
		if c.broken || len(missing) > 0 || refused == maxRefused {
			continue
		}
		key := c.keyOn(h, texts)
		n, known := built[key]
		if !known {
			probe, err := c.probe(texts)
			if err != nil {
				c.by.wrong(c, err)
				refused++
				continue
			}
			if len(built) >= builtAtOnce {
				if in := laterOf(probe, c, h); in != nil {
					probe = in
				}
			}
			n = s.keep(c, probe, h, texts)
			built[key] = n
		}
		h.built, once = append(h.built, n), n
	}
	c.unsetVars(hosts)
	for _, g := range order {
		which := ""
		if g.more+1 < len(hosts) {
			which = fmt.Sprintf(" for host %q", g.first)
			if g.more > 0 {
				which += fmt.Sprintf(" and %d more", g.more)
			}
		}
		c.by.missing(g.place.template, g.place.part, which)
	}
}

// shareChecks gives the hosts their checks, and one list of them to all hosts on which
// they ask the same: ten thousand hosts are mostly ten thousand times one. Where some ask
// otherwise on each host, the others are there once all the same.
func (s *suiteEntries) shareChecks() {
	lists := map[string][]*Check{}
	for i := range s.hosts {
		h := &s.hosts[i]
		key := numbersKey(h.built)
		list := lists[key]
		if list == nil {
			list = make([]*Check, len(h.built))
			for k, n := range h.built {
				list[k] = s.distinct[n]
			}
			lists[key] = list
		}
		if h.shared.Checks == nil {
			h.shared.Checks = list // full, so that another suite's go elsewhere
		} else {
			h.shared.Checks = append(h.shared.Checks, list...)
		}
	}
}

// asked is a digest of what a check asks on one host.
func (c *checkEntry) asked(texts [][]string) string {
	lines := make([]string, len(texts))
	for i, values := range texts {
		lines[i] = fmt.Sprintf("%s %q", c.args[i].param.Name, values)
		if c.args[i].param.Type == probes.ParamFile {
			lines[i] += fmt.Sprintf(" %q", c.args[i].file.Text)
		}
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(c.kind.Name + "\n" + strings.Join(lines, "\n")))
	return hex.EncodeToString(sum[:8])
}

func (s *suiteEntries) done(c *checkEntry, probe probes.Probe, texts [][]string) *Check {
	return &Check{
		Suite: s.suite.Name, ID: c.id, Kind: c.kind, Probe: probe, Expect: c.expect, Compare: c.compare,
		Items: c.items, Asked: c.asked(texts), Timeout: c.timeout, Why: c.why, Owner: c.owner,
		File: c.by.file, Line: c.node.Line,
	}
}

// tryOut builds a check that is the same on every host once, so that its
// problems show even where a suite has no host for it.
func (s *suiteEntries) tryOut(c *checkEntry) {
	for _, a := range c.args {
		for _, t := range a.values {
			if !t.literal() {
				return
			}
		}
	}
	if c.broken {
		return
	}
	texts, _ := c.fill(nil)
	if _, err := c.probe(texts); err != nil {
		s.wrong(c, err)
		c.broken = true
	}
}

// fill returns the texts of each argument on a host, and what it has no value for.
func (c *checkEntry) fill(h *hostEntry) (texts [][]string, missing []place) {
	texts = make([][]string, len(c.args))
	for i, a := range c.args {
		texts[i] = make([]string, len(a.values))
		for j, t := range a.values {
			text, unset := t.fill(func(name string) (string, bool) { return c.variable(h, name) })
			for k := range t.parts {
				if p := &t.parts[k]; p.unreadable(h) && !slices.Contains(unset, p) {
					unset = append(unset, p)
				}
			}
			for _, p := range unset {
				missing = append(missing, place{t, p})
			}
			texts[i][j] = text
		}
	}
	return texts, missing
}

// probe builds the check's probe of its arguments' texts.
func (c *checkEntry) probe(texts [][]string) (probes.Probe, error) {
	args := make(map[string]any, len(c.args))
	for i, a := range c.args {
		value, err := a.convert(texts[i])
		if err != nil {
			return nil, err
		}
		args[a.param.Name] = value
	}
	return c.kind.Build(args)
}

// variable is the value of a template's name on a host, whose own come first.
func (c *checkEntry) variable(h *hostEntry, name string) (string, bool) {
	switch name {
	case "host.name":
		return h.shared.Name, true
	case "host.address":
		return h.shared.Address, true
	}
	return h.given(name, c.by.vars)
}

// varsOn are all the check's variables on a host.
func (c *checkEntry) varsOn(h *hostEntry) map[string]string {
	vars := maps.Clone(c.by.vars)
	if vars == nil {
		vars = map[string]string{}
	}
	if h.listed != nil {
		for name := range h.listed.unread {
			delete(vars, name)
		}
	}
	maps.Copy(vars, h.own)
	return vars
}

// wrong reports what a kind says of its parameters, at the parameter.
func (s *suiteEntries) wrong(c *checkEntry, err error) {
	if badType := (*typeError)(nil); errors.As(err, &badType) {
		s.errorf(badType.node, "%s: %s: %v", c.kind.Name, badType.param, badType)
		return
	}
	at, hint := c.key, ""
	if field := (*probes.FieldError)(nil); errors.As(err, &field) {
		at = c.argNode(field.Field)
		if field.Msg == "missing" {
			hint = fmt.Sprintf("write %s: {%s: …}", c.kind.Name, field.Field)
		}
	}
	s.hintf(at, hint, "%s: %v", c.kind.Name, err)
}

func (c *checkEntry) argNode(param string) *yaml.Node {
	for _, a := range c.args {
		if a.param.Name == param {
			return a.node
		}
	}
	return c.key
}

package suites

import (
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"postpatch/probes"
	"postpatch/probes/fact"
)

// written is an override and where its pattern stands.
type written struct {
	Override
	key *yaml.Node
}

func overridesOf(all []written) []Override {
	overrides := make([]Override, len(all))
	for i, w := range all {
		overrides[i] = w.Override
	}
	return overrides
}

// readCompare reads what a suite says for all its checks.
func (l *loader) readCompare(s *suiteEntries, top object) {
	e, found := top.get("compare")
	if !found {
		return
	}
	o, ok := s.object(e.value, "compare")
	if ok && len(o.entries) == 0 {
		s.errorf(e.value, "compare: says nothing")
	}
	var kinds []probes.Kind
	for _, name := range l.names {
		kinds = append(kinds, l.kinds[name])
	}
	for _, field := range o.entries {
		p, specs, ok := s.pattern(field.key, kinds)
		if !ok || !s.plain(field.key, "compare") {
			continue
		}
		s.compare = append(s.compare, s.override(SuiteLevel, field, p, specs))
	}
	s.clashes(s.compare, func(p Pattern) probes.Naming { return l.kinds[p.Kind].Items })
}

// comparisons reads a check's compare over that of its suite.
func (s *suiteEntries) comparisons(c *checkEntry, check object) {
	c.items = c.kind.Items
	var own []written
	if e, found := check.get("compare"); found {
		own = s.checkCompare(c, e.value)
	}
	c.compare = s.compareAs(c, own)
	for _, w := range own {
		if w.isIdle() && c.compare.ignores(w.Pattern.Reading) {
			s.idle(w)
		}
	}
}

func (s *suiteEntries) checkCompare(c *checkEntry, n *yaml.Node) []written {
	n = resolve(n)
	if n.Kind == yaml.ScalarNode {
		field := entry{key: n, value: n}
		return []written{s.override(CheckLevel, field, Pattern{Kind: c.kind.Name, Reading: "*"}, c.kind.Readings)}
	}
	o, ok := s.object(n, "compare")
	if ok && len(o.entries) == 0 {
		s.errorf(n, "compare: says nothing")
	}
	if e, found := o.get("items"); found {
		s.naming(c, e)
	}
	var own []written
	for _, field := range o.entries {
		if field.name() == "items" {
			continue
		}
		if p, specs, ok := s.ownPattern(field.key, *c.kind); ok {
			own = append(own, s.override(CheckLevel, field, p, specs))
		}
	}
	s.clashes(own, func(Pattern) probes.Naming { return c.items })
	return own
}

// naming reads when the suite takes two names of a check's items for one.
func (s *suiteEntries) naming(c *checkEntry, e entry) {
	text, ok := s.text(e.value, "compare: items")
	if !ok {
		return
	}
	naming := probes.Naming(text)
	switch {
	case c.kind.Items == probes.NoItems:
		s.hintf(e.key, "leave it out", "compare: %s has no items", c.kind.Name)
	case !slices.Contains(probes.Namings(), naming):
		var known []string
		for _, n := range probes.Namings() {
			known = append(known, string(n))
		}
		s.hintf(e.value, suggest(text, known), "compare: items: want %s, got %q",
			strings.Join(known, ", "), shorten(text, 80))
	default:
		c.items = naming
	}
}

// ownPattern reads a key of a check's compare: a reading, or an item's pattern, a dot
// and a reading. No reading has a dot, so the last one parts the two.
func (s *suiteEntries) ownPattern(key *yaml.Node, k probes.Kind) (Pattern, []probes.ReadingSpec, bool) {
	text := strings.TrimSpace(key.Value)
	p := Pattern{Kind: k.Name, Reading: text}
	dot := strings.LastIndexByte(text, '.')
	if dot >= 0 {
		p.Item, p.Reading = text[:dot], text[dot+1:]
	}
	specs, found := chosenReadings(k, p.Reading)
	switch {
	case !s.plain(key, "compare"):
		return p, nil, false
	case dot == 0 || dot > 0 && p.Reading == "":
		s.hintf(key, "for instance ITEM."+k.Readings[0].Name,
			"compare of %s: want reading or item.reading, got %q", k.Name, shorten(text, 80))
		return p, nil, false
	case !found:
		if hint := itemHint(p, k); hint != "" && !namesCredential(text) {
			s.hintf(key, hint, "unknown reading %q in compare of %s", shorten(p.Reading, 80), k.Name)
		} else {
			s.unknown(key, "reading", "compare of "+k.Name, readingNames(k))
		}
		return p, nil, false
	}
	prefix := k.Name + "/" // as a plan and a suite's own compare write it
	if strings.HasPrefix(p.Item, prefix) && !strings.Contains(k.Item, prefix) {
		s.hintf(key, fmt.Sprintf("write '%s'", text[len(prefix):]),
			"compare of %s: the kind is that of the check, and has no place in %q", k.Name, shorten(text, 80))
		return p, nil, false
	}
	return p, specs, s.itemOf(key, p, k)
}

// itemHint is the way out where an item's reading is none: a typo, or the item is
// written alone. It is empty where only a reading can be meant.
func itemHint(p Pattern, k probes.Kind) string {
	names := readingNames(k)
	isReading := p.Item == "" && strings.Trim(p.Reading, "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
	switch {
	case k.Items == probes.NoItems || isReading:
		return ""
	case closest(p.Reading, names) != "":
		return suggest(p.Reading, names)
	}
	item := p.Reading
	if p.Item != "" {
		item = p.Item + "." + p.Reading
	}
	return fmt.Sprintf("write '%s.*' for every reading of the item; %s", shorten(item, 80), suggest("", names))
}

// override reads a rule's text or {rule, severity} of the readings that a pattern
// chooses.
func (s *suiteEntries) override(level Level, field entry, p Pattern, specs []probes.ReadingSpec) written {
	if strings.Trim(p.Item, "*") == "" {
		p.Item = "" // every item
	}
	w := written{key: field.key}
	w.Pattern, w.From = p, Origin{Level: level, File: s.of(field.key).file, Line: field.key.Line}
	what := "compare: " + w.what()
	if field.key == field.value {
		what = "compare"
	}
	n := resolve(field.value)
	if n.Kind != yaml.MappingNode {
		w.Rule = s.rule(n, specs, what)
		return w
	}
	o, _ := s.object(n, what)
	s.known(o, what, "rule", "severity")
	if len(o.entries) == 0 {
		s.errorf(n, "%s: says nothing", what)
	}
	if e, found := o.get("rule"); found {
		w.Rule = s.rule(e.value, specs, what)
	}
	if e, found := o.get("severity"); found {
		text, ok := s.text(e.value, what+".severity")
		severity, err := fact.ParseSeverity(text)
		if ok && err != nil {
			s.errorf(e.value, "%s.severity: %v", what, err)
		}
		w.Severity = &severity
	}
	return w
}

// rule reads a rule that has to suit each of the readings; "same" where it does not.
func (s *suiteEntries) rule(n *yaml.Node, specs []probes.ReadingSpec, what string) *fact.Rule {
	text, ok := s.text(n, what)
	if !ok || !s.plain(n, what) {
		return new(fact.Rule)
	}
	unit := ""
	if len(specs) == 1 {
		unit = specs[0].Unit
	}
	rule, err := fact.ParseRuleUnit(text, unit)
	if err != nil {
		s.errorf(n, "%s: %v", what, err)
		return new(fact.Rule)
	}
	for _, spec := range specs {
		if err := rule.Suits(spec.Type); err != nil {
			hint := fmt.Sprintf("postpatch explain compare; %s is a %s", spec.Name, spec.Type)
			if len(specs) > 1 {
				hint += ", and the rule is for every reading"
			}
			s.hintf(n, hint, "%s: %v", what, err)
			return new(fact.Rule)
		}
	}
	return &rule
}

// what is the pattern as its level writes it.
func (w written) what() string {
	text := w.Pattern.String()
	if w.From.Level == CheckLevel {
		return text[len(w.Pattern.Kind)+1:]
	}
	return text
}

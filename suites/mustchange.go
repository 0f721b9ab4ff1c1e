package suites

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"postpatch/probes"
	"postpatch/probes/fact"
)

// mustChange reads a mapping of readings and what they have to be, or a list of such
// mappings and of {change, to, …}.
func (r reader) mustChange(n *yaml.Node, kinds []probes.Kind) []MustChange {
	const nothing = "must_change: asserts nothing"
	n = resolve(n)
	if n.Kind != yaml.SequenceNode {
		o, ok := r.object(n, "must_change")
		if ok && len(o.entries) == 0 {
			r.hintf(n, "leave it out, or name a reading", nothing)
		}
		return r.wanted(o, "must_change", kinds)
	}
	elems, _ := r.list(n, "must_change")
	if len(elems) == 0 {
		r.hintf(n, "leave it out, or name a reading", nothing)
	}
	var must []MustChange
	for i, e := range elems {
		what := fmt.Sprintf("must_change[%d]", i)
		o, ok := r.object(e, what)
		switch {
		case !ok:
		case len(o.entries) == 0:
			r.hintf(e, "leave it out, or name a reading", "%s: asserts nothing", what)
		case isLong(o):
			must = append(must, r.wantedOf(o, what, kinds)...)
		default:
			must = append(must, r.wanted(o, "must_change", kinds)...)
		}
	}
	return must
}

func mustKeys() []string { return []string{"change", "to", "where", "hosts", "update", "reason"} }

// isLong says whether a mapping is of the form {change, to, …}: readings have a dot.
func isLong(o object) bool {
	return slices.ContainsFunc(o.entries, func(e entry) bool { return slices.Contains(mustKeys(), e.name()) }) ||
		!slices.ContainsFunc(o.entries, func(e entry) bool { return strings.ContainsAny(e.name(), "./") })
}

// wanted reads a mapping of readings and what they have to be.
func (r reader) wanted(o object, what string, kinds []probes.Kind) []MustChange {
	var must []MustChange
	for _, e := range o.entries {
		m := MustChange{said: choice{what: e.key}}
		spec, ok := r.oneReading(&m, kinds)
		if ok && r.mustBe(&m, e.value, spec, what) {
			must = append(must, m)
		}
	}
	return must
}

// oneReading reads which reading has to change.
func (r reader) oneReading(m *MustChange, kinds []probes.Kind) (spec probes.ReadingSpec, ok bool) {
	p, specs, ok := r.pattern(m.said.what, kinds)
	if ok && strings.Contains(p.Reading, "*") {
		r.errorf(m.said.what, "must_change: want one reading, got %q", p)
		ok = false
	}
	if !ok {
		return spec, false
	}
	m.Pattern = p
	return specs[0], true
}

// mustBe reads what a reading has to be.
func (r reader) mustBe(m *MustChange, n *yaml.Node, spec probes.ReadingSpec, what string) bool {
	what += ": " + m.Pattern.String()
	predicate, ok := r.predicate(n, spec, what)
	switch {
	case !ok:
		return false
	case predicate.Any():
		r.hintf(n, "write what it has to be after the patch; what only may change is for may_change",
			"%s: \"any\" asserts nothing", what)
		return false
	case predicate.HasAge():
		r.hintf(n, "write a time: \">= 2026-11-23\"", "%s: an age says nothing of what changes", what)
		return false
	}
	m.Predicate = predicate
	return true
}

// wantedOf reads {change, to, where, hosts, update, reason}.
func (r reader) wantedOf(o object, what string, kinds []probes.Kind) []MustChange {
	r.known(o, what, mustKeys()...)
	change, found := o.get("change")
	if !found {
		r.hintf(o.node, "write what has to change: change: os.build", "%s: it names no change", what)
		return nil
	}
	m := MustChange{said: choice{what: change.value}}
	spec, ok := r.oneReading(&m, kinds)
	to, found := o.get("to")
	if !found {
		r.hintf(o.node, "write what it has to be: to: …", "%s: %s: to: is missing", what, shorten(change.value.Value, 80))
	}
	ok = ok && found && r.wantedTo(&m, to.value, spec, what)
	if e, found := o.get("where"); found {
		m.Where = r.where(e.value, spec, what+".where")
	}
	if e, found := o.get("hosts"); found {
		m.said.hosts = r.selectors(e.value, what+".hosts")
		m.Hosts = values(m.said.hosts)
	}
	if e, found := o.get("reason"); found {
		m.Reason, _ = r.sentence(e.value, what+".reason")
	}
	if e, found := o.get("update"); found {
		m.Update = r.update(e.value, what+".update")
	}
	if !ok {
		return nil
	}
	return []MustChange{m}
}

func (r reader) wantedTo(m *MustChange, n *yaml.Node, spec probes.ReadingSpec, what string) bool {
	if n.Kind == yaml.ScalarNode && strings.TrimSpace(n.Value) == toGone {
		r.hintf(n, `what may go away is for may_change; for the text itself write "= gone"`,
			"%s.to: nothing has to go away by a must_change", what)
		return false
	}
	return r.mustBe(m, n, spec, what+".to")
}

// where reads how a reading has to have been. Only texts can be matched.
func (r reader) where(n *yaml.Node, spec probes.ReadingSpec, what string) string {
	text, ok := r.text(n, what)
	switch {
	case !ok:
	case spec.Name != "" && spec.Type != fact.TypeText:
		r.hintf(n, "leave it out, or choose the hosts by hosts:",
			"%s: is for readings of the type text, and %s is of type %s", what, spec.Name, spec.Type)
	case strings.Trim(text, "*") == "":
		r.hintf(n, "leave it out", "%s: %q says nothing", what, shorten(text, 80))
	default:
		return strings.TrimSpace(text)
	}
	return ""
}

// update reads what is known of the update that brings a change.
func (r reader) update(n *yaml.Node, what string) (u Update) {
	o, ok := r.object(n, what)
	if !ok {
		return u
	}
	r.known(o, what, "kb", "severity", "released", "within")
	if e, found := o.get("kb"); !found {
		r.hintf(o.node, "write kb: KB5068787", "%s: kb: is missing", what)
	} else if text, ok := r.text(e.value, what+".kb"); ok {
		u.KB = strings.ToUpper(strings.TrimSpace(text))
		if !regexp.MustCompile(`^KB[0-9]{6,8}$`).MatchString(u.KB) {
			r.errorf(e.value, "%s.kb: want a number like KB5068787, got %s", what, r.describe(e.value))
		}
	}
	if e, found := o.get("severity"); found {
		u.Severity = r.rating(e.value, what+".severity")
	}
	released, dated := o.get("released")
	if dated {
		u.Released, _ = r.day(released.value, what+".released", "the day of its release, in UTC")
	}
	if e, found := o.get("within"); found {
		u.Within = r.span(e.value, what+".within", saneWithin())
		if !dated {
			r.hintf(e.key, "write released: 2026-11-10", "%s.within: nobody knows since when, without a day of release", what)
		}
	}
	return u
}

// rating reads how grave Microsoft takes what an update mends.
func (r reader) rating(n *yaml.Node, what string) string {
	known := []string{"critical", "important", "moderate", "low"}
	text, ok := r.text(n, what)
	word := strings.ToLower(strings.TrimSpace(text))
	if ok && !slices.Contains(known, word) {
		r.hintf(n, suggest(word, known), "%s: want %s, got %s", what, strings.Join(known, ", "), r.describe(n))
	}
	return word
}

package suites

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"

	"postpatch/probes"
	"postpatch/probes/fact"
)

// MayChange is a change that a plan allows.
type MayChange struct {
	Pattern Pattern
	Hosts   []string // selectors, see Host.Chosen
	To      string   // what the reading may change to, in the plan's words; "" for anything
	Reason  string

	holds func(fact.Value) bool // nil where To is ""
	said  choice
}

// Allows says whether a reading may become after; nil when it went away.
func (m MayChange) Allows(after fact.Value) bool { return m.holds == nil || m.holds(after) }

// The words of "to" beside what is said of readings elsewhere. A text that reads
// like one of them is written with "= " before it.
const (
	toGone   = "gone"
	toDigest = "digest "
)

// Digest is a value in as many characters as any other, for a plan's "to":
// "digest 5feceb66…".
func Digest(v fact.Value) string {
	sum := sha256.Sum256(fact.Encode(v))
	return toDigest + hex.EncodeToString(sum[:])
}

// mayChange reads a pattern, or a list of patterns and of mappings.
func (r reader) mayChange(n *yaml.Node, kinds []probes.Kind) []MayChange {
	var all []MayChange
	for i, e := range r.oneOrMany(n, "may_change") {
		if e.Kind != yaml.MappingNode {
			if _, ok := r.text(e, "may_change"); !ok {
				continue
			}
			if p, _, ok := r.pattern(e, kinds); ok {
				all = append(all, MayChange{Pattern: p, said: choice{what: e}})
			}
			continue
		}
		what := fmt.Sprintf("may_change[%d]", i)
		if o, ok := r.object(e, what); ok {
			if m, ok := r.allowed(o, what, kinds); ok {
				all = append(all, m)
			}
		}
	}
	return all
}

func (r reader) allowed(o object, what string, kinds []probes.Kind) (m MayChange, ok bool) {
	r.known(o, what, "change", "hosts", "to", "reason")
	change, found := o.get("change")
	if !found {
		r.hintf(o.node, "write what may change: change: service/Spooler.path", "%s: it names no change", what)
		return m, false
	}
	m.said.what = change.value
	var specs []probes.ReadingSpec
	if m.Pattern, specs, ok = r.pattern(change.value, kinds); !ok {
		return m, false
	}
	if e, found := o.get("hosts"); found {
		m.said.hosts = r.texts(e.value, what+".hosts")
		ok = len(m.said.hosts) > 0
		m.Hosts = values(m.said.hosts)
	}
	if e, found := o.get("reason"); found {
		m.Reason, _ = r.sentence(e.value, what+".reason")
	}
	if e, found := o.get("to"); found {
		ok = r.to(&m, e.value, specs) && ok
	}
	return m, ok
}

// to reads what a reading may change to.
func (r reader) to(m *MayChange, n *yaml.Node, specs []probes.ReadingSpec) bool {
	what := "to: " + m.Pattern.String()
	word := strings.TrimSpace(n.Value)
	switch {
	case n.Kind == yaml.ScalarNode && word == toGone:
		m.To, m.holds = word, func(after fact.Value) bool { return after == nil }
		return true
	case n.Kind == yaml.ScalarNode && IsDigest(word):
		m.To, m.holds = word, func(after fact.Value) bool { return Digest(after) == word }
		return true
	case m.Pattern.Reading == "*":
		r.hintf(n, "name one reading, or write to: gone", "%s: want one reading, of which it is said", what)
		return false
	}
	predicate, ok := r.predicate(n, specs[0], what)
	m.To, m.holds = predicate.String(), predicate.Holds
	return ok
}

// IsDigest says whether a text is what Digest makes.
func IsDigest(word string) bool {
	sum, found := strings.CutPrefix(word, toDigest)
	raw, err := hex.DecodeString(sum)
	return found && err == nil && len(raw) == sha256.Size && sum == strings.ToLower(sum)
}

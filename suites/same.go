package suites

import (
	"encoding/binary"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"postpatch/probes"
)

// effort is what a suite's reading and building are spared.
type effort struct {
	dry   bool            // nobody wants what is built
	every []*hostEntry    // the suite's hosts
	owned map[string]bool // variables that some of them have for themselves
	// By the kind's name, for all suites:
	languages languages
	expects   map[string][]Expectation // what it expects itself
	compares  map[string]Comparisons   // as it says itself
}

func newEffort() effort {
	return effort{languages: languages{}, expects: map[string][]Expectation{}, compares: map[string]Comparisons{}}
}

// compareAs are the comparisons of a check with its own overrides. Most checks have none,
// in a suite that has none.
func (s *suiteEntries) compareAs(c *checkEntry, own []written) Comparisons {
	said := s.compare
	if !c.locked { // those who use it have the last word
		said = slices.Concat(s.compare, s.above)
	}
	if len(own) > 0 || len(said) > 0 || c.items != c.kind.Items {
		return Compare(*c.kind, c.items, overridesOf(said), overridesOf(own))
	}
	known, found := s.compares[c.kind.Name]
	if !found {
		known = Compare(*c.kind, c.items, nil, nil)
		s.compares[c.kind.Name] = known
	}
	return known
}

// isSame says whether a check asks the same of every host of its suite, so that it is
// built once: it names neither the host nor a variable that a host has for itself.
func (s *suiteEntries) isSame(c *checkEntry) bool {
	own := s.ownVariables()
	for _, a := range c.args {
		for _, t := range a.values {
			for _, p := range t.parts {
				if p.variable && (strings.HasPrefix(p.text, "host.") || own[p.text]) {
					return false
				}
			}
		}
	}
	for _, a := range c.asserts {
		for _, v := range a.Expr.Vars() {
			if own[v.Name] {
				return false
			}
		}
	}
	return true
}

// ownVariables are those that some host has for itself.
func (s *suiteEntries) ownVariables() map[string]bool {
	if s.owned == nil {
		s.owned = map[string]bool{}
		for _, h := range s.hosts {
			for name := range h.own {
				s.owned[name] = true
			}
			if h.listed != nil {
				for name := range h.listed.unread {
					s.owned[name] = true
				}
			}
		}
	}
	return s.owned
}

// keyOn tells apart what a check asks on one host and on another: the texts of its
// arguments, and the variables that its assertions look at.
func (c *checkEntry) keyOn(h *hostEntry, texts [][]string) string {
	var key []byte
	for _, values := range texts {
		key = binary.AppendUvarint(key, uint64(len(values)))
		for _, text := range values {
			key = appendText(key, text)
		}
	}
	for _, a := range c.asserts {
		for _, v := range a.Expr.Vars() {
			value, set := c.variable(h, v.Name)
			key = appendText(append(key, map[bool]byte{true: 1}[set]), value)
		}
	}
	return string(key)
}

func appendText(key []byte, text string) []byte {
	return append(binary.AppendUvarint(key, uint64(len(text))), text...)
}

// numbersKey is the same for the same numbers, and for no others.
func numbersKey(numbers []int) string {
	key := make([]byte, 0, 2*len(numbers))
	for _, n := range numbers {
		key = binary.AppendUvarint(key, uint64(n))
	}
	return string(key)
}

// keep adds a check as it is built for a host, and returns its number. Where nobody wants
// it, it is only numbered.
func (s *suiteEntries) keep(c *checkEntry, probe probes.Probe, h *hostEntry, texts [][]string) int {
	if s.dry {
		return 0
	}
	check := s.done(c, probe, texts)
	check.Assert = c.assertionsOn(h)
	s.distinct = append(s.distinct, check)
	return len(s.distinct) - 1
}

// makeRoom gives the hosts room for their checks' numbers, one behind the other.
func (s *suiteEntries) makeRoom() {
	checks := len(s.checks)
	if len(s.hosts) > maxChecks/max(1, checks) {
		return
	}
	room := make([]int, len(s.hosts)*checks)
	for i := range s.hosts {
		s.hosts[i].built = room[i*checks : i*checks : (i+1)*checks]
	}
}

// bare is where a node stands, without all that is in it.
func bare(n *yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: n.Kind, Line: n.Line, Column: n.Column}
}

// everyHost are a suite's hosts. Who gets them changes nothing in them but what is built.
func (s *suiteEntries) everyHost() []*hostEntry {
	if len(s.every) != len(s.hosts) {
		s.every = make([]*hostEntry, len(s.hosts))
		for i := range s.hosts {
			s.every[i] = &s.hosts[i]
		}
	}
	return s.every
}

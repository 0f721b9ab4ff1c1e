// Package wildcard compares the names that a suite gives with those of a host, in
// any case: each * stands for any characters, and nothing else has a meaning.
package wildcard

import (
	"slices"
	"strings"

	"postpatch/probes"
	"postpatch/probes/fact"
)

// Patterns are names of a suite, with or without *.
type Patterns []string

// Match reports whether a host's name is what one of the patterns means.
func (p Patterns) Match(name string) bool {
	return slices.ContainsFunc(p, func(pattern string) bool { return Match(pattern, name) })
}

// Check returns what is wrong with the patterns that a suite gave for a field.
func (p Patterns) Check(field string) error {
	for i, pattern := range p {
		same := func(other string) bool { return strings.EqualFold(pattern, other) }
		switch {
		case strings.TrimSpace(pattern) == "":
			return probes.Fieldf(field, "want a name, got an empty one")
		case slices.ContainsFunc(p[:i], same):
			return probes.Fieldf(field, "%q is there twice", pattern)
		}
	}
	return nil
}

// Match reports whether a host's name is what the pattern means.
func Match(pattern, name string) bool {
	parts := strings.Split(fact.Fold(pattern), "*")
	rest, matches := strings.CutPrefix(fact.Fold(name), parts[0])
	if len(parts) == 1 {
		return matches && rest == ""
	}
	last := len(parts) - 1
	for _, part := range parts[1:last] {
		_, after, found := strings.Cut(rest, part)
		matches = matches && found
		rest = after
	}
	return matches && strings.HasSuffix(rest, parts[last])
}

// Exact reports whether a suite means one name by the pattern.
func Exact(pattern string) bool { return !strings.Contains(pattern, "*") }

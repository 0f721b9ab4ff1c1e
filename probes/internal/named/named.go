// Package named helps kinds whose items have names that a host gave: patterns that
// choose some of them, and numbers for those that are there twice.
package named

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Patterns are names in which * stands for any characters, in any case.
type Patterns []string

// Match says whether one of the patterns is the name.
func (p Patterns) Match(name string) bool {
	for _, pattern := range p {
		if Match(pattern, name) {
			return true
		}
	}
	return false
}

// Check returns what is wrong with a pattern that a suite gave, or "".
func (p Patterns) Check() string {
	for i, pattern := range p {
		if strings.TrimSpace(pattern) == "" {
			return "want a name, got an empty one"
		}
		for _, other := range p[:i] {
			if strings.EqualFold(pattern, other) {
				return fmt.Sprintf("%q is there twice", pattern)
			}
		}
	}
	return ""
}

// Match says whether the pattern is the name. A pattern of a name alone, without
// *, is an exact one.
func Match(pattern, name string) bool {
	parts := strings.Split(Fold(pattern), "*")
	rest, begins := strings.CutPrefix(Fold(name), parts[0])
	if len(parts) == 1 || !begins {
		return begins && rest == ""
	}
	last := len(parts) - 1
	for _, part := range parts[1:last] {
		_, after, found := strings.Cut(rest, part)
		if !found {
			return false
		}
		rest = after
	}
	return strings.HasSuffix(rest, parts[last])
}

// Exact says whether a suite means one name by the pattern.
func Exact(pattern string) bool { return !strings.Contains(pattern, "*") }

// Fold gives names that Windows takes for one the same form.
func Fold(name string) string { return strings.ToLower(name) }

// Twins numbers names that are there twice. The zero value has seen none.
type Twins struct{ seen map[string]bool }

// Item returns the name for the first of its sort, and "name (2)" for the second.
func (t *Twins) Item(name string) string {
	if t.seen == nil {
		t.seen = map[string]bool{}
	}
	item := name
	for n := 2; t.seen[Fold(item)]; n++ {
		item = fmt.Sprintf("%s (%d)", name, n)
	}
	t.seen[Fold(item)] = true
	return item
}

// mostLine bounds what of a host's own words stands in a line.
const mostLine = 300

// Line makes one line of a text in the host's own words, such as an error's.
func Line(text string) string { return Short(strings.Join(strings.Fields(text), " "), mostLine) }

// Short cuts a text off after so many bytes, and shows it.
func Short(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most] + "…"
}

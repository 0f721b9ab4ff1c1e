// Package wildcard compares the names that a suite gives with those of a host.
package wildcard

import "strings"

// Match reports whether s is what the pattern means, in any case: each * of the
// pattern stands for any characters, and nothing else has a meaning.
func Match(pattern, s string) bool {
	parts := strings.Split(strings.ToLower(pattern), "*")
	s = strings.ToLower(s)
	if len(parts) == 1 {
		return s == parts[0]
	}
	s, matches := strings.CutPrefix(s, parts[0])
	last := len(parts) - 1
	for _, part := range parts[1:last] {
		_, rest, found := strings.Cut(s, part)
		matches = matches && found
		s = rest
	}
	return matches && strings.HasSuffix(s, parts[last])
}

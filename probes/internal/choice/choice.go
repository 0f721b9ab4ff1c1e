// Package choice checks the words of a suite that have to be some of those that a
// kind knows.
package choice

import (
	"slices"
	"strings"

	"postpatch/probes"
)

// Check returns what is wrong with the words that a suite gave for a field.
func Check(field string, known []string, given ...string) error {
	for _, word := range given {
		if !slices.Contains(known, word) {
			return probes.Fieldf(field, "must be %s, got %q", strings.Join(known, ", "), word)
		}
	}
	return nil
}

// Some is Check of a list that may not be empty.
func Some(field string, known []string, given ...string) error {
	if len(given) == 0 {
		return probes.Fieldf(field, "the list is empty: want %s", strings.Join(known, ", "))
	}
	return Check(field, known, given...)
}

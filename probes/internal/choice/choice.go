// Package choice checks what a suite chooses: words of those that a kind knows, and
// some of the things of a host or all but some.
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

// AllBut returns what is wrong when a suite leaves out, by the field except, some of
// the things that it names one by one in another field: only of all can be left out.
func AllBut(except []string, things, field string, named []string) error {
	if len(named) == 0 || len(except) == 0 {
		return nil
	}
	return probes.Fieldf("except", "goes with all %s only: leave %q out of %s", things, except[0], field)
}

package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"postpatch/runner/report"
)

func shellWords(words []string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = report.ShellWord(word)
	}
	return strings.Join(quoted, " ")
}

// shorten names a few and counts the rest.
func shorten(names []string) string {
	const most = 5
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

func sortedKeys(set map[string]bool) []string { return slices.Sorted(maps.Keys(set)) }

package main

import (
	"regexp"
	"strings"
)

// plainPaths undoes what quoting does to the paths of Windows, "C:\\x" and "\\\\server\\share",
// so that they can be copied out of a message. It takes for one what begins like one and has
// no other escape in it.
func plainPaths(text string) string {
	quoted := regexp.MustCompile(`"(?:[A-Za-z]:|\\{4}[^"\\]+)(?:\\\\[^"\\]*)+"`)
	return quoted.ReplaceAllStringFunc(text, func(path string) string {
		return strings.ReplaceAll(path, `\\`, `\`)
	})
}

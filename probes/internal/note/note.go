// Package note has the notes of kinds that several share, and makes notes of lists.
package note

import (
	"unicode/utf8"
)

// What asks a host says one of these, or in words of its own which part of it needs
// PowerShell.
const (
	PowerShell = "It needs PowerShell on the host."
	WMI        = "WMI alone answers it: it works where PowerShell is blocked."
	FromHost   = "With from: host it needs PowerShell on the host."
	FromBoth   = "With from: both it does, too, and both views stand side by side, with what they mean together."
)

// FirstAlone is what there is to know of the time that logons with one password take.
const FirstAlone = "The first logon of a run goes alone until somebody takes it: slow ones take twice as long as one."

// most is how long a note may become, in characters.
const most = 110

// List tells all of a list in as many sentences as that takes: the first begins with
// lead, each further one with more. A separator stands between two.
func List(lead, more, separator string, items []string) []string {
	var notes []string
	line := lead
	for i, item := range items {
		switch {
		case i == 0:
			line += " " + item
		case utf8.RuneCountInString(line+separator+item) >= most:
			notes = append(notes, line+".")
			line = more + " " + item
		default:
			line += separator + item
		}
	}
	return append(notes, line+".")
}

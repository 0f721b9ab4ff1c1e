package mailtalk

import (
	"postpatch/probes/fact"
	"postpatch/probes/internal/reach"
)

// What of a server's words is shown, in characters.
const (
	mostWords  = 300
	mostReason = 500 // with what is ours around them
)

// Words are a server's own words, fit to be shown: all that a mail server says goes
// through here before anybody sees it.
func Words(text string) string { return reach.Printable(text, mostWords) }

// Reason is why something failed, with a server's words in it.
func Reason(text string) fact.Text { return fact.Text(reach.Printable(text, mostReason)) }

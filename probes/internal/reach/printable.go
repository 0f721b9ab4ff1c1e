package reach

import (
	"strings"
	"unicode"
)

// Printable makes one line of a server's words, of at most so many characters, and of
// nothing that a terminal would obey.
func Printable(words string, most int) string {
	words = strings.TrimSpace(words)
	within := words[:min(len(words), 4*most)] // which may end amid a character
	cut := len(within) < len(words)
	words = strings.ToValidUTF8(within, "\ufffd")
	words = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return '\ufffd'
		default:
			return r
		}
	}, words)
	words = strings.Join(strings.Fields(words), " ")
	runes := []rune(words)
	if len(runes) > most || cut {
		return string(runes[:min(len(runes), most)]) + "…"
	}
	return words
}

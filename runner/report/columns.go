package report

import (
	"unicode"

	"golang.org/x/text/width"
)

// Columns is the room that text takes on a terminal: letters of Chinese, Japanese and
// Korean take two columns each, marks that stand on a letter none.
func Columns(s string) int {
	n := 0
	for _, r := range s {
		n += RuneColumns(r)
	}
	return n
}

// RuneColumns is the room that one character takes.
func RuneColumns(r rune) int {
	if r < 0x300 {
		return 1
	}
	if unicode.In(r, unicode.Mn, unicode.Me) || isInnerJamo(r) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	default:
		return 1
	}
}

// isInnerJamo tells the vowels and finals that are drawn into the Korean syllable before.
func isInnerJamo(r rune) bool { return r >= 0x1160 && r <= 0x11ff || r >= 0xd7b0 && r <= 0xd7ff }

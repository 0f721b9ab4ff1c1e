package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean makes text that comes from a host safe to show: whatever is not printed
// as itself, such as a terminal's escape, a change of the writing direction or a
// space that only looks like one, is spelled out as <ESC> or <U+202E>. What is
// not UTF-8 becomes U+FFFD. Line feeds and tabs stay.
func Clean(s string) string { return clean(s, true) }

// CleanLine is Clean for one line: line feeds and tabs are spelled out too.
func CleanLine(s string) string { return clean(s, false) }

func clean(s string, keepLines bool) string {
	harmless := func(r rune) bool {
		return r != utf8.RuneError && unicode.IsPrint(r) || keepLines && (r == '\n' || r == '\t')
	}
	if strings.IndexFunc(s, func(r rune) bool { return !harmless(r) }) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s { // a byte that is not UTF-8 comes as U+FFFD
		if harmless(r) || r == utf8.RuneError {
			b.WriteRune(r)
		} else {
			b.WriteString(spelled(r))
		}
	}
	return b.String()
}

// spelled gives the few that Windows' texts are full of a short name.
func spelled(r rune) string {
	switch r {
	case '\n':
		return "<LF>"
	case '\r':
		return "<CR>"
	case '\t':
		return "<TAB>"
	case 0x1b:
		return "<ESC>"
	default:
		return fmt.Sprintf("<U+%04X>", r)
	}
}

package report

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean makes text that comes from a host safe to show: whatever is not printed
// as itself, such as a terminal's escape, a change of the writing direction or a
// space that only looks like one, is spelled out as <ESC> or <U+202E>. What is
// not UTF-8 becomes U+FFFD. Line feeds and tabs stay. What the programs that run pipelines
// take for a command of theirs is broken: ##vso[…], ##[…] and ::error …::.
func Clean(s string) string { return tame(clean(s, true)) }

// CleanLine is Clean for one line: line feeds and tabs are spelled out too.
func CleanLine(s string) string { return tame(clean(s, false)) }

// Tame is Clean for a line that was put together of clean texts: where one ends and the
// other begins there may be a command that neither has. Escapes of our own stay.
func Tame(s string) string { return tame(s) }

// tame breaks what steers a pipeline. Azure's agent looks for it anywhere in a line, and
// GitHub's runner at a line's begin, which may be where a long text is broken.
func tame(s string) string {
	if strings.Contains(s, "##") {
		s = regexp.MustCompile(`##(\w*\[)`).ReplaceAllString(s, "#<#>$1")
	}
	if strings.Contains(s, "::") {
		s = tameColons(s)
	}
	return s
}

// tameColons breaks ::error …::, whatever stands between: to GitHub's runner a command ends
// with the next two colons, and its name with a space before them.
func tameColons(s string) string {
	const mark = "::"
	var b strings.Builder
	done := 0
	for at, last := 0, strings.LastIndex(s, mark); at < last; at += len(mark) {
		at += strings.Index(s[at:], mark)
		if at >= last {
			break
		}
		if at > 0 && !isSpace(s[at-1]) {
			continue
		}
		after := strings.TrimLeftFunc(s[at+len(mark):], isOfCommand)
		named := len(s)-len(after) > at+len(mark)
		if named && (strings.HasPrefix(after, mark) || isSpace(after[0])) { // the last mark is in it
			b.WriteString(s[done:at] + "<:>")
			done = at + 1
		}
	}
	return b.String() + s[done:]
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' }

func isOfCommand(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '-' }

func clean(s string, keepLines bool) string {
	if isPlain(s) { // as nearly all are
		return s
	}
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

// isPlain says whether a text has none but ASCII's characters that are printed.
func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
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

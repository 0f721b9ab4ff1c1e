package markup

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// plain returns what a text means that has no bracket in it. It is not ok where
// encoding/xml has to look.
func plain(text string) (meant string, ok bool) {
	usual := strings.IndexByte(text, '&') < 0 && strings.IndexByte(text, ']') < 0
	for i := 0; usual && i < len(text); i++ {
		c := text[i]
		usual = c-' ' < utf8.RuneSelf-' ' || c == '\t' || c == '\n'
	}
	if !usual {
		return translated(text)
	}
	return text, true
}

// translated is plain for a text in which there is something to be seen to.
func translated(text string) (string, bool) {
	if strings.Contains(text, "]]>") || !allowed(text) {
		return "", false
	}
	if strings.IndexByte(text, '\r') >= 0 {
		text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	}
	if strings.IndexByte(text, '&') < 0 {
		return text, true
	}
	var b strings.Builder
	b.Grow(len(text))
	for {
		before, rest, found := strings.Cut(text, "&")
		b.WriteString(before)
		if !found {
			return b.String(), true
		}
		name, after, closed := strings.Cut(rest, ";")
		r, known := character(name)
		if !closed || !known {
			return "", false
		}
		b.WriteRune(r)
		text = after
	}
}

// character is what a name or a number stands for.
func character(name string) (r rune, known bool) {
	switch name {
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "amp":
		return '&', true
	case "apos":
		return '\'', true
	case "quot":
		return '"', true
	}
	digits, numbered := strings.CutPrefix(name, "#")
	base := 10
	if hex, is := strings.CutPrefix(digits, "x"); is {
		digits, base = hex, 16
	}
	n, err := strconv.ParseUint(digits, base, 21)
	if !numbered || err != nil || !isCharacter(rune(n)) { //nolint:gosec // 21 bits
		return 0, false
	}
	return rune(n), true //nolint:gosec // 21 bits
}

// allowed says whether a text has but characters that XML may have.
func allowed(text string) bool {
	for i, r := range text {
		if !isCharacter(r) {
			return false
		}
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(text[i:]); size == 1 {
				return false
			}
		}
	}
	return true
}

// isCharacter is the production Char of XML 1.0, section 2.2.
func isCharacter(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= ' ' && r <= 0xD7FF || r >= 0xE000 && r <= 0xFFFD ||
		r >= 0x10000 && r <= utf8.MaxRune
}

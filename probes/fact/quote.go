package fact

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"
)

// rawByte is where a byte that is no part of valid UTF-8 is stored: \udc80 to
// \udcff. No valid text has these code points, so any text comes back as it was.
const rawByte = 0xDC00

// AppendQuoted appends text as a JSON string on one line. Every text has one
// form; whatever moves a cursor or turns the direction of writing is escaped,
// because the text comes from a host and people look at stored files.
func AppendQuoted(dst []byte, text string) []byte {
	dst = append(dst, '"')
	plain := 0 // most texts are to their end
	for plain < len(text) && text[plain] >= ' ' && text[plain] < 0x7F && text[plain] != '"' && text[plain] != '\\' {
		plain++
	}
	done := 0
	for i := plain; i < len(text); {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			if r, size = utf8.DecodeRuneInString(text[i:]); r == utf8.RuneError && size == 1 {
				r = rawByte + rune(text[i])
			}
		}
		if needsEscape(r) {
			dst = append(dst, text[done:i]...)
			dst = appendEscape(dst, r)
			done = i + size
		}
		i += size
	}
	dst = append(dst, text[done:]...)
	return append(dst, '"')
}

// Unquote reads the text that AppendQuoted wrote at the start of s and returns
// what follows it. It refuses every other form of the same text.
func Unquote(s string) (text, rest string, err error) {
	if s == "" || s[0] != '"' {
		return "", "", errors.New("want a text in quotes")
	}
	end := 1 + strings.IndexByte(s[1:], '"')
	for i := 1; i < end; i++ {
		if b := s[i]; b < ' ' || b >= 0x7F || b == '\\' {
			return unquoteSlowly(s)
		}
	}
	if end == 0 {
		return unquoteSlowly(s)
	}
	return s[1:end], s[end+1:], nil
}

// unquoteSlowly reads a text with escapes, or with anything but ASCII.
func unquoteSlowly(s string) (text, rest string, err error) {
	end := 1
	for end < len(s) && s[end] != '"' {
		if s[end] == '\\' {
			end++
		}
		end++
	}
	if end >= len(s) {
		return "", "", errors.New("a text without an end")
	}
	plain, ok := unescape(s[1:end])
	if !ok {
		return "", "", errors.New("a text in another form than the stored one")
	}
	return plain, s[end+1:], nil
}

// unescape undoes what AppendQuoted did, and nothing else.
func unescape(s string) (plain string, ok bool) {
	var out strings.Builder
	out.Grow(len(s))
	hasRaw := false
	for i := 0; i < len(s); {
		start := i
		for i < len(s) && s[i] >= ' ' && s[i] < 0x7F && s[i] != '\\' {
			i++
		}
		out.WriteString(s[start:i])
		if i == len(s) {
			break
		}
		r, size := readRune(s[i:])
		switch {
		case size == 0:
			return "", false
		case r >= rawByte+utf8.RuneSelf && r <= rawByte+0xFF:
			hasRaw = true
			out.WriteByte(byte(r - rawByte))
		default:
			out.WriteRune(r)
		}
		i += size
	}
	// Raw bytes that together are valid text have another form.
	if hasRaw && string(AppendQuoted(make([]byte, 0, len(s)+2), out.String())) != `"`+s+`"` {
		return "", false
	}
	return out.String(), true
}

// readRune reads a character as it is stored at the start of s; what is stored in
// another form has the size 0.
func readRune(s string) (r rune, size int) {
	if s[0] == '\\' {
		return unescapeRune(s)
	}
	r, size = utf8.DecodeRuneInString(s)
	if r == utf8.RuneError && size == 1 || needsEscape(r) {
		return 0, 0
	}
	return r, size
}

// unescapeRune reads what appendEscape wrote at the start of s; the size of all else
// is 0.
func unescapeRune(s string) (r rune, size int) {
	if len(s) < 2 {
		return 0, 0
	}
	switch s[1] {
	case '"', '\\':
		return rune(s[1]), 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	case 'u':
		if len(s) < 6 {
			return 0, 0
		}
		code, err := strconv.ParseUint(s[2:6], 16, 16)
		var own [6]byte
		if r = rune(code); err != nil || !needsEscape(r) || string(appendEscape(own[:0], r)) != s[:6] {
			return 0, 0
		}
		return r, 6
	default:
		return 0, 0
	}
}

// needsEscape names its characters one by one and asks no Unicode table: a
// table that grows would change the stored form.
func needsEscape(r rune) bool {
	switch {
	case r < ' ', r == '"', r == '\\':
		return true
	case r < 0x7F:
		return false
	default:
		return r <= 0x9F || r >= 0x2028 && r <= 0x202E || r >= 0x2066 && r <= 0x2069 ||
			r >= rawByte+utf8.RuneSelf && r <= rawByte+0xFF
	}
}

func appendEscape(dst []byte, r rune) []byte {
	switch r {
	case '"', '\\':
		return append(dst, '\\', byte(r))
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	}
	const hex = "0123456789abcdef"
	return append(dst, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
}

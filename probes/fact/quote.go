package fact

import (
	"errors"
	"strconv"
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
	done := 0
	for i := 0; i < len(text); {
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
	for i := 1; i < len(s); i++ {
		switch b := s[i]; {
		case b == '"':
			return s[1:i], s[i+1:], nil
		case b == '\\' || needsEscape(rune(b)) || b >= utf8.RuneSelf:
			return unquoteSlowly(s)
		}
	}
	return "", "", errors.New("a text without an end")
}

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
	plain := unescape(s[1:end])
	if string(AppendQuoted(make([]byte, 0, end+1), plain)) != s[:end+1] {
		return "", "", errors.New("a text in another form than the stored one")
	}
	return plain, s[end+1:], nil
}

// unescape undoes appendEscape. What appendEscape never writes comes out wrong
// and is found by quoting it again.
func unescape(s string) string {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 >= len(s) {
			out = append(out, s[i])
			continue
		}
		i++
		switch s[i] {
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			code, err := strconv.ParseUint(s[i+1:min(i+5, len(s))], 16, 16)
			if err != nil {
				return ""
			}
			i += 4
			if code >= rawByte+utf8.RuneSelf && code <= rawByte+0xFF {
				out = append(out, byte(code-rawByte))
			} else {
				out = utf8.AppendRune(out, rune(code))
			}
		default:
			out = append(out, s[i])
		}
	}
	return string(out)
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

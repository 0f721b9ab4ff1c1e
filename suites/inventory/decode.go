package inventory

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Decode makes UTF-8 of a list's bytes: of UTF-8 with and without a byte order
// mark, and of UTF-16 with one, as Excel and Notepad write it. It finds what no
// list of hosts has: other encodings, NUL bytes and control characters.
func Decode(data []byte) (text string, wrong *Problem) {
	switch {
	case bytes.HasPrefix(data, []byte("\xFF\xFE\x00\x00")) || bytes.HasPrefix(data, []byte("\x00\x00\xFE\xFF")):
		return "", &Problem{Msg: "the file is UTF-32", Hint: "save it as UTF-8"}
	case bytes.HasPrefix(data, []byte("\xFF\xFE")):
		text, wrong = wide(data[2:], func(b []byte) uint16 { return uint16(b[0]) | uint16(b[1])<<8 })
	case bytes.HasPrefix(data, []byte("\xFE\xFF")):
		text, wrong = wide(data[2:], func(b []byte) uint16 { return uint16(b[1]) | uint16(b[0])<<8 })
	default:
		text = string(bytes.TrimPrefix(data, []byte("\xEF\xBB\xBF")))
	}
	if wrong == nil {
		wrong = characters(text)
	}
	if wrong != nil {
		return "", wrong
	}
	return text, nil
}

// wide reads UTF-16.
func wide(data []byte, unit func([]byte) uint16) (string, *Problem) {
	if len(data)%2 != 0 {
		return "", &Problem{Msg: "the file is UTF-16 and ends in the middle of a character", Hint: "save it again, as UTF-8"}
	}
	units := make([]uint16, len(data)/2)
	for i := range units {
		units[i] = unit(data[2*i:])
	}
	runes := utf16.Decode(units)
	at := place{1, 1}
	for _, c := range runes {
		if c == utf8.RuneError {
			return "", &Problem{at.line, at.column, "half a character of UTF-16", "save the file again, as UTF-8"}
		}
		at.next(c)
	}
	return string(runes), nil
}

// next goes one character on.
func (p *place) next(c rune) {
	p.column++
	if c == '\n' {
		p.line, p.column = p.line+1, 1
	}
}

// characters finds the first character that no list has.
func characters(text string) *Problem {
	at := place{1, 1}
	for i := 0; i < len(text); {
		c, size := rune(text[i]), 1
		if c >= utf8.RuneSelf {
			c, size = utf8.DecodeRuneInString(text[i:])
		}
		if msg, hint := strange(c, size, text[i:]); msg != "" {
			return &Problem{at.line, at.column, msg, hint}
		}
		i += size
		at.next(c)
	}
	return nil
}

func strange(c rune, size int, rest string) (msg, hint string) {
	switch {
	case c == utf8.RuneError && size == 1:
		return "a byte that is not UTF-8", `save the file as UTF-8; in Excel as "CSV UTF-8"`
	case c == 0:
		return "a NUL byte", "save the file as plain text, in UTF-8"
	case c == '\r' && !strings.HasPrefix(rest, "\r\n"), c == 0x85, c == 0x2028, c == 0x2029:
		return "a line end that editors count in different ways", "end the line with a plain new line"
	case c < ' ' && c != '\t' && c != '\n' && c != '\r', c >= 0x7F && c < 0xA0, c == 0xFFFE, c == 0xFFFF:
		return fmt.Sprintf("a control character (U+%04X)", c), "delete it"
	default:
		return "", ""
	}
}

// lines cuts a text into lines, without their ends.
func lines(text string) []string {
	all := strings.Split(text, "\n")
	for i, line := range all {
		all[i] = strings.TrimSuffix(line, "\r")
	}
	return all
}

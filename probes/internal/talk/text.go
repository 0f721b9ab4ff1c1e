package talk

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

const mostShown = 300 // characters of what came

// Unescape reads \r, \n, \t, \\ and \x00 in what a suite writes.
func Unescape(text string) (string, error) {
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			out.WriteByte(text[i])
			continue
		}
		i++
		if i == len(text) {
			return "", fmt.Errorf(`%q ends with a backslash: write \\ for one`, text)
		}
		switch text[i] {
		case 'r':
			out.WriteByte('\r')
		case 'n':
			out.WriteByte('\n')
		case 't':
			out.WriteByte('\t')
		case '0':
			out.WriteByte(0)
		case '\\':
			out.WriteByte('\\')
		case 'x':
			if i+2 >= len(text) {
				return "", fmt.Errorf(`%q: want two digits after \x`, text)
			}
			b, err := strconv.ParseUint(text[i+1:i+3], 16, 8)
			if err != nil {
				return "", fmt.Errorf(`%q: want two digits after \x`, text)
			}
			out.WriteByte(byte(b))
			i += 2
		default:
			return "", fmt.Errorf(`%q: \%c means nothing: write \\ for a backslash`, text, text[i])
		}
	}
	return out.String(), nil
}

// Pattern reads a regular expression that is held against Bytes.
func Pattern(text string) (*regexp.Regexp, error) {
	const most = 1000
	if len(text) > most {
		return nil, fmt.Errorf("a regular expression has at most %d bytes", most)
	}
	return regexp.Compile(Bytes([]byte(text)))
}

// Bytes is one character for each byte, so that a pattern sees bytes.
func Bytes(data []byte) string {
	var out strings.Builder
	for _, b := range data {
		out.WriteRune(rune(b))
	}
	return out.String()
}

// Show is what came, fit to be shown: what is no text as \x00, and its end cut.
func Show(data []byte) string {
	var out strings.Builder
	shown := 0
	for len(data) > 0 {
		if shown++; shown > mostShown {
			return out.String() + "…"
		}
		r, size := utf8.DecodeRune(data)
		switch {
		case r == utf8.RuneError && size <= 1:
			fmt.Fprintf(&out, `\x%02x`, data[0])
			size = 1
		case r == '\r', r == '\n', r == '\t', r == '\\', !strconv.IsPrint(r):
			quoted := strconv.Quote(string(r))
			out.WriteString(quoted[1 : len(quoted)-1])
		default:
			out.WriteRune(r)
		}
		data = data[size:]
	}
	return out.String()
}

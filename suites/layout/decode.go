package layout

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// decode is a file's text as UTF-8 without a byte order mark, with plain line ends.
func decode(data []byte) (string, error) {
	for mark, order := range map[string]binary.ByteOrder{"\xFF\xFE": binary.LittleEndian, "\xFE\xFF": binary.BigEndian} {
		if rest, found := bytes.CutPrefix(data, []byte(mark)); found {
			if len(rest)%2 == 1 {
				return "", errors.New("it is UTF-16, cut in the middle of a character")
			}
			units := make([]uint16, len(rest)/2)
			for i := range units {
				units[i] = order.Uint16(rest[2*i:])
			}
			data = []byte(string(utf16.Decode(units)))
		}
	}
	text := strings.ReplaceAll(strings.TrimPrefix(string(data), "\uFEFF"), "\r\n", "\n")
	if !utf8.ValidString(text) {
		return "", errors.New("it is not UTF-8")
	}
	if i := strings.IndexFunc(text, isStrange); i >= 0 {
		strange, _ := utf8.DecodeRuneInString(text[i:])
		return "", atLine(1+strings.Count(text[:i], "\n"), "a character that has no place in a text: %+q", strange)
	}
	return text, nil
}

// isStrange says of a character that it ends a line for some readers and for others not,
// or that no text holds it.
func isStrange(r rune) bool {
	return r < ' ' && r != '\t' && r != '\n' || r >= 0x7F && r < 0xA0 || r == '\u2028' || r == '\u2029' ||
		r == '\uFEFF' || r == '\uFFFD' || r == 0xFFFE || r == 0xFFFF
}

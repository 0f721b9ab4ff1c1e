package suites

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

const (
	saveHint = "save the file as UTF-8: in Notepad by the Encoding of Save as; in PowerShell by Set-Content -Encoding utf8"
	utf8Mark = "\uFEFF"
)

// Decoded is a file's text in UTF-8, without a mark at its begin. UTF-16 with its mark,
// as Notepad's "Unicode" and Windows PowerShell's > write it, is read; what is no
// character in it becomes a byte that no UTF-8 has, so that its place is found.
func Decoded(data []byte) []byte {
	switch {
	case isUTF32(data):
		return data
	case bytes.HasPrefix(data, []byte("\xFF\xFE")):
		return fromUTF16(data[2:], binary.LittleEndian)
	case bytes.HasPrefix(data, []byte("\xFE\xFF")):
		return fromUTF16(data[2:], binary.BigEndian)
	default:
		return bytes.TrimPrefix(data, []byte(utf8Mark))
	}
}

func fromUTF16(data []byte, order binary.ByteOrder) []byte {
	const wrong = 0xFF
	text := make([]byte, 0, len(data)/2+len(data)/16)
	for ; len(data) >= 2; data = data[2:] {
		char := rune(order.Uint16(data))
		if utf16.IsSurrogate(char) {
			char = utf8.RuneError
			if len(data) >= 4 {
				char = utf16.DecodeRune(rune(order.Uint16(data)), rune(order.Uint16(data[2:])))
			}
			if char == utf8.RuneError {
				text = append(text, wrong)
				continue
			}
			data = data[2:]
		}
		text = utf8.AppendRune(text, char)
	}
	if len(data) > 0 {
		text = append(text, wrong)
	}
	return text
}

func isUTF16(data []byte) bool {
	return bytes.HasPrefix(data, []byte("\xFF\xFE")) || bytes.HasPrefix(data, []byte("\xFE\xFF"))
}

func isUTF32(data []byte) bool {
	return bytes.HasPrefix(data, []byte("\xFF\xFE\x00\x00")) || bytes.HasPrefix(data, []byte("\x00\x00\xFE\xFF"))
}

// looksWide says whether a file begins with letters of two bytes each, and no mark.
func looksWide(data []byte) bool {
	if len(data) < 4 || isUTF16(data) {
		return false
	}
	little := data[0] != 0 && data[1] == 0 && data[2] != 0 && data[3] == 0
	big := data[0] == 0 && data[1] != 0 && data[2] == 0 && data[3] != 0
	return little || big
}

// characters refuses what no text file holds, and says where: data is the file, text
// what was decoded of it.
func (r reader) characters(data, text []byte) bool {
	switch {
	case isUTF32(data):
		r.at(0, 0, saveHint, "the file is UTF-32")
		return false
	case looksWide(data):
		r.at(0, 0, saveHint, "the file is UTF-16 without the mark at its begin that says so")
		return false
	}
	line, column, indent := 1, 1, true
	for i := 0; i < len(text); {
		c, size := rune(text[i]), 1
		if c >= utf8.RuneSelf {
			c, size = utf8.DecodeRune(text[i:])
		}
		if said, hint := r.amiss(c, text[i:], indent); said != "" {
			if c == utf8.RuneError && size == 1 && isUTF16(data) {
				said, hint = "the file's UTF-16 is damaged here", "write the file anew, and save it as UTF-8"
			}
			r.at(line, column, hint, said)
			return false
		}
		i += size
		column++
		indent = indent && c == ' '
		if c == '\n' {
			line, column, indent = line+1, 1, true
		}
	}
	return true
}

// amiss says what is wrong with a character at the begin of rest, and the way out;
// indent is whether only spaces are before it on its line.
func (r reader) amiss(c rune, rest []byte, indent bool) (said, hint string) {
	switch {
	case c >= ' ' && c < 0x7F, c == '\n', c == '\t':
		return "", ""
	case c == utf8.RuneError && !bytes.HasPrefix(rest, []byte("\uFFFD")):
		return r.notUTF8(rest[0]), saveHint
	case c == 0:
		return "a NUL byte", "save the file as plain UTF-8 text"
	case c == '\r' && bytes.HasPrefix(rest, []byte("\r\n")):
		return "", ""
	case c == '\r', c == '\u2028', c == '\u2029', c == '\u0085':
		return "a line end that editors count in different ways", "end the line with a plain new line"
	case c == utf8.RuneError:
		return "a character that was lost when the file was converted (U+FFFD)", "type it anew"
	case isControl(c):
		return fmt.Sprintf("a control character (U+%04X)", c), "delete it"
	case isInvisible(c):
		return fmt.Sprintf("a character that nobody sees (U+%04X)", c),
			fmt.Sprintf(`delete it; where it is meant, write "\u%04X" in double quotes`, c)
	case indent && isWideSpace(c):
		return fmt.Sprintf("a space of another sort (U+%04X) in the indentation", c),
			"indent with plain spaces; it often comes along with what is copied from a web page"
	default:
		return "", ""
	}
}

// notUTF8 says what a byte would be in Windows' old encoding, unless it may be a
// secret's.
func (r reader) notUTF8(b byte) string {
	said := "a byte that is not UTF-8"
	if c := charmap.Windows1252.DecodeByte(b); !r.secret && c >= 0xA0 && c != utf8.RuneError {
		said += fmt.Sprintf(" (%q in Windows-1252)", c)
	}
	return said
}

// isControl reports characters that have no place in a suite's texts.
func isControl(c rune) bool {
	return c < ' ' && c != '\t' && c != '\n' || c >= 0x7F && c < 0xA0 || c == 0xFFFE || c == 0xFFFF
}

// isInvisible reports characters that make a text another one than what its reader
// sees, or turn its direction.
func isInvisible(c rune) bool {
	switch c {
	case 0xAD, 0x200B, 0x2060, 0xFEFF:
		return true
	default:
		return c >= 0x202A && c <= 0x202E || c >= 0x2066 && c <= 0x2069
	}
}

// isWideSpace reports spaces that are none to YAML.
func isWideSpace(c rune) bool {
	return c == 0xA0 || c == 0x1680 || c >= 0x2000 && c <= 0x200A || c == 0x202F || c == 0x205F || c == 0x3000
}

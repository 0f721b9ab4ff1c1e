package suites

import (
	"bytes"
	"strconv"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// within is the place of a character of a scalar, which may be quoted or run over
// several lines. Lines are folded and indented in many ways, but never is a character
// that is no space added, lost or moved; so those are counted.
func (r reader) within(n *yaml.Node, offset int) (line, column int) {
	c := cursor{rest: r.textFrom(n.Line, n.Column), line: n.Line, column: n.Column}
	if n.Anchor != "" {
		for c.take(); len(c.rest) > 0 && !isSpace(c.take()); {
		}
		for len(c.rest) > 0 && isSpace(rune(c.rest[0])) {
			c.take()
		}
	}
	c.open(n.Style)
	wanted, last := 0, true // the characters before it; whether none follows
	count := 0
	for _, char := range n.Value {
		if count == offset {
			last = false
		}
		if !isSpace(char) {
			if count < offset {
				wanted++
			} else {
				last = false
				break
			}
		}
		count++
	}
	at := c
	for seen := 0; len(c.rest) > 0; {
		before := c
		char, ok := c.next(n.Style)
		if !ok {
			break
		}
		if isSpace(char) {
			continue
		}
		if at = before; seen == wanted {
			return at.line, at.column
		}
		seen++
		if last && seen == wanted {
			return c.line, c.column // right behind the last one
		}
	}
	return at.line, at.column
}

// textFrom is a file's text from a place on; nothing where the file is not known.
func (r reader) textFrom(line, column int) []byte {
	rest := r.source
	for ; line > 1; line-- {
		end := bytes.IndexByte(rest, '\n')
		if end < 0 {
			return nil
		}
		rest = rest[end+1:]
	}
	for ; column > 1 && len(rest) > 0; column-- {
		_, size := utf8.DecodeRune(rest)
		rest = rest[size:]
	}
	return rest
}

// cursor walks the text of a scalar as it stands in the file.
type cursor struct {
	rest         []byte
	line, column int
}

func (c *cursor) take() rune {
	char, size := utf8.DecodeRune(c.rest)
	c.rest = c.rest[size:]
	c.column++
	if char == '\n' {
		c.line, c.column = c.line+1, 1
	}
	return char
}

// open goes to the first character of the text: behind a quote, or below the line
// that begins a block.
func (c *cursor) open(style yaml.Style) {
	switch {
	case len(c.rest) == 0:
	case style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
		c.take()
	case style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		for len(c.rest) > 0 && c.take() != '\n' {
		}
	}
}

// next takes one character of the text; ok is false at the closing quote.
func (c *cursor) next(style yaml.Style) (char rune, ok bool) {
	char = c.take()
	switch {
	case style&yaml.SingleQuotedStyle != 0 && char == '\'':
		if len(c.rest) == 0 || c.rest[0] != '\'' {
			return char, false
		}
		c.take()
	case style&yaml.DoubleQuotedStyle != 0 && char == '"':
		return char, false
	case style&yaml.DoubleQuotedStyle != 0 && char == '\\' && len(c.rest) > 0:
		return c.escaped(), true
	}
	return char, true
}

// escaped takes what follows a backslash in double quotes.
func (c *cursor) escaped() rune {
	char := c.take()
	switch char {
	case 't', 'n', 'r', 'N', 'L', 'P', '_', 'v', 'f', '\n':
		return ' '
	case 'x', 'u', 'U':
		digits := min(map[rune]int{'x': 2, 'u': 4, 'U': 8}[char], len(c.rest))
		code, err := strconv.ParseUint(string(c.rest[:digits]), 16, 32)
		for range digits {
			c.take()
		}
		if err == nil {
			return rune(code)
		}
	}
	return char
}

func isSpace(char rune) bool {
	switch char {
	case ' ', '\t', '\n', '\r', '\v', '\f', '\u0085', '\u00a0', '\u2028', '\u2029':
		return true
	default:
		return false
	}
}

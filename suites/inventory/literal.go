package inventory

import (
	"regexp"
	"strings"
)

// literal is the value of a text in an inventory in INI, which Ansible reads as a
// literal of Python where it is one: quotes go, numbers and True stay as they are
// written, and what is no text is not read.
func (v *Inventory) literal(name, text string, at place) value {
	if found := v.plain(name, text, at); found.unread != "" || found.text == "" {
		return found
	}
	text = strings.TrimLeft(text, " \t")
	if text == "" {
		return value{}
	}
	switch text[0] {
	case '[', '(':
		return value{unread: isList}
	case '{':
		return value{unread: isMapping}
	case '"', '\'':
		return quotedLiteral(text)
	}
	if bare, _, comment := strings.Cut(text, "#"); comment { // of a literal alone is it a comment
		if bare = strings.TrimSpace(bare); isBareLiteral(bare) {
			text = bare
		}
	}
	switch {
	case text == "None":
		return value{unread: isNothing}
	case strings.ContainsRune("bBrRuU", rune(text[0])) && regexp.MustCompile(`^[bBrRuU]{1,2}["']`).MatchString(text):
		return value{unread: isLiteral}
	}
	return value{text: text}
}

// isBareLiteral reports a number, True, False or None.
func isBareLiteral(s string) bool {
	return s == "True" || s == "False" || s == "None" ||
		regexp.MustCompile(`^[+-]?(0|[1-9][0-9]*|[0-9]*\.[0-9]+|[0-9]+\.)$`).MatchString(s)
}

// quotedLiteral reads a text in quotes, behind which a comment may stand. What
// Python would not take for one stays as it is.
func quotedLiteral(text string) value {
	quote := text[0]
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == quote:
			rest := strings.TrimSpace(text[i+1:])
			switch {
			case rest == "" || rest[0] == '#':
				return value{text: b.String()}
			case strings.IndexByte(`"',`, rest[0]) >= 0: // texts one behind the other, or a tuple
				return value{unread: isLiteral}
			default:
				return value{text: text}
			}
		case c == '\\' && i+1 < len(text):
			i++
			switch next := text[i]; {
			case next == '\\' || next == '\'' || next == '"':
				b.WriteByte(next)
			case strings.IndexByte("abfnrtvxNuU01234567", next) >= 0:
				return value{unread: isLiteral}
			default:
				b.WriteByte('\\')
				b.WriteByte(next)
			}
		default:
			b.WriteByte(c)
		}
	}
	return value{text: text}
}

package local

import (
	"strings"

	"postpatch/probes/host"
)

// names are those that a WQL condition allows, in lower case; nil allows all.
type names map[string]bool

func (n names) allow(name string) bool { return n == nil || n[strings.ToLower(name)] }

// namesIn reads a condition that names services, as the kinds of checks ask:
// Name='a' OR Name='b', or none at all. Any other one is for WMI to read.
func namesIn(where string) (allowed names, ok bool) {
	rest := strings.TrimSpace(where)
	if rest == "" {
		return nil, true
	}
	allowed = names{}
	for {
		if rest, ok = after(rest, "Name"); !ok {
			return nil, false
		}
		if rest, ok = after(rest, "="); !ok {
			return nil, false
		}
		var name string
		if name, rest, ok = quoted(rest); !ok {
			return nil, false
		}
		allowed[strings.ToLower(name)] = true
		if rest == "" {
			return allowed, true
		}
		if rest, ok = after(rest, "OR "); !ok {
			return nil, false
		}
	}
}

// after takes a word off the front of a condition, whatever its case, and the blanks
// behind it.
func after(text, word string) (rest string, ok bool) {
	if len(text) < len(word) || !strings.EqualFold(text[:len(word)], word) {
		return "", false
	}
	return strings.TrimLeft(text[len(word):], " "), true
}

// quoted takes a text in single quotes off the front, in which a backslash takes what
// follows as it is.
func quoted(text string) (value, rest string, ok bool) {
	if text == "" || text[0] != '\'' {
		return "", "", false
	}
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			if i++; i == len(text) {
				return "", "", false
			}
			b.WriteByte(text[i])
		case '\'':
			return b.String(), strings.TrimLeft(text[i+1:], " "), true
		default:
			b.WriteByte(text[i])
		}
	}
	return "", "", false
}

// columnsOf are the columns that a query asks for, as it spells them, by what is
// answered under each.
func columnsOf(q host.WQL, known func(lower string) bool) bool {
	for _, column := range q.Columns {
		if !known(strings.ToLower(column)) {
			return false
		}
	}
	return len(q.Columns) > 0
}

package suites

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// escapes refuses a text in double quotes of which a backslash has made something that
// nobody means: "CORP\new" has two lines. A text of several words may have them.
func (b *bounds) escapes(n *yaml.Node) {
	const lines = "\t\n"
	odd := strings.ContainsFunc(n.Value, func(c rune) bool {
		return isControl(c) || c == 0xA0 || c == 0x2028 || c == 0x2029 // \_ \L \P
	})
	if !odd && (!strings.ContainsAny(n.Value, lines) || !looksLikePath(n.Value)) {
		return
	}
	line, column := n.Line, n.Column
	switch at, found := b.escape(n, odd); {
	case found:
		line, column = at.line, at.column
	case !strings.ContainsFunc(n.Value, isControl):
		return // the lines are lines of the file, too, and spaces are as they stand there
	}
	said, hint := `a backslash in double quotes begins an escape: \t is a tab, \n a new line`, windowsHint
	if b.secret {
		said, hint = "this YAML is not supported here", "a backslash in double quotes begins an escape"
	}
	b.at(line, column, hint, said)
	b.ok = false
}

// escape finds where a text has its first escape of a line or a tab, or of an odd
// character.
func (b *bounds) escape(n *yaml.Node, odd bool) (at cursor, ok bool) {
	c := cursor{rest: b.textFrom(n.Line, n.Column), line: n.Line, column: n.Column}
	for len(c.rest) > 0 && c.rest[0] != '"' { // an anchor stands before the text
		c.take()
	}
	if len(c.rest) > 0 {
		c.take()
	}
	for len(c.rest) > 1 && c.rest[0] != '"' {
		at = c
		if c.take() != '\\' {
			continue
		}
		switch next := c.take(); {
		case !odd && strings.ContainsRune("nt", next), odd && strings.ContainsRune("abvfre0NLP_xuU", next):
			return at, true
		}
	}
	return at, false
}

// looksLikePath says whether a text is one of Windows' names or paths more likely than a
// sentence: it has one word, or begins as paths do.
func looksLikePath(s string) bool {
	for {
		before, after, found := strings.Cut(s, "{{")
		_, behind, closed := strings.Cut(after, "}}")
		if !found || !closed {
			break
		}
		s = before + behind
	}
	upper := strings.ToUpper(s)
	begins := func(begin string) bool { return strings.HasPrefix(upper, begin) }
	return !strings.Contains(s, " ") || len(s) > 1 && s[1] == ':' ||
		slices.ContainsFunc([]string{`\`, "%", "HKLM", "HKCU", "HKEY_"}, begins)
}

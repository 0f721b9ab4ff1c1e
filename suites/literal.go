package suites

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/suites/expect"
)

// To is how a plan says that a reading may change to v and to nothing else: one
// text, or for a set with elements the list of them. A v of nil went away.
func To(v fact.Value, spec probes.ReadingSpec) (text string, list []string) {
	if v == nil {
		return toGone, nil
	}
	text, list = expect.Literal(v)
	for _, s := range append(list, text) {
		if !Writable(s) || strings.Contains(s, "{{") {
			return Digest(v), nil
		}
	}
	if text == toGone || IsDigest(text) {
		text = "= " + text
	}
	var p expect.Predicate
	var err error
	if list != nil {
		p, err = expect.ParseListUnit(list, spec.Type, unitOf(spec))
	} else {
		p, err = expect.ParseUnit(text, spec.Type, unitOf(spec))
	}
	if err != nil || !p.Holds(v) {
		return Digest(v), nil
	}
	return text, list
}

// Writable says whether a text can stand in a file that people read and this
// package takes: it is not too long, and shows all its characters.
func Writable(s string) bool {
	hidden := func(c rune) bool { return !unicode.IsPrint(c) || c == unicode.ReplacementChar }
	return len(s) <= maxText && strings.IndexFunc(s, hidden) < 0
}

// ItemPattern is a pattern of one item and no other, but that what cannot be written
// is a ? there. It is not ok where the item is too long to be named.
func ItemPattern(kind probes.Kind, item, reading string) (pattern string, ok bool) {
	p := Pattern{Kind: kind.Name, Item: item, Reading: reading}
	written := Writable(item) && strings.TrimSpace(item) == item
	switch {
	case written && (strings.ContainsAny(item, "*?") || strings.HasPrefix(item, exactly)):
		p.Item = exactly + item
	case !written:
		p.Item = wildcards(kind, item)
	}
	text := p.String()
	return text, len(text) <= maxText
}

// wildcards writes what can be written of an item. Of a name that is not valid UTF-8 no
// naming makes anything, but it does of a pattern: there, a letter that has a case is
// none.
func wildcards(kind probes.Kind, item string) string {
	isText := utf8.ValidString(item)
	last := len(item) - 1
	var b strings.Builder
	for i, c := range item {
		char := string(c)
		edge := i == 0 || i+len(char)-1 >= last
		switch {
		case c == '*', i == 0 && char == exactly, edge && unicode.IsSpace(c), !Writable(char),
			!isText && kind.Items.Key(char) != char:
			b.WriteByte('?')
		default:
			b.WriteString(char)
		}
	}
	return b.String()
}

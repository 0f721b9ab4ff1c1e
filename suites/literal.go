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

func wildcards(kind probes.Kind, item string) string {
	var b strings.Builder
	for i, c := range item {
		space := i == 0 || i+utf8.RuneLen(c) == len(item)
		switch {
		case c == '*', i == 0 && string(c) == exactly, space && unicode.IsSpace(c), !Writable(string(c)):
			// A pattern counts the bytes of what the naming makes of it.
			b.WriteString(strings.Repeat("?", len(kind.Items.Key(string(c)))))
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

package suites

import (
	"strings"
	"unicode"

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
	if text == toGone || isDigest(text) {
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
	return len(s) <= maxText && strings.IndexFunc(s, func(c rune) bool { return !unicode.IsPrint(c) || c == unicode.ReplacementChar }) < 0
}

// ItemPattern is a pattern of one item and no other: what cannot be written, and *,
// is a ? there. It is not ok where the item is too long to be named.
func ItemPattern(kind, item, reading string) (pattern string, ok bool) {
	if item == "" {
		return Pattern{Kind: kind, Reading: reading}.String(), true
	}
	var b strings.Builder
	for _, c := range strings.ToLower(item) { // as glob compares it
		if c == '*' || !Writable(string(c)) {
			b.WriteString(strings.Repeat("?", len(string(c))))
		} else {
			b.WriteRune(c)
		}
	}
	glob := b.String()
	if strings.EqualFold(glob, item) {
		glob = item // as it is spelt
	}
	text := Pattern{Kind: kind, Item: glob, Reading: reading}.String()
	return text, len(text) <= maxText
}

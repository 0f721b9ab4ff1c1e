package suites

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// surprises tells of plain texts that YAML takes for something else than who wrote them
// sees. A text in quotes has none.
func (r reader) surprises(n *yaml.Node) {
	if n.Style&^yaml.FlowStyle != 0 {
		return
	}
	if n.Anchor != "" && n.Value == "" {
		r.hintf(n, "put a text that begins with & in quotes",
			"a text that begins with & names an anchor, and here nothing follows")
		return
	}
	if r.comments(n) {
		return
	}
	first, size := utf8.DecodeRuneInString(n.Value)
	last, _ := utf8.DecodeLastRuneInString(n.Value)
	switch {
	case first < utf8.RuneSelf && last < utf8.RuneSelf && !strings.Contains(n.Value, ":\u00A0"):
		if first == '-' && len(n.Value) > size {
			second, _ := utf8.DecodeRuneInString(n.Value[size:])
			r.wideSpace(n, second)
		}
	case strings.ContainsRune("“”„‟‘’‚‛«»‹›", first):
		r.hintf(n, `write " or ' instead; a text that has them at its begin goes into '…'`,
			"quotes of a word processor are a part of the text, and no quotes")
	case isWideSpace(first):
		r.wideSpace(n, first)
	case isWideSpace(last):
		r.wideSpace(n, last)
	case strings.Contains(n.Value, ":\u00A0"):
		r.wideSpace(n, '\u00A0')
	}
}

// wideSpace tells of a space beside a text that is none to YAML, but a part of the text.
func (r reader) wideSpace(n *yaml.Node, c rune) {
	if isWideSpace(c) {
		r.hintf(n, "type a plain space; what is copied from a web page or a mail often has such",
			"a space of another sort (U+%04X) at a text's edge is part of the text", c)
	}
}

// comments tells of "mail #4711": the number is a comment, and not of the text.
func (r reader) comments(n *yaml.Node) bool {
	rest, found := strings.CutPrefix(n.LineComment, "#")
	if !found || rest == "" || rest[0] < '0' || rest[0] > '9' || n.Value == "" {
		return false
	}
	number, _, _ := strings.Cut(n.LineComment, " ")
	what := fmt.Sprintf("%q", shorten(number, 20))
	if r.secret {
		what = "#"
	}
	r.hintf(n, `put the text in quotes; a comment begins with "# "`,
		"%s behind the text begins a comment, and is not of the text", what)
	return true
}

// nothingHint is the way out where a text is wanted and YAML has nothing.
func nothingHint(n *yaml.Node) string {
	if isNull(n) && n.Value != "" {
		return fmt.Sprintf("write '%s' in quotes where the text is meant", n.Value)
	}
	return ""
}

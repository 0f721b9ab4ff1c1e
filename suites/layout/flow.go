package layout

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// flow is a flow mapping or list of one line with its spaces and keys in order; as it
// stands where it is written in an unusual way.
func (p *printer) flow(n *yaml.Node, o *order) string {
	l := p.leaf[n]
	written := p.between(l.start, l.end)[0]
	if text, ok := p.inFlow(n, o); ok && maps.Equal(characters(text), characters(written)) {
		return text
	}
	return written // a comma too many, a pair without braces
}

func (p *printer) inFlow(n *yaml.Node, o *order) (string, bool) {
	l, err := p.measure(n)
	if err != nil || n.Anchor != "" || isNothing(n) {
		return "", false
	}
	switch first := p.at(l.start); {
	case n.Kind == yaml.ScalarNode:
		return scalarText(n, p.between(l.start, l.end)[0], o), true
	case n.Kind == yaml.AliasNode:
		return "*" + n.Value, true
	case n.Kind == yaml.SequenceNode && first == '[':
		var items []string
		for _, child := range n.Content {
			text, ok := p.inFlow(child, o)
			if !ok {
				return "", false
			}
			items = append(items, text)
		}
		return "[" + strings.Join(items, ", ") + "]", true
	case n.Kind == yaml.MappingNode && first == '{':
		var items []string
		for _, e := range o.sorted(pairsOf(n)) {
			key, err := p.measure(e.key)
			value, ok := p.inFlow(e.value, o.of(e.key.Value))
			if err != nil || !ok || e.key.Kind != yaml.ScalarNode || e.key.Anchor != "" || isNothing(e.key) {
				return "", false
			}
			items = append(items, p.between(key.start, key.end)[0]+": "+value)
		}
		return "{" + strings.Join(items, ", ") + "}", true
	default:
		return "", false
	}
}

// scalarText is a scalar of one line: a plain word needs no quotes, unless YAML 1.1 takes
// it for something else.
func scalarText(n *yaml.Node, text string, o *order) string {
	switch {
	case n.Kind != yaml.ScalarNode || o.asWritten:
		return text
	case n.Style == 0 && n.ShortTag() == "!!str" && isNorway(n.Value):
		return `"` + n.Value + `"`
	case n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) == 0:
		return text
	case len(text) == len(n.Value)+2 && len(n.Value) <= 200 && text[1:len(text)-1] == n.Value && isPlain(n.Value):
		return n.Value
	default:
		return text
	}
}

// isNorway says of a word that it is a text to us, and true or false to readers of YAML 1.1.
func isNorway(word string) bool {
	return slices.Contains([]string{"y", "n", "yes", "no", "on", "off"}, strings.ToLower(word))
}

// isPlain says of a text that it looks like a text without quotes, too.
func isPlain(text string) bool {
	const word = `[\w./@-]*(:[A-Za-z0-9][\w./@-]*)*` // as tag:web and host/name are
	if !regexp.MustCompile(`^[A-Za-z]`+word+`( [\w./@-]`+word+`)*$`).MatchString(text) || isNorway(text) {
		return false
	}
	var n yaml.Node
	if yaml.Unmarshal([]byte(text), &n) != nil || len(n.Content) != 1 {
		return false
	}
	read := n.Content[0]
	return read.Kind == yaml.ScalarNode && read.ShortTag() == "!!str" && read.Value == text
}

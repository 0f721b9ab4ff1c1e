package suites

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"postpatch/probes/fact"
)

// entry is one key of a mapping with its value, aliases followed.
type entry struct{ key, value *yaml.Node }

func (e entry) name() string { return e.key.Value }

// object is a mapping whose keys are texts, each there once.
type object struct {
	node    *yaml.Node
	entries []entry
}

func (o object) get(name string) (entry, bool) {
	i := slices.IndexFunc(o.entries, func(e entry) bool { return e.name() == name })
	if i < 0 {
		return entry{}, false
	}
	return o.entries[i], true
}

// resolve follows an alias; bounds has refused those that never end.
func resolve(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// object reads a mapping; what is its name in messages. It is not ok only where
// n is something else.
func (r reader) object(n *yaml.Node, what string) (object, bool) {
	n = resolve(n)
	if n.Kind != yaml.MappingNode {
		r.hintf(n, mappingHint(n, what), "%s: want a mapping (key: value), got %s", what, r.describe(n))
		return object{}, false
	}
	o := object{node: n}
	first := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := resolve(n.Content[i]), resolve(n.Content[i+1])
		switch earlier := first[key.Value]; {
		case isNull(key) && key.Value == "":
			r.errorf(key, "%s: a key is missing before the \":\"", what)
		case key.Kind == yaml.MappingNode:
			r.hintf(n, templateHint, "%s: a mapping cannot be a key", what)
		case key.Kind != yaml.ScalarNode:
			r.errorf(key, "%s: want a text as key, got %s", what, r.describe(key))
		case key.Value == "<<" && key.Style == 0:
			r.hintf(key, "write the keys out", "%s: merge keys are not supported", what)
		case earlier != nil:
			r.errorf(key, "%s: the key %q is there twice, first at %s", what, key.Value, r.place(earlier))
		default:
			first[key.Value] = key
			o.entries = append(o.entries, entry{key, value})
		}
	}
	return o, true
}

// known reports keys that are not allowed.
func (r reader) known(o object, what string, allowed ...string) {
	for _, e := range o.entries {
		if !slices.Contains(allowed, e.name()) {
			r.unknown(e.key, "key", what, allowed)
		}
	}
}

// unknown reports a word that is none of the known ones.
func (r reader) unknown(n *yaml.Node, noun, what string, known []string) {
	msg := fmt.Sprintf("unknown %s %q", noun, n.Value)
	if what != "" {
		msg += " in " + what
	}
	hint := suggest(n.Value, known)
	if name, _, found := strings.Cut(n.Value, ":"); found && slices.Contains(known, name) {
		hint = spaceHint
	}
	if slices.Contains(known, strings.TrimPrefix(n.Value, "-")) {
		hint = dashHint
	}
	if !r.secret && namesCredential(n.Value) {
		r.secret, hint = true, ownFileHint
	}
	r.hintf(n, hint, "%s", msg)
}

// list reads a list's elements, aliases followed.
func (r reader) list(n *yaml.Node, what string) ([]*yaml.Node, bool) {
	n = resolve(n)
	if n.Kind != yaml.SequenceNode {
		r.hintf(n, spaceMissing(n), "%s: want a list, got %s", what, r.describe(n))
		return nil, false
	}
	elems := make([]*yaml.Node, 0, len(n.Content))
	for _, e := range n.Content {
		elems = append(elems, resolve(e))
	}
	return elems, true
}

// texts reads a text or a list of texts.
func (r reader) texts(n *yaml.Node, what string) []*yaml.Node {
	n = resolve(n)
	if n.Kind != yaml.SequenceNode {
		if _, ok := r.text(n, what); !ok {
			return nil
		}
		return []*yaml.Node{n}
	}
	elems, _ := r.list(n, what)
	if len(elems) == 0 {
		r.errorf(n, "%s: the list is empty", what)
	}
	var good []*yaml.Node
	for _, e := range elems {
		if _, ok := r.text(e, what); ok {
			good = append(good, e)
		}
	}
	return good
}

// text reads a scalar as the text that stands in the file.
func (r reader) text(n *yaml.Node, what string) (string, bool) {
	n = resolve(n)
	if n.Kind != yaml.ScalarNode || isNull(n) {
		r.hintf(n, textHint(n), "%s: want a text, got %s", what, r.describe(n))
		return "", false
	}
	if strings.TrimSpace(n.Value) == "" {
		r.hintf(n, emptyHint(n), "%s: the text is empty", what)
		return "", false
	}
	return n.Value, true
}

// maxWait bounds every timeout; a check that takes longer is no check.
const maxWait = time.Hour

func (r reader) duration(n *yaml.Node, what string) (time.Duration, bool) {
	text, ok := r.text(n, what)
	if !ok {
		return 0, false
	}
	d, err := time.ParseDuration(text)
	switch {
	case err != nil:
		r.hintf(n, r.wayOut(text, fact.TypeDuration), "%s: want a duration like 5s, got %s", what, r.describe(n))
	case d <= 0 || d > maxWait:
		r.errorf(n, "%s: want more than 0s and at most 1h, got %s", what, r.describe(n))
	default:
		return d, true
	}
	return 0, false
}

// describe says what a node is, for "want …, got …".
func (r reader) describe(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case isNull(n) && (n.Value == "" || r.secret):
		return "nothing"
	case isNull(n):
		return n.Value + ", which is YAML's word for nothing"
	case r.secret:
		return "something else"
	default:
		return fmt.Sprintf("%q", shorten(n.Value, 80))
	}
}

// shorten cuts a text to at most n characters.
func shorten(s string, n int) string {
	count := 0
	for i := range s {
		if count++; count > n {
			return s[:i] + "…"
		}
	}
	return s
}

// oneOrMany reads a list, or what may stand in place of a list of one.
func (r reader) oneOrMany(n *yaml.Node, what string) []*yaml.Node {
	if n = resolve(n); n.Kind != yaml.SequenceNode {
		return []*yaml.Node{n}
	}
	elems, _ := r.list(n, what)
	if len(elems) == 0 {
		r.errorf(n, "%s: the list is empty", what)
	}
	return elems
}

// isTrue reads true or false.
func (r reader) isTrue(n *yaml.Node, what string) bool {
	text, ok := r.text(n, what)
	if ok && text != "true" && text != "false" {
		r.errorf(n, "%s: want true or false, got %s", what, r.describe(n))
	}
	return text == "true"
}

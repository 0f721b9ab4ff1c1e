package suites

import (
	"gopkg.in/yaml.v3"
)

const (
	maxDepth   = 50 // nobody nests deeper; a walk cannot run out of stack
	maxText    = 64 << 10
	maxAliased = 100_000 // nodes that aliases may stand for, all together
)

// bounds walks a document once, before anything else does.
type bounds struct {
	reader
	size    map[*yaml.Node]int // of anchored nodes, aliases expanded; 0 while it is being counted
	aliased int
	ok      bool
}

// withinBounds refuses documents that would grow beyond all bounds when their
// aliases are followed, and what is not plain YAML.
func (r reader) withinBounds(root *yaml.Node) bool {
	b := bounds{reader: r, size: map[*yaml.Node]int{}, ok: true}
	b.walk(root, 1)
	return b.ok
}

// walk returns how many nodes n stands for.
func (b *bounds) walk(n *yaml.Node, depth int) int {
	if !b.ok {
		return 0
	}
	if depth > maxDepth {
		b.refuse(n, "", "nested too deeply")
		return 0
	}
	if n.Kind == yaml.AliasNode {
		return b.alias(n)
	}
	if n.Anchor != "" {
		b.size[n] = 0
	}
	if n.Style&yaml.TaggedStyle != 0 {
		b.refuse(n, "put a text that begins with ! in quotes", "YAML tags such as %s are not supported",
			shorten(n.Tag, 40))
	}
	if n.Kind == yaml.ScalarNode {
		b.surprises(n)
		b.scalar(n)
	}
	size := 1
	for _, child := range n.Content {
		size = min(size+b.walk(child, depth+1), maxAliased+1)
	}
	if n.Anchor != "" {
		b.size[n] = size
	}
	return size
}

func (b *bounds) alias(n *yaml.Node) int {
	size := b.size[n.Alias]
	b.aliased += size
	switch {
	case size == 0:
		b.refuse(n, "", "the alias *%s stands inside of what it stands for", n.Value)
	case b.aliased > maxAliased:
		b.refuse(n, "write it out, or make it smaller",
			"the aliases of this file stand for more than %d values", maxAliased)
	}
	return size
}

// scalar refuses huge texts, and escapes in double quotes that nobody means.
func (b *bounds) scalar(n *yaml.Node) {
	if len(n.Value) > maxText {
		b.refuse(n, "", "a text of more than %d KiB", maxText>>10)
	}
	if n.Style&yaml.DoubleQuotedStyle != 0 {
		b.escapes(n)
	}
}

func (b *bounds) refuse(n *yaml.Node, hint, format string, args ...any) {
	if b.secret {
		format, args = "this YAML is not supported here", nil
	}
	b.hintf(n, hint, format, args...)
	b.ok = false
}

package layout

import (
	"slices"
	"strings"
	"unicode"

	"gopkg.in/yaml.v3"
)

// pair is an entry of a mapping.
type pair struct{ key, value *yaml.Node }

func pairsOf(n *yaml.Node) []pair {
	pairs := make([]pair, 0, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		pairs = append(pairs, pair{n.Content[i], n.Content[i+1]})
	}
	return pairs
}

// place is a character of a text: line and column from 0.
type place struct{ line, column int }

func (p place) before(q place) bool {
	return p.line < q.line || p.line == q.line && p.column < q.column
}

// source is a text with what stands where in it.
type source struct {
	lines  [][]rune
	leaves []*leaf // in the order of the text
	leaf   map[*yaml.Node]*leaf

	heads map[*yaml.Node][]remark // that stand above a leaf
	trail map[*yaml.Node]remark   // behind a leaf, in its line
	feet  map[*yaml.Node][]remark // at the end of a mapping or a list
	blank map[*yaml.Node]bool     // an empty line stands right above a leaf
	// behind are the places of all comments behind a leaf.
	behind map[place]bool
	head   []remark // of the file
	// headBlank says that an empty line follows the file's head.
	headBlank bool
}

// leaf is what is not taken apart: a scalar, an alias, a flow mapping or list.
type leaf struct {
	node       *yaml.Node
	start, end place // behind the anchor; end is behind the last character
	isKey      bool
	within     []*yaml.Node // the block mappings and lists that it is in, outermost first
}

// remark is a comment.
type remark struct {
	text  string
	blank bool // an empty line stands above it
	place
	behind int // the column at which the text before it ends
}

// isBlock says of a node that it is taken apart.
func isBlock(n *yaml.Node) bool {
	return (n.Kind == yaml.MappingNode || n.Kind == yaml.SequenceNode) && n.Style&yaml.FlowStyle == 0 && len(n.Content) > 0
}

// isNothing says of a node that nothing is written for it.
func isNothing(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Value == "" && n.Style == 0 && n.Anchor == ""
}

// scan finds all leaves and comments.
func scan(text string, root *yaml.Node) (*source, error) {
	s := &source{
		leaf: map[*yaml.Node]*leaf{}, heads: map[*yaml.Node][]remark{}, trail: map[*yaml.Node]remark{},
		feet: map[*yaml.Node][]remark{}, blank: map[*yaml.Node]bool{}, behind: map[place]bool{},
	}
	for line := range strings.SplitSeq(text, "\n") {
		s.lines = append(s.lines, []rune(line))
	}
	if err := s.find(root, nil, false); err != nil {
		return nil, err
	}
	if len(s.leaves) == 0 {
		return nil, atLine(1, "nothing stands there")
	}
	return s, s.gaps()
}

// find adds the leaves of a node.
func (s *source) find(n *yaml.Node, within []*yaml.Node, isKey bool) error {
	switch {
	case n.Style&yaml.TaggedStyle != 0:
		return atLine(n.Line, "a tag (%s) is not understood here", n.Tag)
	case isKey && (n.Kind != yaml.ScalarNode || n.Anchor != "" || n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0):
		return atLine(n.Line, "a key that is no plain text is not understood here")
	case isNothing(n):
		return nil
	case !isBlock(n):
		l, err := s.measure(n)
		if err != nil {
			return err
		}
		if len(s.leaves) > 0 && l.start.before(s.leaves[len(s.leaves)-1].end) {
			return atLine(n.Line, "this cannot be told apart")
		}
		l.isKey, l.within = isKey, within
		s.leaves, s.leaf[n] = append(s.leaves, l), l
		return nil
	}
	within = append(slices.Clip(within), n)
	for i, child := range n.Content {
		if err := s.find(child, within, n.Kind == yaml.MappingNode && i%2 == 0); err != nil {
			return err
		}
	}
	return nil
}

// at is a character; a line feed behind the end of a line, 0 behind that of the text.
func (s *source) at(p place) rune {
	switch {
	case p.line >= len(s.lines):
		return 0
	case p.column >= len(s.lines[p.line]):
		return '\n'
	default:
		return s.lines[p.line][p.column]
	}
}

// next is the place behind a character.
func (s *source) next(p place) place {
	if p.line < len(s.lines) && p.column >= len(s.lines[p.line]) {
		return place{p.line + 1, 0}
	}
	return place{p.line, p.column + 1}
}

// between is the text from one place to another.
func (s *source) between(start, end place) []string {
	var lines []string
	for line := start.line; line <= end.line && line < len(s.lines); line++ {
		from, to := 0, len(s.lines[line])
		if line == start.line {
			from = start.column
		}
		if line == end.line {
			to = end.column
		}
		lines = append(lines, string(s.lines[line][from:to]))
	}
	return lines
}

// indent is the column at which a line begins; it has something else than space.
func (s *source) indent(line int) int {
	for i, r := range s.lines[line] {
		if r != ' ' {
			return i
		}
	}
	return 0
}

func (s *source) isBlank(line int) bool {
	return strings.TrimFunc(string(s.lines[line]), unicode.IsSpace) == ""
}

package layout

import (
	"strings"
	"unicode"

	"gopkg.in/yaml.v3"
)

// gaps goes through what stands between the leaves: comments and empty lines, and the
// signs of the structure, which are written anew.
func (s *source) gaps() error {
	for i := 0; i <= len(s.leaves); i++ {
		from, to := place{}, place{len(s.lines) - 1, len(s.lines[len(s.lines)-1])}
		if i > 0 {
			from = s.leaves[i-1].end
		}
		if i < len(s.leaves) {
			to = s.leaves[i].start
		}
		if err := s.gap(i, from, to); err != nil {
			return err
		}
	}
	return nil
}

// gap reads what stands before the i-th leaf.
func (s *source) gap(i int, from, to place) error {
	var own []remark // comments on lines of their own
	blank := false
	for line := from.line; line <= to.line; line++ {
		start, end := 0, len(s.lines[line])
		if line == from.line {
			start = from.column
		}
		if line == to.line {
			end = to.column
		}
		text := s.lines[line][start:end]
		if i == 0 && strings.TrimRightFunc(string(text), unicode.IsSpace) == "---" {
			own = append(own, newRemark(text, blank, place{line, 0}, 0))
			blank = false
			continue
		}
		at, err := comment(text, line, start)
		if err != nil {
			return err
		}
		signs := strings.TrimSpace(string(text[:at]))
		switch {
		case at == len(text) && signs == "" && line > from.line && line < to.line:
			blank = true
		case at == len(text):
		case line == from.line && i > 0:
			s.behind[place{line, start + at}] = true
			behind := start + len([]rune(strings.TrimRightFunc(string(text[:at]), unicode.IsSpace)))
			s.trail[s.leaves[i-1].node] = newRemark(text[at:], false, place{line, start + at}, behind)
		default:
			r := newRemark(text[at:], blank, place{line, start + at}, 0)
			if signs != "" { // behind a dash: it is of what follows
				r.column = -1
			}
			own = append(own, r)
			blank = false
		}
	}
	s.settle(i, own, blank)
	return nil
}

func newRemark(text []rune, blank bool, at place, behind int) remark {
	return remark{strings.TrimRightFunc(string(text), unicode.IsSpace), blank, at, behind}
}

// comment finds where a comment begins in a part of a line between leaves; the part's
// length for none. All else there has to be a sign of the structure.
func comment(text []rune, line, start int) (int, error) {
	for i := 0; i < len(text); i++ {
		switch r := text[i]; {
		case r == '#' && (i > 0 && unicode.IsSpace(text[i-1]) || i == 0 && start == 0):
			return i, nil
		case r == '&':
			for i+1 < len(text) && !unicode.IsSpace(text[i+1]) {
				i++
			}
		case !unicode.IsSpace(r) && r != ':' && r != '-':
			return 0, atLine(line+1, "%q is not understood here", r)
		}
	}
	return len(text), nil
}

// settle gives the comments above the i-th leaf to it, or to the end of what has ended
// before it, by the columns at which they stand.
func (s *source) settle(i int, own []remark, blank bool) {
	if i == 0 {
		own = s.fileHead(own, blank)
	}
	var ended []*yaml.Node // innermost last
	column := -1
	if i > 0 {
		ended = s.leaves[i-1].within
	}
	if i < len(s.leaves) {
		next := s.leaves[i]
		column = s.indent(next.start.line)
		for len(ended) > 0 && len(next.within) > 0 && ended[0] == next.within[0] {
			ended, next = ended[1:], &leaf{within: next.within[1:]}
		}
	}
	for len(own) > 0 && len(ended) > 0 && own[0].column > column {
		in := s.endedAt(ended, own[0].column)
		s.feet[in] = append(s.feet[in], own[0])
		own = own[1:]
	}
	if i < len(s.leaves) {
		n := s.leaves[i].node
		s.heads[n], s.blank[n] = own, blank
		return
	}
	root := s.leaves[i-1].within
	if len(root) > 0 {
		s.feet[root[0]] = append(s.feet[root[0]], own...)
		return
	}
	s.feet[s.leaves[i-1].node] = append(s.feet[s.leaves[i-1].node], own...)
}

// endedAt is the innermost of the ended mappings and lists that a comment in a column can
// belong to.
func (s *source) endedAt(ended []*yaml.Node, column int) *yaml.Node {
	in := ended[0]
	for _, n := range ended {
		if s.columnOf(n) <= column {
			in = n
		}
	}
	return in
}

// columnOf is where the entries of a mapping or list begin.
func (s *source) columnOf(n *yaml.Node) int {
	if n.Anchor == "" {
		return n.Column - 1
	}
	for isBlock(n) {
		if n.Kind == yaml.MappingNode {
			return n.Content[0].Column - 1
		}
		n = n.Content[0]
	}
	return n.Column - 1
}

// fileHead takes the comments that are of the file as a whole: those above an empty line,
// and those that are for editors.
func (s *source) fileHead(own []remark, blank bool) []remark {
	n := 0
	for i, r := range own {
		above := i+1 < len(own) && own[i+1].blank || i+1 == len(own) && blank
		forEditors := strings.Contains(r.text, "yaml-language-server") || strings.Contains(r.text, "$schema")
		if above || forEditors || r.text == "---" {
			n = i + 1
		}
	}
	s.head = own[:n]
	s.headBlank = n < len(own) && own[n].blank || n == len(own) && blank
	return own[n:]
}

package layout

import (
	"unicode"

	"gopkg.in/yaml.v3"
)

// measure finds where a leaf begins and ends.
func (s *source) measure(n *yaml.Node) (*leaf, error) {
	l := &leaf{node: n, start: place{n.Line - 1, n.Column - 1}}
	if n.Kind == yaml.ScalarNode && n.Value == "" && n.Style == 0 {
		return l, atLine(n.Line, "an anchor of nothing is not understood here")
	}
	if n.Anchor != "" {
		l.start = s.behindAnchor(l.start)
	}
	end, err := s.endOf(n, l.start)
	l.end = end
	return l, err
}

// behindAnchor is the first place behind an anchor and the space that follows it.
func (s *source) behindAnchor(p place) place {
	for r := s.at(p); r != 0 && !unicode.IsSpace(r); r = s.at(p) {
		p = s.next(p)
	}
	for r := s.at(p); r != 0 && unicode.IsSpace(r); r = s.at(p) {
		p = s.next(p)
	}
	return p
}

func (s *source) endOf(n *yaml.Node, start place) (place, error) {
	switch {
	case n.Kind == yaml.AliasNode:
		return place{start.line, start.column + 1 + len([]rune(n.Value))}, nil
	case n.Kind != yaml.ScalarNode:
		return s.endOfFlow(n, start)
	case n.Style&yaml.DoubleQuotedStyle != 0, n.Style&yaml.SingleQuotedStyle != 0:
		return s.endOfQuoted(start)
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return s.endOfText(start), nil
	default:
		return s.endOfPlain(n, start)
	}
}

func (s *source) endOfQuoted(start place) (place, error) {
	quote := s.at(start)
	if quote != '"' && quote != '\'' {
		return start, atLine(start.line+1, "this cannot be told apart")
	}
	for p := s.next(start); s.at(p) != 0; p = s.next(p) {
		switch r := s.at(p); {
		case r == '\\' && quote == '"':
			p = s.next(p)
		case r == quote && quote == '\'' && s.at(s.next(p)) == quote:
			p = s.next(p)
		case r == quote:
			return s.next(p), nil
		}
	}
	return start, atLine(start.line+1, "a quote that is never closed")
}

// endOfPlain follows the characters of a plain scalar: lines are folded in many ways, but
// no character that is no space is added, lost or moved.
func (s *source) endOfPlain(n *yaml.Node, start place) (place, error) {
	p, end := start, start
	for _, want := range n.Value {
		if unicode.IsSpace(want) {
			continue
		}
		for r := s.at(p); r != 0 && unicode.IsSpace(r); r = s.at(p) {
			p = s.next(p)
		}
		if s.at(p) != want {
			return start, atLine(start.line+1, "this cannot be told apart")
		}
		p = s.next(p)
		end = p
	}
	return end, nil
}

// endOfText is the end of the last line of a block scalar; empty lines behind it belong to
// it only where it keeps them.
func (s *source) endOfText(start place) place {
	header := string(s.lines[start.line][start.column:])
	keeps, digit := blockHeader(header)
	base := -1
	last := start.line
	for line := start.line + 1; line < len(s.lines); line++ {
		if s.isBlank(line) {
			if keeps && line+1 < len(s.lines) {
				last = line
			}
			continue
		}
		if base < 0 {
			if base = s.indent(line); digit > 0 {
				base = min(base, s.parentIndent(start)+digit)
			}
			if base <= s.parentIndent(start) {
				break
			}
		}
		if s.indent(line) < base {
			break
		}
		last = line
	}
	return place{last, len(s.lines[last])}
}

// parentIndent is the column of what holds a block scalar that begins at a place: of the
// innermost key or dash of its line.
func (s *source) parentIndent(start place) int {
	column := s.indent(start.line)
	for i := column; i+1 < start.column; i++ {
		if s.lines[start.line][i] != '-' || s.lines[start.line][i+1] != ' ' {
			break
		}
		rest := i + 1
		for rest < start.column && s.lines[start.line][rest] == ' ' {
			rest++
		}
		if rest == start.column { // the dash holds it
			return i
		}
		column, i = rest, rest-1
	}
	return column
}

// blockHeader reads what stands behind | or >.
func blockHeader(header string) (keeps bool, digit int) {
	for _, r := range header {
		switch {
		case r == '#':
			return keeps, digit
		case r == '+':
			keeps = true
		case r >= '1' && r <= '9':
			digit = int(r - '0')
		}
	}
	return keeps, digit
}

// endOfFlow goes behind the last leaf of a flow mapping or list, and from there to the
// bracket that closes it.
func (s *source) endOfFlow(n *yaml.Node, start place) (place, error) {
	closes := map[rune]rune{'[': ']', '{': '}'}[s.at(start)]
	p := start
	if closes != 0 {
		p = s.next(start)
	}
	for _, child := range n.Content {
		if isNothing(child) {
			continue
		}
		if child.Style&yaml.TaggedStyle != 0 {
			return start, atLine(child.Line, "a tag (%s) is not understood here", child.Tag)
		}
		l, err := s.measure(child)
		if err != nil {
			return start, err
		}
		p = l.end
	}
	if closes == 0 { // a pair in a list, without brackets
		return p, nil
	}
	for s.at(p) != closes {
		switch r := s.at(p); {
		case r == '#':
			p.column = len(s.lines[p.line])
		case r == 0 || !unicode.IsSpace(r) && r != ',' && r != ':' && r != '?':
			return start, atLine(p.line+1, "this cannot be told apart")
		default:
			p = s.next(p)
		}
	}
	return s.next(p), nil
}

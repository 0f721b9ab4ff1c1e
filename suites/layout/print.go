package layout

import (
	"strings"
	"unicode"

	"gopkg.in/yaml.v3"
)

// printer writes a source anew.
type printer struct {
	*source
	out   strings.Builder
	fresh bool // nothing stands yet in what has been begun: no empty line is wanted
}

func spaces(n int) string { return strings.Repeat(" ", n) }

func (p *printer) root(n *yaml.Node, o *order) {
	p.fresh = true
	p.remarks(p.head, 0)
	if p.headBlank && len(p.head) > 0 {
		p.out.WriteByte('\n')
	}
	p.fresh = true
	if isBlock(n) {
		p.block(n, 0, "", o)
		return
	}
	p.above(n, 0)
	p.flowOrScalar("", n, 0, o)
	p.remarks(p.feet[n], 0)
}

// blankLine writes an empty line, but never at the beginning of something.
func (p *printer) blankLine() {
	if !p.fresh {
		p.out.WriteByte('\n')
	}
}

// remarks writes comments on lines of their own.
func (p *printer) remarks(all []remark, indent int) {
	for _, r := range all {
		if r.blank {
			p.blankLine()
		}
		p.out.WriteString(spaces(indent) + r.text + "\n")
		p.fresh = false
	}
}

// above writes what stands above a leaf.
func (p *printer) above(n *yaml.Node, indent int) {
	p.remarks(p.heads[n], indent)
	if p.blank[n] {
		p.blankLine()
	}
	p.heads[n], p.blank[n] = nil, false
}

// line writes a line, and the comment behind it: in the column of the comments around it,
// or as far behind the text as it stood.
func (p *printer) line(text string, behind remark) {
	text = strings.TrimRightFunc(text, unicode.IsSpace)
	if behind.text != "" {
		end := len([]rune(text))
		column := end + max(1, behind.column-behind.behind)
		if behind.column > behind.behind+1 && p.isAligned(behind.place) {
			indent := len(text) - len(strings.TrimLeft(text, " "))
			column = max(end+1, behind.column+indent-p.indent(behind.line))
		}
		text += spaces(column-end) + behind.text
	}
	p.out.WriteString(text + "\n")
	p.fresh = false
}

// isAligned says of the comment behind a line that one in the line above or below stands in
// the same column.
func (p *printer) isAligned(at place) bool {
	return p.behind[place{at.line - 1, at.column}] || p.behind[place{at.line + 1, at.column}]
}

// block writes a mapping or list. Lead stands in its first line, before the first entry:
// the dash of a list.
func (p *printer) block(n *yaml.Node, indent int, lead string, o *order) {
	if n.Kind == yaml.MappingNode {
		for i, e := range o.sorted(pairsOf(n)) {
			prefix := lead
			if i > 0 || lead == "" {
				prefix = spaces(indent)
				p.aboveEntry(e, indent)
			}
			p.entry(prefix, e, indent, o)
		}
	} else {
		for i, item := range n.Content {
			prefix := lead + "- "
			if i > 0 || lead == "" {
				prefix = spaces(indent) + "- "
				p.aboveItem(item, indent, o)
			}
			p.item(prefix, item, indent, o)
		}
	}
	p.remarks(p.feet[n], indent)
}

// aboveEntry writes what stands above an entry of a mapping: also what stands between its
// key and its value, where these are to be in one line.
func (p *printer) aboveEntry(e pair, indent int) {
	p.above(e.key, indent)
	if isBlock(e.value) || isNothing(e.value) {
		return
	}
	if r := p.trail[e.key]; r.text != "" {
		p.remarks([]remark{{text: r.text}}, indent)
	}
	delete(p.blank, e.value)
	p.above(e.value, indent)
}

// aboveItem writes what stands above an item of a list. The dash is in one line with the
// item's first key.
func (p *printer) aboveItem(item *yaml.Node, indent int, o *order) {
	if first := firstLeaf(item); first != nil {
		p.above(first, indent)
	}
	if isBlock(item) && item.Kind == yaml.MappingNode && item.Anchor == "" {
		e := o.sorted(pairsOf(item))[0]
		delete(p.blank, e.key)
		p.aboveEntry(e, indent)
	}
}

// firstLeaf is the leaf with which a node begins; nil for none.
func firstLeaf(n *yaml.Node) *yaml.Node {
	for isBlock(n) {
		n = n.Content[0]
	}
	if isNothing(n) {
		return nil
	}
	return n
}

func (p *printer) entry(prefix string, e pair, indent int, o *order) {
	l := p.leaf[e.key]
	text := prefix + p.between(l.start, l.end)[0] + ":"
	if e.value.Anchor != "" {
		text += " &" + e.value.Anchor
	}
	switch {
	case isNothing(e.value):
		p.line(text, p.trail[e.key])
	case isBlock(e.value):
		p.line(text, p.trail[e.key])
		p.fresh = true
		p.block(e.value, indent+2, "", o.of(e.key.Value))
	case p.wantsOwnLine(text, e, o):
		p.line(text, remark{})
		p.flowOrScalar(spaces(indent+2), e.value, indent+2, o.of(e.key.Value))
	default:
		p.flowOrScalar(text+" ", e.value, indent, o.of(e.key.Value))
	}
}

// wide is how long a line may become.
const wide = 120

// wantsOwnLine says of a value that it stood in the line below its key, and that it would
// make one that is too long with it.
func (p *printer) wantsOwnLine(text string, e pair, o *order) bool {
	key, value := p.leaf[e.key], p.leaf[e.value]
	if value.start.line == key.end.line || value.start.line != value.end.line || e.value.Anchor != "" {
		return false
	}
	written := p.between(value.start, value.end)[0]
	if e.value.Kind != yaml.ScalarNode {
		written = p.flow(e.value, o.of(e.key.Value))
	}
	return len([]rune(text))+1+len([]rune(written)) > wide
}

func (p *printer) item(prefix string, item *yaml.Node, indent int, o *order) {
	switch {
	case isNothing(item):
		p.line(prefix, remark{})
	case isBlock(item) && item.Anchor != "":
		p.line(prefix+"&"+item.Anchor, remark{})
		p.fresh = true
		p.block(item, indent+2, "", o)
	case isBlock(item):
		p.block(item, indent+2, prefix, o)
	case item.Anchor != "":
		p.flowOrScalar(prefix+"&"+item.Anchor+" ", item, indent, o)
	default:
		p.flowOrScalar(prefix, item, indent, o)
	}
}

// flowOrScalar writes a leaf behind what stands before it in its line; indent is that of
// the entry or item.
func (p *printer) flowOrScalar(text string, n *yaml.Node, indent int, o *order) {
	l := p.leaf[n]
	lines := p.between(l.start, l.end)
	switch {
	case n.Kind == yaml.ScalarNode && n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		lines = p.blockText(l, lines, indent)
	case len(lines) == 1 && n.Kind == yaml.ScalarNode:
		lines[0] = scalarText(n, lines[0], o)
	case len(lines) == 1:
		lines[0] = p.flow(n, o)
	case n.Kind == yaml.ScalarNode:
		for i := 1; i < len(lines); i++ {
			lines[i] = strings.TrimFunc(lines[i], unicode.IsSpace)
			if lines[i] != "" {
				lines[i] = spaces(indent+2) + lines[i]
			}
		}
	default:
		moved := len([]rune(text)) - l.start.column
		for i := 1; i < len(lines); i++ {
			rest := strings.TrimLeftFunc(lines[i], unicode.IsSpace)
			if column := len([]rune(lines[i])) - len([]rune(rest)); rest != "" {
				rest = spaces(max(column+moved, indent)) + rest
			}
			lines[i] = rest
		}
	}
	lines[0] = text + lines[0]
	p.leafLines(lines, n)
}

// leafLines writes the lines of a leaf. Those of a block scalar have spaces at their ends
// that count.
func (p *printer) leafLines(lines []string, n *yaml.Node) {
	isText := n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0
	for i, line := range lines {
		switch {
		case isText && i > 0:
			p.out.WriteString(line + "\n")
		case i == len(lines)-1:
			p.line(line, p.trail[n])
		default:
			p.line(line, remark{})
		}
	}
	p.fresh = false
}

// blockText are the lines of a block scalar, moved as a whole.
func (p *printer) blockText(l *leaf, lines []string, indent int) []string {
	_, digit := blockHeader(lines[0])
	base, to := -1, indent+2
	if digit > 0 {
		base, to = p.parentIndent(l.start)+digit, indent+digit
	}
	moved := []string{strings.TrimRightFunc(lines[0], unicode.IsSpace)}
	for i := range lines[1:] {
		at := l.start.line + 1 + i
		if base < 0 && !p.isBlank(at) {
			base = p.indent(at)
		}
	}
	for i := range lines[1:] {
		line := p.lines[l.start.line+1+i]
		rest := string(line[min(max(base, 0), len(line)):])
		if rest != "" {
			rest = spaces(to) + rest
		}
		moved = append(moved, rest)
	}
	return moved
}

package text

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"postpatch/runner/report"
)

// Values up to this length are seen at a glance; in longer ones what differs is
// marked.
const glance = 24

// piece is a part of a value.
type piece struct {
	text   string
	differ bool
}

// compare cuts two values into pieces and says which differ. Where nothing but
// single characters is common, nothing is marked: all of it differs.
func compare(a, b string) (as, bs []piece) {
	if max(columns(a), columns(b)) <= glance || a == b {
		return []piece{{a, false}}, []piece{{b, false}}
	}
	isBreak := breaks(a, b)
	head, tail := commonEnds(a, b, isBreak)
	as, bs = align(a[head:len(a)-tail], b[head:len(b)-tail], isBreak)
	for _, side := range []struct {
		whole  string
		pieces *[]piece
	}{{a, &as}, {b, &bs}} {
		all := append([]piece{{side.whole[:head], false}}, *side.pieces...)
		*side.pieces = joined(append(all, piece{side.whole[len(side.whole)-tail:], false}), isBreak)
	}
	if !mostlyCommon(as) && !mostlyCommon(bs) {
		return []piece{{a, false}}, []piece{{b, false}}
	}
	return as, bs
}

// commonEnds returns how many bytes two values share at their start and end, in
// whole words; in characters where one of them is a single word.
func commonEnds(a, b string, isBreak func(rune) bool) (head, tail int) {
	limit := min(len(a), len(b))
	for head < limit && a[head] == b[head] {
		head++
	}
	for tail < limit-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	if strings.ContainsFunc(a, isBreak) && strings.ContainsFunc(b, isBreak) {
		head = len(strings.TrimRightFunc(a[:head], func(r rune) bool { return !isBreak(r) }))
		tail = len(strings.TrimLeftFunc(a[len(a)-tail:], func(r rune) bool { return !isBreak(r) }))
	}
	for head > 0 && (!startsRune(a, head) || !startsRune(b, head)) {
		head--
	}
	for tail > 0 && (!startsRune(a, len(a)-tail) || !startsRune(b, len(b)-tail)) {
		tail--
	}
	return head, tail
}

func startsRune(s string, i int) bool { return i >= len(s) || utf8.RuneStart(s[i]) }

// breaks says what stands between the words of two values: in lists only what
// separates their elements.
func breaks(a, b string) func(rune) bool {
	between := `,;|&\`
	if strings.Contains(a, ", ") && strings.Contains(b, ", ") {
		between = ","
	}
	return func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(between, r) }
}

// words cuts at breaks; a break stays with the word before it.
func words(s string, isBreak func(rune) bool) []string {
	var all []string
	start, inBreak := 0, false
	for i, r := range s {
		if inBreak && !isBreak(r) {
			all = append(all, s[start:i])
			start = i
		}
		inBreak = isBreak(r)
	}
	if start < len(s) {
		all = append(all, s[start:])
	}
	return all
}

// align finds the longest common run of words, kept to texts of which the table
// stays small.
func align(from, to string, isBreak func(rune) bool) (as, bs []piece) {
	const most = 1 << 18
	a, b := words(from, isBreak), words(to, isBreak)
	if len(a)*len(b) > most {
		return []piece{{from, true}}, []piece{{to, true}}
	}
	// A list's last element is the same as one in its middle.
	bare := func(word string) string { return strings.TrimRightFunc(word, isBreak) }
	length := make([][]int, len(a)+1)
	for i := range length {
		length[i] = make([]int, len(b)+1)
	}
	for i, word := range slices.Backward(a) {
		for k, other := range slices.Backward(b) {
			if bare(word) == bare(other) {
				length[i][k] = length[i+1][k+1] + 1
			} else {
				length[i][k] = max(length[i+1][k], length[i][k+1])
			}
		}
	}
	i, k := 0, 0
	for i < len(a) || k < len(b) {
		switch {
		case i < len(a) && k < len(b) && bare(a[i]) == bare(b[k]):
			as, bs = append(as, piece{a[i], false}), append(bs, piece{b[k], false})
			i, k = i+1, k+1
		case k == len(b) || i < len(a) && length[i+1][k] >= length[i][k+1]:
			as = append(as, piece{a[i], true})
			i++
		default:
			bs = append(bs, piece{b[k], true})
			k++
		}
	}
	return as, bs
}

// joined merges neighbours of one sort and drops empty ones; a mark ends before
// the breaks at its end.
func joined(pieces []piece, isBreak func(rune) bool) []piece {
	var all []piece
	put := func(p piece) {
		switch last := len(all) - 1; {
		case p.text == "":
		case last >= 0 && all[last].differ == p.differ:
			all[last].text += p.text
		default:
			all = append(all, p)
		}
	}
	for _, p := range pieces {
		put(p)
	}
	merged := all
	all = nil
	for _, p := range merged {
		if core := strings.TrimRightFunc(p.text, isBreak); p.differ && core != "" {
			put(piece{core, true})
			put(piece{p.text[len(core):], false})
			continue
		}
		put(p)
	}
	return all
}

func mostlyCommon(pieces []piece) bool {
	common, all := 0, 0
	for _, p := range pieces {
		all += len(p.text)
		if !p.differ {
			common += len(p.text)
		}
	}
	return common*3 >= all
}

// shorten brings pieces to the room: first what is common is cut, for it says
// least, then what differs.
func (p pen) shorten(pieces []piece, room int) []piece {
	if p.Verbosity >= Raw || p.width(pieces) <= room {
		return pieces
	}
	short := slices.Clone(pieces)
	for _, step := range []struct {
		differ bool
		least  int
	}{{false, 24}, {false, len("...(1234)...")}, {true, 24}} {
		for i, part := range short {
			if over := p.width(short) - room; over > 0 && part.differ == step.differ {
				short[i].text = p.cut(pieces[i].text, max(columns(part.text)-over, step.least))
			}
		}
	}
	if p.width(short) <= room {
		return short
	}
	var all strings.Builder
	for _, part := range pieces {
		all.WriteString(part.text)
	}
	return []piece{{p.cut(all.String(), room), false}}
}

// change is a finding in a few words, for a list.
func (p pen) change(f report.Finding) string {
	const widest = 2 * glance
	return p.cut(f.BeforeText(), widest) + p.arrow() + p.cut(f.NowText(), widest)
}

// cut takes out the middle of a text and says how many characters it took.
func (p pen) cut(s string, room int) string {
	if p.Verbosity >= Raw || columns(s) <= room {
		return s
	}
	runes := []rune(s)
	mark := func(hidden int) string { return fmt.Sprintf("%s(%d)%s", p.ellipsis(), hidden, p.ellipsis()) }
	keep := max(0, room-columns(mark(len(runes))))
	head, tail, used := 0, len(runes), 0
	for head < tail {
		next := &head
		r := runes[head]
		if head > len(runes)-tail { // in turns from both ends
			r = runes[tail-1]
			next = &tail
		}
		if used += runeColumns(r); used > keep {
			break
		}
		if next == &head {
			head++
		} else {
			tail--
		}
	}
	short := string(runes[:head]) + mark(tail-head) + string(runes[tail:])
	if columns(short) >= columns(s) {
		return s
	}
	return short
}

func (p pen) width(pieces []piece) int {
	n := 0
	for _, part := range pieces {
		n += columns(part.text)
		if part.differ && !p.Color {
			n += len("[]")
		}
	}
	return n
}

// join writes pieces; what differs is bold, or without colours in brackets.
func (p pen) join(pieces []piece) string {
	var b strings.Builder
	for _, part := range pieces {
		switch {
		case !part.differ:
			b.WriteString(part.text)
		case p.Color:
			b.WriteString(p.bold(part.text))
		default:
			b.WriteString("[" + part.text + "]")
		}
	}
	return b.String()
}

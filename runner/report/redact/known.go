package redact

import (
	"strings"
	"unicode"
)

// trie finds the longest of many names at a place of a text.
type trie struct {
	nodes []node
}

type node struct {
	edges []edge
	refs  []ref // the names that end here
}

type edge struct {
	by byte
	to int32
}

func newTrie() *trie { return &trie{nodes: make([]node, 1)} }

func (t *trie) step(from int32, by byte) int32 {
	for _, e := range t.nodes[from].edges {
		if e.by == by {
			return e.to
		}
	}
	return 0
}

func (t *trie) add(r ref) {
	at := int32(0)
	for i := range len(r.name) {
		next := t.step(at, r.name[i])
		if next == 0 {
			next = int32(len(t.nodes))
			t.nodes = append(t.nodes, node{})
			t.nodes[at].edges = append(t.nodes[at].edges, edge{r.name[i], next})
		}
		at = next
	}
	t.nodes[at].refs = append(t.nodes[at].refs, r)
}

// findKnown finds the names that are known, wherever they stand, and the unknown hosts
// that are called like known ones.
func (t *text) findKnown() {
	for at := 0; at < len(t.s); at++ {
		if t.taken != nil && t.taken[at] {
			continue
		}
		if r, to := t.knownAt(at); to > 0 && !t.isTaken(at, to) {
			t.addAs(span{r, at, to, true})
			at = to - 1
		}
	}
	t.findSiblings()
}

// knownAt is the longest known name that begins at a place, and where it ends.
func (t *text) knownAt(at int) (r ref, to int) {
	node := int32(0)
	for i := at; i < len(t.lower); i++ {
		if node = t.known.step(node, t.lower[i]); node == 0 {
			break
		}
		for _, one := range t.known.nodes[node].refs {
			if t.stands(one, at, i+1) {
				r, to = one, i+1
				break
			}
		}
	}
	return r, to
}

// stands says whether a name that is found in a text is meant there. What firms are called
// is meant wherever it is found: in AcmeAgent, and in acmeagent as well. Others have to be
// words: srv1 is not meant by srv12.
func (t *text) stands(r ref, from, to int) bool {
	const enough = 4
	switch {
	case r.kind == kindWord || r.kind == kindLabel && len(r.name) >= enough:
		return true
	case r.kind == kindAddress:
		return !unicode.IsDigit(t.before(from)) && !unicode.IsDigit(t.after(to))
	}
	return t.begins(from) && t.ends(to)
}

// begins says whether a word can begin at a place, be it one of several that are written
// together as in OldWeb01 or %5Cweb01.
func (t *text) begins(at int) bool {
	before := t.before(at)
	return !isWord(before) || unicode.IsUpper(t.after(at)) && unicode.IsLower(before) || t.isEscape(at)
}

// isEscape says whether a percent sign and two hex digits stand before a place.
func (t *text) isEscape(at int) bool {
	return at >= 3 && t.s[at-3] == '%' && isHex(t.s[at-2]) && isHex(t.s[at-1])
}

func (t *text) ends(at int) bool {
	last, after := t.before(at), t.after(at)
	return !isWord(after) || unicode.IsUpper(after) && unicode.IsLower(last) ||
		unicode.IsLetter(after) && unicode.IsDigit(last)
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// stem is a host's name without its number: srv-sql- of srv-sql-01, with two digits.
type stem struct {
	text   string
	digits int
}

// stemOf tells the stem of a name that ends with a number.
func stemOf(name string) (stem, bool) {
	const most = 4
	text := strings.TrimRight(name, "0123456789")
	s := stem{text, len(name) - len(text)}
	letters := strings.Trim(text, "-_")
	return s, s.digits > 0 && s.digits <= most && len(letters) >= 2 && letters != "kb" && letters != "cu"
}

// findSiblings finds the names that differ from a known host's by the number alone: they
// are hosts, too.
func (t *text) findSiblings() {
	if len(t.siblings) == 0 {
		return
	}
	for at := 0; at < len(t.lower); at++ {
		if !unicode.IsDigit(rune(t.lower[at])) {
			continue
		}
		digits := at
		for at < len(t.lower) && unicode.IsDigit(rune(t.lower[at])) {
			at++
		}
		if isWord(t.after(at)) {
			continue
		}
		const longest = 63
		for from := max(0, digits-longest); from < digits-1; from++ {
			if t.begins(from) && t.siblings[stem{t.lower[from:digits], at - digits}] {
				t.add(from, at, kindHost, false)
				break
			}
		}
	}
}

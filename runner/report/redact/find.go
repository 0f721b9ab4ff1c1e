package redact

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// finder finds names in texts.
type finder struct {
	key      *Key
	patterns patterns
	common   map[string]bool
	known    *trie // nil while names are still learned
	siblings map[stem]bool
	hosts    []string // of the stream, as long as they are learned, in its order
	cache    map[classed]string
	cached   int // bytes
}

// classed is a text with what is known of it.
type classed struct {
	class class
	text  string
}

// What is kept of texts that were looked at: most come again and again.
const (
	longestCached = 1 << 10
	mostCached    = 8 << 20
)

func newFinder(k *Key) *finder {
	return &finder{
		key: k, patterns: newPatterns(), common: commonWords(), siblings: map[stem]bool{}, cache: map[classed]string{},
	}
}

// seal says that all names are known.
func (f *finder) seal() {
	f.cache, f.cached = map[classed]string{}, 0
	f.key.unlearn()
	for _, host := range f.hosts {
		f.key.name(ref{kindHost, host})
	}
	f.hosts = nil
	f.known = newTrie()
	for _, r := range f.key.all {
		if r.kind == kindDomain {
			f.key.name(r)
		}
		if f.isFindable(r) {
			f.known.add(r)
		}
		if s, ok := stemOf(r.name); ok && r.kind == kindHost {
			f.siblings[s] = true
		}
	}
}

// isFindable says whether a name is replaced wherever it stands, with nothing around it
// that says what it is.
func (f *finder) isFindable(r ref) bool {
	const longest = 255
	if len(r.name) < 2 || len(r.name) > longest || isCommon(f.common, r.name) && r.kind != kindWord {
		return false
	}
	return r.kind == kindWord || strings.ContainsFunc(r.name, unicode.IsLetter)
}

// learn is a visit that notes the names of a text, and leaves it.
func (f *finder) learn(text *string, c class) {
	if *text == "" || f.isCached(classed{c, *text}) {
		return
	}
	said := *text
	if !utf8.ValidString(said) {
		said = string([]rune(said)) // as it comes back
	}
	for _, s := range f.find(said, c).spans {
		if !s.sure {
			continue
		}
		f.key.learn(s.ref)
		if c == hostName && s.kind == kindHost {
			f.hosts = append(f.hosts, s.name)
		}
	}
	f.keep(classed{c, *text}, "")
}

// replace is a visit that gives a text's names their other ones.
func (f *finder) replace(text *string, c class) {
	if *text == "" {
		return
	}
	from := classed{c, *text}
	if to, found := f.cache[from]; found {
		*text = to
		return
	}
	t := f.find(*text, c)
	t.findKnown()
	*text = t.replaced()
	f.keep(from, *text)
}

func (f *finder) isCached(c classed) bool {
	_, found := f.cache[c]
	return found
}

func (f *finder) keep(from classed, to string) {
	if len(from.text) > longestCached {
		return
	}
	if f.cached += len(from.text) + len(to) + 64; f.cached > mostCached {
		clear(f.cache)
		f.cached = 0
	}
	f.cache[from] = to
}

// find finds what is a name by what it looks like and by the place where it stands.
func (f *finder) find(s string, c class) *text {
	t := &text{finder: f, s: s, lower: lowered(s), class: c}
	t.byClass()
	t.byPattern()
	return t
}

// lowered is a text in lower case, in which everything is where it was.
func lowered(s string) string {
	if lower := strings.ToLower(s); len(lower) == len(s) {
		return lower
	}
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c - 'A' + 'a'
		}
	}
	return string(b)
}

// span is a name in a text.
type span struct {
	ref
	from, to int
	sure     bool // it is the same name wherever it stands
}

// text is a text with the names that were found in it.
type text struct {
	*finder
	s, lower string
	class    class
	spans    []span
	taken    []bool // by byte; nil where nothing is
}

// add notes a name, unless a part of it belongs to another.
func (t *text) add(from, to int, kind kind, sure bool) {
	t.addAs(span{ref{kind, t.lower[from:to]}, from, to, sure})
}

func (t *text) addAs(s span) {
	if s.from >= s.to || s.name == "" || t.isTaken(s.from, s.to) {
		return
	}
	if t.taken == nil {
		t.taken = make([]bool, len(t.s))
	}
	for i := s.from; i < s.to; i++ {
		t.taken[i] = true
	}
	t.spans = append(t.spans, s)
}

func (t *text) isTaken(from, to int) bool {
	return t.taken != nil && slices.Contains(t.taken[from:to], true)
}

func (t *text) replaced() string {
	if len(t.spans) == 0 {
		return t.s
	}
	slices.SortFunc(t.spans, func(a, b span) int { return a.from - b.from })
	var b strings.Builder
	done := 0
	for _, s := range t.spans {
		b.WriteString(t.s[done:s.from])
		b.WriteString(t.key.name(s.ref))
		done = s.to
	}
	b.WriteString(t.s[done:])
	return b.String()
}

// before and after are the characters beside a place; 0 at the text's ends.
func (t *text) before(at int) rune {
	if at == 0 {
		return 0
	}
	r, _ := utf8.DecodeLastRuneInString(t.s[:at])
	return r
}

func (t *text) after(at int) rune {
	if at >= len(t.s) {
		return 0
	}
	r, _ := utf8.DecodeRuneInString(t.s[at:])
	return r
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// isPart says whether a rune can stand in a label of a host's name.
func isPart(r rune) bool { return isWord(r) || r == '-' || r == '_' }

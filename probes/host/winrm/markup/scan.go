package markup

import (
	"encoding/xml"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// errUnusual is what a scanner leaves to encoding/xml: all that is not right, or that
// nobody writes who speaks WS-Man.
const errUnusual = scanError("not in the plain part of XML")

type scanError string

func (e scanError) Error() string { return string(e) }

// part is a token. Its text may be a piece of the document's.
type part struct {
	kind partKind
	name xml.Name
	attr []xml.Attr
	text string // of data, and of what is said to a program
	raw  xml.Token
}

type partKind byte

const (
	other partKind = iota // raw has it
	start
	end
	data
	toProgram
)

// scanner reads the part of XML that hosts write: elements, attributes in quotes, text, and
// the five names for characters. Every token is the one of encoding/xml, or none: then
// encoding/xml has to read on, from the same place. It takes a tenth of its time, which
// for most of a reply goes to one long text.
type scanner struct {
	text   string
	at     int
	open   []openElement
	spaces []binding // in force, the innermost last
	names  []string  // copies of those that came
	empty  bool      // the last element was one, whose end is due
}

type openElement struct {
	raw    string // with its prefix
	spaces int    // those in force around it
}

type binding struct{ prefix, uri string }

// next returns io.EOF behind the last token, and errUnusual for what it does not read.
func (s *scanner) next() (part, error) {
	if s.empty {
		s.empty = false
		return s.close()
	}
	if s.at >= len(s.text) {
		if len(s.open) > 0 {
			return part{}, errUnusual
		}
		return part{}, io.EOF
	}
	if s.text[s.at] != '<' {
		length := strings.IndexByte(s.text[s.at:], '<')
		if length < 0 {
			length = len(s.text) - s.at
		}
		text, ok := plain(s.text[s.at : s.at+length])
		if !ok {
			return part{}, errUnusual
		}
		s.at += length
		return part{kind: data, text: text}, nil
	}
	s.at++
	switch s.peek() {
	case '/':
		s.at++
		raw, ok := s.name()
		s.space()
		if !ok || !s.take('>') || len(s.open) == 0 || s.open[len(s.open)-1].raw != raw {
			return part{}, errUnusual
		}
		return s.close()
	case '?':
		return s.program()
	}
	return s.element()
}

// peek returns the next byte; 0, which no document has, at the end.
func (s *scanner) peek() byte {
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	return 0
}

func (s *scanner) take(b byte) bool {
	if s.peek() != b {
		return false
	}
	s.at++
	return true
}

func (s *scanner) space() {
	for s.at < len(s.text) && strings.IndexByte(" \t\r\n", s.text[s.at]) >= 0 {
		s.at++
	}
}

// name reads a name with its prefix: both in ASCII, and not more than one prefix.
func (s *scanner) name() (raw string, ok bool) {
	from, colons := s.at, 0
	for s.at < len(s.text) {
		switch c := s.text[s.at]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', c == '_':
		case c == ':':
			colons++
		case '0' <= c && c <= '9', c == '-', c == '.':
			if s.at == from {
				return "", false
			}
		default:
			raw = s.text[from:s.at]
			return raw, raw != "" && c < utf8.RuneSelf && colons < 2 && raw[0] != ':' && raw[len(raw)-1] != ':'
		}
		s.at++
	}
	return "", false
}

// element reads an element's start behind its bracket.
func (s *scanner) element() (part, error) {
	raw, ok := s.name()
	if !ok {
		return part{}, errUnusual
	}
	p := part{kind: start}
	around := len(s.spaces)
	for {
		s.space()
		if s.take('>') {
			break
		}
		if s.take('/') {
			if !s.take('>') {
				return part{}, errUnusual
			}
			s.empty = true
			break
		}
		a, ok := s.attribute()
		if !ok {
			return part{}, errUnusual
		}
		p.attr = append(p.attr, a)
	}
	for _, a := range p.attr {
		switch {
		case a.Name.Space == "xmlns":
			s.spaces = append(s.spaces, binding{a.Name.Local, a.Value})
		case a.Name.Space == "" && a.Name.Local == "xmlns":
			s.spaces = append(s.spaces, binding{"", a.Value})
		}
	}
	s.open = append(s.open, openElement{raw, around})
	p.name = s.translated(s.split(raw), true)
	for i := range p.attr {
		p.attr[i].Name = s.translated(p.attr[i].Name, false)
	}
	return p, nil
}

func (s *scanner) attribute() (a xml.Attr, ok bool) {
	raw, ok := s.name()
	s.space()
	if !ok || !s.take('=') {
		return a, false
	}
	s.space()
	quote := s.peek()
	if quote != '"' && quote != '\'' {
		return a, false
	}
	s.at++
	length := strings.IndexByte(s.text[s.at:], quote)
	if length < 0 {
		return a, false
	}
	value := s.text[s.at : s.at+length]
	if strings.IndexByte(value, '<') >= 0 {
		return a, false
	}
	s.at += length + 1
	value, ok = plain(value)
	return xml.Attr{Name: s.split(raw), Value: strings.Clone(value)}, ok
}

// close ends the innermost element.
func (s *scanner) close() (part, error) {
	last := s.open[len(s.open)-1]
	s.open = s.open[:len(s.open)-1]
	p := part{kind: end, name: s.translated(s.split(last.raw), true)}
	s.spaces = s.spaces[:last.spaces]
	return p, nil
}

// program reads the declaration of the document in one of its usual forms.
func (s *scanner) program() (part, error) {
	rest, ok := strings.CutPrefix(s.text[s.at:], "?xml ")
	inside, _, closed := strings.Cut(rest, "?>")
	said := strings.TrimLeft(inside, " ")
	version, encoding := `version="1.0"`, ` encoding="utf-8"`
	short := strings.TrimRight(said, " ")
	if !ok || !closed || !strings.EqualFold(short, version) && !strings.EqualFold(short, version+encoding) {
		return part{}, errUnusual
	}
	s.at += len("?xml ") + len(inside) + len("?>")
	return part{kind: toProgram, text: said}, nil
}

// split parts a name from its prefix.
func (s *scanner) split(raw string) xml.Name {
	prefix, local, found := strings.Cut(raw, ":")
	if !found {
		prefix, local = "", raw
	}
	return xml.Name{Space: prefix, Local: s.kept(local)}
}

// kept returns a copy of a name, one for all that came of it: whoever keeps the name is not
// to keep the whole document.
func (s *scanner) kept(name string) string {
	const most = 64
	for _, n := range s.names {
		if n == name {
			return n
		}
	}
	name = strings.Clone(name)
	if len(s.names) < most {
		s.names = append(s.names, name)
	}
	return name
}

// translated gives a name's prefix the meaning that is in force.
func (s *scanner) translated(n xml.Name, isElement bool) xml.Name {
	switch {
	case n.Space == "xmlns", n.Space == "" && !isElement, n.Space == "" && n.Local == "xmlns":
		return n
	case n.Space == "xml":
		n.Space = "http://www.w3.org/XML/1998/namespace"
	}
	for _, b := range slices.Backward(s.spaces) {
		if b.prefix == n.Space {
			n.Space = b.uri
			return n
		}
	}
	n.Space = s.kept(n.Space) // nobody has said what it means
	return n
}

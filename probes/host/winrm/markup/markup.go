// Package markup reads what a host says in XML, token by token, no deeper than a
// bound and without what no protocol of ours has.
package markup

import (
	"encoding/xml"
	"errors"
	"strings"
	"unicode"
)

// ErrTooDeep is elements within elements beyond the reader's bound.
var ErrTooDeep = errors.New("elements too deep within each other")

// ErrDocumentType is a document type, which could define entities.
var ErrDocumentType = errors.New("a document type is not allowed")

// Reader hands out a document as a stream of tokens, those of encoding/xml.
type Reader struct {
	text    string
	scan    scanner
	read    int          // tokens that were scanned
	decoder *xml.Decoder // in the scanner's place, when that has met what it does not read
	depth   int
	most    int
}

// NewReader reads a document of at most so many elements within each other.
func NewReader(text string, most int) *Reader {
	return &Reader{text: text, scan: scanner{text: text}, most: most}
}

// Next returns the next token. Its bytes are good until the next call.
func (r *Reader) Next() (xml.Token, error) {
	p, err := r.next()
	if err != nil {
		return nil, err
	}
	return p.token(), nil
}

// token is the part as encoding/xml hands it out.
func (p part) token() xml.Token {
	switch p.kind {
	case start:
		return p.element()
	case end:
		return xml.EndElement{Name: p.name}
	case data:
		return xml.CharData(p.text)
	case toProgram:
		return xml.ProcInst{Target: "xml", Inst: []byte(p.text)}
	default:
		return p.raw
	}
}

func (p part) element() xml.StartElement { return xml.StartElement{Name: p.name, Attr: p.attr} }

// next returns the next token.
func (r *Reader) next() (part, error) {
	p, err := r.part()
	if err != nil {
		return part{}, err
	}
	switch p.kind {
	case start:
		r.depth++
		if r.depth > r.most {
			return part{}, ErrTooDeep
		}
	case end:
		r.depth--
	case data, toProgram:
	case other:
		if _, is := p.raw.(xml.Directive); is {
			return part{}, ErrDocumentType
		}
	}
	return p, nil
}

func (r *Reader) part() (part, error) {
	if r.decoder == nil {
		p, err := r.scan.next()
		if !errors.Is(err, errUnusual) {
			r.read++
			return p, err
		}
		r.decoder = xml.NewDecoder(strings.NewReader(r.text))
		for range r.read { // which all were read before
			if _, err := r.decoder.Token(); err != nil {
				return part{}, err
			}
		}
	}
	token, err := r.decoder.Token()
	if err != nil {
		return part{}, err
	}
	switch token := token.(type) {
	case xml.StartElement:
		return part{kind: start, name: token.Name, attr: token.Attr}, nil
	case xml.EndElement:
		return part{kind: end, name: token.Name}, nil
	case xml.CharData:
		return part{kind: data, text: string(token)}, nil
	default:
		return part{raw: token}, nil
	}
}

// Children calls visit for every child of the element whose start was just
// read, up to and with its end. visit must read the child up to its end.
func (r *Reader) Children(visit func(xml.StartElement) error) error {
	for {
		p, err := r.next()
		switch {
		case err != nil:
			return err
		case p.kind == start:
			if err := visit(p.element()); err != nil {
				return err
			}
		case p.kind == end:
			return nil
		}
	}
}

// Text reads an element up to its end and returns all text in it, its
// children's too.
func (r *Reader) Text() (string, error) {
	text, err := r.Borrow()
	return strings.Clone(text), err
}

// Borrow is Text for whoever does not keep the text: it may be a piece of the
// document, and would keep that.
func (r *Reader) Borrow() (string, error) {
	text := ""
	var several strings.Builder
	for depth := r.depth; r.depth >= depth; {
		p, err := r.next()
		if err != nil {
			return text + several.String(), err
		}
		switch {
		case p.kind != data:
		case text == "" && several.Len() == 0:
			text = p.text
		default:
			several.WriteString(text) // of the first, once
			several.WriteString(p.text)
			text = ""
		}
	}
	return text + several.String(), nil
}

// Skip reads an element up to its end.
func (r *Reader) Skip() error {
	for depth := r.depth; r.depth >= depth; {
		if _, err := r.next(); err != nil {
			return err
		}
	}
	return nil
}

// Within calls visit for every token up to the end of the element whose start
// was just read. visit may read an element further, up to its end.
func (r *Reader) Within(visit func(xml.Token) error) error {
	for depth := r.depth; r.depth >= depth; {
		token, err := r.Next()
		if err != nil {
			return err
		}
		if err := visit(token); err != nil {
			return err
		}
	}
	return nil
}

// Attribute returns an attribute's value by its name without a namespace.
func Attribute(element xml.StartElement, name string) string {
	for _, a := range element.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// maxLine is how many characters a line of a host's text has.
const maxLine = 400

// Line makes one line of a host's text: no control characters, no line breaks,
// nothing that turns the direction of writing, and at most 400 characters.
func Line(text string) string {
	const spare = 8 * maxLine // of megabytes a line is kept
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case IsControl(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(Cut(text, spare), "\ufffd"))
	return Cut(strings.Join(strings.Fields(text), " "), maxLine)
}

// IsControl says whether a character controls a terminal, or turns the direction
// of writing, in place of being seen.
func IsControl(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }

// Cut shortens text so that it has no more than so many characters.
func Cut(text string, most int) string {
	count, last := 0, 0
	for i := range text {
		switch count {
		case most - 1:
			last = i
		case most:
			return text[:last] + "…"
		}
		count++
	}
	return text
}

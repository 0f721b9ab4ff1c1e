// Package markup reads what a host says in XML, token by token, no deeper than a
// bound and without what no protocol of ours has.
package markup

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"unicode"
)

// ErrTooDeep is elements within elements beyond the reader's bound.
var ErrTooDeep = errors.New("elements too deep within each other")

// ErrDocumentType is a document type, which could define entities.
var ErrDocumentType = errors.New("a document type is not allowed")

// Reader hands out a document as a stream of tokens.
type Reader struct {
	decoder *xml.Decoder
	depth   int
	most    int
}

// NewReader reads a document of at most so many elements within each other.
func NewReader(from io.Reader, most int) *Reader {
	return &Reader{decoder: xml.NewDecoder(from), most: most}
}

// Next returns the next token. Its bytes are good until the next call.
func (r *Reader) Next() (xml.Token, error) {
	token, err := r.decoder.Token()
	if err != nil {
		return nil, err
	}
	switch token.(type) {
	case xml.StartElement:
		r.depth++
		if r.depth > r.most {
			return nil, ErrTooDeep
		}
	case xml.EndElement:
		r.depth--
	case xml.Directive:
		return nil, ErrDocumentType
	}
	return token, nil
}

// Children calls visit for every child of the element whose start was just
// read, up to and with its end. visit must read the child up to its end.
func (r *Reader) Children(visit func(xml.StartElement) error) error {
	for {
		token, err := r.Next()
		if err != nil {
			return err
		}
		switch token := token.(type) {
		case xml.StartElement:
			if err := visit(token); err != nil {
				return err
			}
		case xml.EndElement:
			return nil
		}
	}
}

// Text reads an element up to its end and returns all text in it, its
// children's too.
func (r *Reader) Text() (string, error) {
	var text strings.Builder
	err := r.Within(func(token xml.Token) error {
		if data, is := token.(xml.CharData); is {
			text.Write(data)
		}
		return nil
	})
	return text.String(), err
}

// Skip reads an element up to its end.
func (r *Reader) Skip() error { return r.Within(func(xml.Token) error { return nil }) }

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

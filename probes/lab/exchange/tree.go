package exchange

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// What is taken of a client's XML.
const (
	maxRequest  = 10 << 20 // bytes
	maxDepth    = 64
	maxElements = 100_000
)

// element is one element of a client's XML. Its methods may be called on nil, the
// element that is not there.
type element struct {
	name  xml.Name
	attrs []xml.Attr
	text  string // without what lies between children
	under []*element
	line  int
	at    int
}

// errXML is what a text is refused for that is no XML of a client's.
var errXML = errors.New("no XML as clients send it")

// parse reads a document, without entities of its own and of bounded depth.
func parse(data []byte) (*element, error) {
	decoder := xml.NewDecoder(bytes.NewReader(data))
	decoder.CharsetReader = func(charset string, r io.Reader) (io.Reader, error) {
		if strings.EqualFold(charset, "utf-8") || strings.EqualFold(charset, "us-ascii") {
			return r, nil
		}
		return nil, fmt.Errorf("%w: encoding %q", errXML, charset)
	}
	var root *element
	var open []*element
	elements := 0
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			if root == nil || len(open) > 0 {
				return nil, fmt.Errorf("%w: it is empty", errXML)
			}
			return root, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errXML, err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			line, at := decoder.InputPos()
			elements++
			if len(open) == maxDepth || elements > maxElements || root != nil && len(open) == 0 {
				return nil, fmt.Errorf("%w: too many elements", errXML)
			}
			e := &element{name: token.Name, attrs: token.Attr, line: line, at: at}
			if root == nil {
				root = e
			} else {
				parent := open[len(open)-1]
				parent.under = append(parent.under, e)
			}
			open = append(open, e)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) > 0 {
				open[len(open)-1].text += string(token)
			} else if len(bytes.TrimSpace(token)) > 0 {
				return nil, fmt.Errorf("%w: text outside of the root", errXML)
			}
		case xml.Directive:
			return nil, fmt.Errorf("%w: a document type", errXML)
		}
	}
}

// child is the first child of a name; nil for none.
func (e *element) child(local string) *element {
	if e == nil {
		return nil
	}
	for _, c := range e.under {
		if c.name.Local == local {
			return c
		}
	}
	return nil
}

// path follows names down; nil where one is missing.
func (e *element) path(names ...string) *element {
	for _, name := range names {
		e = e.child(name)
	}
	return e
}

// children are all elements below; none of nil.
func (e *element) children() []*element {
	if e == nil {
		return nil
	}
	return e.under
}

// local is the element's name without its namespace.
func (e *element) local() string {
	if e == nil {
		return ""
	}
	return e.name.Local
}

// value is the element's text.
func (e *element) value() string {
	if e == nil {
		return ""
	}
	return strings.TrimSpace(e.text)
}

// attr is an attribute's value; "" for none.
func (e *element) attr(local string) string {
	if e == nil {
		return ""
	}
	for _, a := range e.attrs {
		if a.Name.Local == local {
			return a.Value
		}
	}
	return ""
}

// attribute writes a text so that it can stand in XML, between tags or in quotes.
func attribute(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a builder takes everything
	return b.String()
}

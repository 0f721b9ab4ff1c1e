// Package flatxml reads XML from servers that are not trusted: flat, in the order in which
// the elements end, without entities and within limits.
package flatxml

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// What XML may have. Entities are not resolved at all.
const (
	mostDepth    = 64
	mostElements = 20_000
)

// Element is one element: where it is, by local names from the root, its attributes, and
// its own text without what is around it.
type Element struct {
	Path  []string
	Text  string
	attrs []xml.Attr
}

// Attr is an attribute of that local name; "" for none.
func (e Element) Attr(name string) string {
	for _, a := range e.attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// Is says whether the element's path ends so: "Body/GetFolderResponse", of one name or some.
func (e Element) Is(end string) bool {
	names := strings.Split(end, "/")
	return len(names) <= len(e.Path) && slices.Equal(e.Path[len(e.Path)-len(names):], names)
}

// Read reads XML in the order in which its elements end.
func Read(body []byte) ([]Element, error) {
	body = bytes.TrimPrefix(body, []byte("\ufeff"))
	decoder := xml.NewDecoder(bytes.NewReader(body))
	var open, found []Element
	var texts []*strings.Builder // of the open ones
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) && len(found) > 0 {
			return found, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading XML: %w", err)
		}
		switch token := token.(type) {
		case xml.Directive:
			return nil, errors.New("reading XML: it declares types or entities, which no answer of such a server does")
		case xml.StartElement:
			var path []string
			if len(open) == 0 && len(found) > 0 {
				return nil, errors.New("reading XML: it goes on after its end")
			}
			if len(open) > 0 {
				path = open[len(open)-1].Path
			}
			open = append(open, Element{Path: append(slices.Clip(path), token.Name.Local), attrs: token.Copy().Attr})
			texts = append(texts, new(strings.Builder))
		case xml.CharData:
			if len(open) > 0 {
				texts[len(texts)-1].Write(token)
			}
		case xml.EndElement:
			depth := len(open) - 1
			open[depth].Text = strings.TrimSpace(texts[depth].String())
			found, open, texts = append(found, open[depth]), open[:depth], texts[:depth]
		}
		if len(open) > mostDepth || len(found) > mostElements {
			return nil, fmt.Errorf("reading XML: it is deeper than %d levels, or has over %d elements", mostDepth, mostElements)
		}
	}
}

package exchangeclient

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

// element is one element of XML: where it is, by local names, its attributes and its text.
type element struct {
	path  []string
	attrs []xml.Attr
	text  string
}

// attr is an attribute of that local name; "" for none.
func (e element) attr(name string) string {
	for _, a := range e.attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// is says whether the element's path ends so: "Body/GetFolderResponse".
func (e element) is(end string) bool {
	names := strings.Split(end, "/")
	return len(names) <= len(e.path) && slices.Equal(e.path[len(e.path)-len(names):], names)
}

// elements reads XML in the order in which its elements end.
func elements(body []byte) ([]element, error) {
	body = bytes.TrimPrefix(body, []byte("\ufeff"))
	decoder := xml.NewDecoder(bytes.NewReader(body))
	var open, found []element
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
			return nil, errors.New("reading XML: it declares types or entities, which no answer of Exchange does")
		case xml.StartElement:
			var path []string
			if len(open) > 0 {
				path = open[len(open)-1].path
			}
			open = append(open, element{path: append(slices.Clip(path), token.Name.Local), attrs: token.Copy().Attr})
		case xml.CharData:
			if len(open) > 0 {
				open[len(open)-1].text += string(token)
			}
		case xml.EndElement:
			last := open[len(open)-1]
			last.text = strings.TrimSpace(last.text)
			found, open = append(found, last), open[:len(open)-1]
		}
		if len(open) > mostDepth || len(found) > mostElements {
			return nil, fmt.Errorf("reading XML: it is deeper than %d levels, or has over %d elements", mostDepth, mostElements)
		}
	}
}

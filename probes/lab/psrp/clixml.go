package psrp

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf16"
)

const (
	maxDepth = 64      // elements: far above what a pipeline nests
	maxNodes = 200_000 // elements of one message
)

// value is one value that a client sent (MS-PSRP 2.2.5). An object may contain
// itself: whoever walks through one must know how deep.
type value struct {
	tag     string // S, I32, Obj, Nil…
	text    string // of a primitive one
	types   []string
	base    *value            // the primitive one in an object, as an enum has it
	members map[string]*value // properties, extended ones over adapted ones
	items   []*value          // of a list
	entries [][2]*value       // of a dictionary
}

// reader reads one message's values.
type reader struct {
	objects map[string]*value
	types   map[string][]string
}

// readValue reads one whole serialized value.
func readValue(data []byte) (*value, error) {
	root, err := readXML(data)
	if err != nil {
		return nil, err
	}
	r := reader{objects: map[string]*value{}, types: map[string][]string{}}
	return r.value(root)
}

// element is one element of XML.
type element struct {
	name     string
	attrs    []xml.Attr
	text     strings.Builder
	children []*element
}

func (e *element) attr(name string) string {
	for _, a := range e.attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

func readXML(data []byte) (*element, error) {
	decoder := xml.NewDecoder(bytes.NewReader(data))
	open := []*element{{}}
	for nodes := 0; ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) && len(open) == 1 && len(open[0].children) == 1 {
			return open[0].children[0], nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading CLIXML: %w", err)
		}
		top := open[len(open)-1]
		switch token := token.(type) {
		case xml.StartElement:
			if nodes++; len(open) > maxDepth || nodes > maxNodes {
				return nil, errors.New("reading CLIXML: too deep, or too many elements")
			}
			// The decoder reuses what the token points to.
			e := &element{name: token.Name.Local, attrs: append([]xml.Attr(nil), token.Attr...)}
			top.children = append(top.children, e)
			open = append(open, e)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			top.text.Write(token)
		case xml.Directive:
			return nil, errors.New("reading CLIXML: a document type is not allowed")
		}
	}
}

func (r *reader) value(e *element) (*value, error) {
	switch {
	case e.name == "Obj":
		return r.object(e)
	case e.name == "Ref":
		known := r.objects[e.attr("RefId")]
		if known == nil {
			return nil, fmt.Errorf("reading CLIXML: nothing has the RefId %q", e.attr("RefId"))
		}
		return known, nil
	case len(e.children) > 0:
		return nil, fmt.Errorf("reading CLIXML: %s is not primitive", e.name)
	}
	text := e.text.String()
	var err error
	switch e.name {
	case "Nil":
	case "S", "SBK", "URI", "XD", "ToString":
		text = unescape(text)
	case "B":
		if text != "true" && text != "false" {
			err = strconv.ErrSyntax
		}
	case "I32":
		_, err = strconv.ParseInt(text, 10, 32)
	case "I64":
		_, err = strconv.ParseInt(text, 10, 64)
	case "C", "By", "SB", "U16", "I16", "U32", "U64", "Sg", "Db", "D", "DT", "TS", "G", "BA", "SS", "Version", "PR":
	default:
		err = errors.New("unknown element")
	}
	if err != nil {
		return nil, fmt.Errorf("reading CLIXML: %s %.40q: %w", e.name, text, err)
	}
	return &value{tag: e.name, text: text}, nil
}

func (r *reader) object(e *element) (*value, error) {
	o := &value{tag: "Obj", members: map[string]*value{}}
	if id := e.attr("RefId"); id != "" {
		r.objects[id] = o
	}
	for _, child := range e.children {
		var err error
		switch child.name {
		case "TN":
			for _, t := range child.children {
				o.types = append(o.types, t.text.String())
			}
			r.types[child.attr("RefId")] = o.types
		case "TNRef":
			types, found := r.types[child.attr("RefId")]
			if !found {
				return nil, fmt.Errorf("reading CLIXML: no type names have the RefId %q", child.attr("RefId"))
			}
			o.types = types
		case "ToString":
		case "Props", "MS":
			err = r.members(o, child)
		case "LST", "IE", "STK", "QUE":
			o.items, err = r.list(child)
		case "DCT":
			err = r.dictionary(o, child)
		default:
			o.base, err = r.value(child)
		}
		if err != nil {
			return nil, err
		}
	}
	return o, nil
}

func (r *reader) members(o *value, e *element) error {
	for _, child := range e.children {
		name := unescape(child.attr("N"))
		if name == "" {
			return errors.New("reading CLIXML: a property has no name")
		}
		v, err := r.value(child)
		if err != nil {
			return err
		}
		o.members[name] = v
	}
	return nil
}

func (r *reader) list(e *element) ([]*value, error) {
	items := make([]*value, 0, len(e.children))
	for _, child := range e.children {
		v, err := r.value(child)
		if err != nil {
			return nil, err
		}
		items = append(items, v)
	}
	return items, nil
}

func (r *reader) dictionary(o *value, e *element) error {
	for _, entry := range e.children {
		if entry.name != "En" || len(entry.children) != 2 ||
			entry.children[0].attr("N") != "Key" || entry.children[1].attr("N") != "Value" {
			return errors.New("reading CLIXML: an entry of a dictionary is not a key and a value")
		}
		pair, err := r.list(entry)
		if err != nil {
			return err
		}
		o.entries = append(o.entries, [2]*value{pair[0], pair[1]})
	}
	return nil
}

// unescape reads _xHHHH_, which stands for one unit of UTF-16 (MS-PSRP
// 2.2.5.3.2).
func unescape(text string) string {
	if !strings.Contains(text, "_x") {
		return text
	}
	var units []uint16
	for text != "" {
		if len(text) >= 7 && text[:2] == "_x" && text[6] == '_' {
			if unit, err := strconv.ParseUint(text[2:6], 16, 16); err == nil {
				units = append(units, uint16(unit))
				text = text[7:]
				continue
			}
		}
		next := strings.Index(text[1:], "_x") + 1
		if next == 0 {
			next = len(text)
		}
		units = append(units, utf16.Encode([]rune(text[:next]))...)
		text = text[next:]
	}
	return string(utf16.Decode(units))
}

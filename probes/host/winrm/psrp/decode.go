package psrp

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"

	"postpatch/probes/host/winrm/markup"
)

const (
	// maxDepth is in XML elements: a level of objects takes two or three, and
	// remoting serializes no more than a few levels.
	maxDepth  = 128
	maxValues = 200_000 // of one document
)

// decoder reads CLIXML (MS-PSRP 2.2.5) token by token.
type decoder struct {
	*markup.Reader
	values  int
	objects map[string]*value
	types   map[string][]string
}

// decode reads one value, which is what a message's data is.
func decode(data []byte) (*value, error) {
	values, err := decodeAll(data)
	if err == nil && len(values) != 1 {
		err = fmt.Errorf("%w: %d values, want one", ErrMalformed, len(values))
	}
	if err != nil {
		return nil, err
	}
	return values[0], nil
}

// decodeAll reads a document: a single value, or the several of an Objs element.
func decodeAll(data []byte) ([]*value, error) {
	d := &decoder{
		Reader:  markup.NewReader(string(data), maxDepth),
		objects: map[string]*value{}, types: map[string][]string{},
	}
	values, err := d.document()
	switch {
	case err == nil, errors.Is(err, ErrMalformed), errors.Is(err, ErrTooLarge):
		return values, err
	case errors.Is(err, markup.ErrTooDeep):
		return nil, fmt.Errorf("%w: over %d elements deep", ErrTooLarge, maxDepth)
	default: // what encoding/xml found
		return nil, fmt.Errorf("%w: %s", ErrMalformed, clean(err.Error()))
	}
}

func (d *decoder) document() ([]*value, error) {
	var values []*value
	for roots := 0; ; {
		token, err := d.Next()
		if errors.Is(err, io.EOF) {
			return values, nil
		}
		if err != nil {
			return nil, err
		}
		if words, is := token.(xml.CharData); is && len(bytes.TrimSpace(words)) > 0 {
			return nil, fmt.Errorf("%w: words outside of the values", ErrMalformed)
		}
		start, is := token.(xml.StartElement)
		if !is {
			continue
		}
		if roots++; roots > 1 {
			return nil, fmt.Errorf("%w: more after the end", ErrMalformed)
		}
		read := func(start xml.StartElement) error {
			v, err := d.value(start)
			values = append(values, v)
			return err
		}
		if start.Name.Local == "Objs" {
			err = d.Children(read)
		} else {
			err = read(start)
		}
		if err != nil {
			return nil, err
		}
	}
}

// value reads whatever stands where a value may stand.
func (d *decoder) value(start xml.StartElement) (*value, error) {
	if d.values++; d.values > maxValues {
		return nil, fmt.Errorf("%w: over %d values in one message", ErrTooLarge, maxValues)
	}
	switch tag := start.Name.Local; tag {
	case "Obj":
		return d.object(start)
	case "Ref":
		id := markup.Attribute(start, "RefId")
		v, known := d.objects[id]
		if !known {
			return nil, fmt.Errorf("%w: a reference to the unknown object %q", ErrMalformed, clean(id))
		}
		_, err := d.Text()
		return v, err
	default:
		text, err := d.Text()
		if err != nil {
			return nil, err
		}
		text, err = primitive(tag, text)
		if err != nil {
			return nil, fmt.Errorf("%w: %s: %s", ErrMalformed, clean(tag), clean(err.Error()))
		}
		return &value{tag: tag, text: text, stream: markup.Attribute(start, "S")}, nil
	}
}

// object reads an Obj (MS-PSRP 2.2.5.2). It is known by its number before it is
// read, because what it holds may refer to it.
func (d *decoder) object(start xml.StartElement) (*value, error) {
	v := &value{tag: "Obj", stream: markup.Attribute(start, "S")}
	if id := markup.Attribute(start, "RefId"); id != "" {
		if _, known := d.objects[id]; known {
			return nil, fmt.Errorf("%w: two objects with the number %q", ErrMalformed, clean(id))
		}
		d.objects[id] = v
	}
	return v, d.Children(func(start xml.StartElement) error { return d.part(v, start) })
}

func (d *decoder) part(v *value, start xml.StartElement) (err error) {
	switch tag := start.Name.Local; tag {
	case "TN":
		v.types, err = d.typeNames(start)
	case "TNRef":
		id := markup.Attribute(start, "RefId")
		var known bool
		if v.types, known = d.types[id]; !known {
			return fmt.Errorf("%w: a reference to the unknown types %q", ErrMalformed, clean(id))
		}
		_, err = d.Text()
	case "ToString":
		v.toString, err = d.Text()
		v.toString = unescapeText(v.toString)
		v.hasToString = true
	case "Props", "MS":
		err = d.Children(func(start xml.StartElement) error {
			return d.property(v, start, tag == "MS")
		})
	case "LST", "STK", "QUE", "IE":
		v.isList = true
		err = d.Children(func(start xml.StartElement) error {
			item, err := d.value(start)
			v.items = append(v.items, item)
			return err
		})
	case "DCT":
		v.isDictionary = true
		err = d.Children(func(xml.StartElement) error { return d.entry(v) })
	default: // an enumeration's number, or a plain value that was given properties
		v.base, err = d.value(start)
	}
	return err
}

func (d *decoder) typeNames(start xml.StartElement) ([]string, error) {
	id := markup.Attribute(start, "RefId")
	if _, known := d.types[id]; known {
		return nil, fmt.Errorf("%w: two lists of types with the number %q", ErrMalformed, clean(id))
	}
	var names []string
	err := d.Children(func(xml.StartElement) error {
		name, err := d.Text()
		names = append(names, unescapeText(name))
		return err
	})
	d.types[id] = names
	return names, err
}

func (d *decoder) property(v *value, start xml.StartElement, extended bool) error {
	p := property{name: unescapeText(markup.Attribute(start, "N")), extended: extended}
	var err error
	p.value, err = d.value(start)
	v.properties = append(v.properties, p)
	return err
}

// entry reads an entry of a dictionary, which becomes a property.
func (d *decoder) entry(v *value) error {
	var key, of *value
	err := d.Children(func(start xml.StartElement) (err error) {
		if markup.Attribute(start, "N") == "Key" {
			key, err = d.value(start)
		} else {
			of, err = d.value(start)
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case key == nil || of == nil:
		return fmt.Errorf("%w: a dictionary's entry without key or value", ErrMalformed)
	}
	name, _ := key.scalar()
	v.properties = append(v.properties, property{name: name, value: of})
	return nil
}

package psrp

import (
	"fmt"
	"strings"

	"postpatch/probes/host"
)

const (
	// maxReadable is the size of the text that stands for an object which has
	// none of its own.
	maxReadable = 4096
	// maxNesting is how many objects deep such a text goes.
	maxNesting = 3
)

// reader makes rows of output objects. References let a small message name a
// large list many times, so what comes out is counted too.
type reader struct {
	wanted []string
	left   int // bytes
}

// rows are the wanted properties of one output object. A list that came as one
// object gives a row for each of its items, null gives none, and a plain value
// is its own property Value.
func (r *reader) rows(v *value) ([]host.Row, error) {
	objects := []*value{v}
	if v.isList && len(v.properties) == 0 {
		objects = v.items
	}
	var rows []host.Row
	for _, object := range objects {
		if object.isNull() {
			continue
		}
		row, err := r.row(object)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func (r *reader) row(v *value) (host.Row, error) {
	if err := r.spend(rowCost); err != nil {
		return nil, err
	}
	row := host.Row{}
	for _, name := range r.wanted {
		found, spelt := v.find(name)
		if found == nil && v.isPlain() && strings.EqualFold(name, "Value") {
			found, spelt = v, "Value"
		}
		if found == nil {
			continue
		}
		cell, err := r.cell(found)
		if err != nil {
			return nil, err
		}
		row[spelt] = cell
	}
	return row, nil
}

func (r *reader) cell(v *value) (host.Cell, error) {
	if v.isNull() {
		return host.Cell{Null: true}, nil
	}
	if !v.isList {
		text, err := r.text(v)
		return host.Cell{Text: text}, err
	}
	list := make([]string, 0, len(v.items))
	for _, item := range v.items {
		text, err := r.text(item)
		if err != nil {
			return host.Cell{}, err
		}
		list = append(list, text)
	}
	return host.Cell{List: list}, nil
}

func (r *reader) text(v *value) (string, error) {
	text, has := v.scalar()
	if !has {
		text = readable(v)
	}
	return text, r.spend(len(text) + textCost)
}

const (
	rowCost  = 64
	textCost = 16
)

func (r *reader) spend(bytes int) error {
	if r.left -= bytes; r.left < 0 {
		return fmt.Errorf("%w: the answer's rows", ErrTooLarge)
	}
	return nil
}

// readable is an object as PowerShell writes one: @{Name=value; List={a, b}}.
func readable(v *value) string {
	var p printer
	p.value(v, maxNesting)
	return p.b.String()
}

type printer struct{ b strings.Builder }

func (p *printer) full() bool { return p.b.Len() >= maxReadable }

func (p *printer) write(text string) {
	if p.full() {
		return
	}
	if room := maxReadable - p.b.Len(); len(text) > room {
		text = strings.ToValidUTF8(text[:room], "") + "…"
	}
	p.b.WriteString(text)
}

func (p *printer) value(v *value, nesting int) {
	text, has := v.scalar()
	switch {
	case has || v.isNull():
		p.write(text)
	case nesting == 0:
		p.write("…")
	case v.isList:
		p.list(v, nesting)
	case len(v.properties) == 0 && !v.isDictionary:
		p.write(text)
	default:
		p.properties(v, nesting)
	}
}

func (p *printer) list(v *value, nesting int) {
	p.write("{")
	for i, item := range v.items {
		if p.full() {
			return
		}
		if i > 0 {
			p.write(", ")
		}
		p.value(item, nesting-1)
	}
	p.write("}")
}

func (p *printer) properties(v *value, nesting int) {
	p.write("@{")
	for i, property := range v.properties {
		if p.full() {
			return
		}
		if i > 0 {
			p.write("; ")
		}
		p.write(property.name + "=")
		p.value(property.value, nesting-1)
	}
	p.write("}")
}

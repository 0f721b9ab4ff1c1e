package tds

import (
	"strconv"
	"strings"
)

func (p *parser) nameOrCall() (node, error) {
	parts, err := p.nameParts()
	if err != nil {
		return nil, err
	}
	if !p.peek().is("(") {
		return name{parts}, nil
	}
	return p.call(strings.Join(parts, "."))
}

func (p *parser) call(function string) (node, error) {
	function = strings.ToUpper(function)
	switch function {
	case "CAST", "TRY_CAST":
		return p.cast(function == "TRY_CAST")
	case "CONVERT", "TRY_CONVERT":
		return p.convert(function == "TRY_CONVERT")
	case "IIF":
		return p.iif()
	}
	c := call{name: function}
	if p.ahead(1).is("*") && p.ahead(2).is(")") {
		p.next()
		p.next()
		p.next()
		c.star = true
	} else {
		if p.ahead(1).is("DISTINCT") {
			p.next()
			p.next()
			c.distinct = true
			e, err := p.scalar()
			if err != nil {
				return nil, err
			}
			c.args = []node{e}
			if err := p.expect(")"); err != nil {
				return nil, err
			}
		} else {
			args, err := p.arguments()
			if err != nil {
				return nil, err
			}
			c.args = args
		}
	}
	if p.accept("OVER") {
		w, err := p.over()
		c.over = w
		return c, err
	}
	return c, nil
}

// over parses a window: PARTITION BY and ORDER BY.
func (p *parser) over() (*over, error) {
	w := &over{}
	if err := p.expect("("); err != nil {
		return nil, err
	}
	if p.accept("PARTITION") {
		if err := p.expect("BY"); err != nil {
			return nil, err
		}
		for {
			e, err := p.scalar()
			if err != nil {
				return nil, err
			}
			if w.partition = append(w.partition, e); !p.accept(",") {
				break
			}
		}
	}
	order, err := p.ordering()
	if err != nil {
		return nil, err
	}
	w.order = order
	return w, p.expect(")")
}

func (p *parser) cast(try bool) (node, error) {
	p.next()
	of, err := p.scalar()
	if err != nil {
		return nil, err
	}
	if err := p.expect("AS"); err != nil {
		return nil, err
	}
	to, err := p.typeName(defaultCastSize)
	if err != nil {
		return nil, err
	}
	return conversion{of: of, to: to, try: try}, p.expect(")")
}

func (p *parser) convert(try bool) (node, error) {
	p.next()
	to, err := p.typeName(defaultCastSize)
	if err != nil {
		return nil, err
	}
	if err := p.expect(","); err != nil {
		return nil, err
	}
	c := conversion{to: to, try: try}
	if c.of, err = p.scalar(); err != nil {
		return nil, err
	}
	if p.accept(",") {
		if c.style, err = p.scalar(); err != nil {
			return nil, err
		}
	}
	return c, p.expect(")")
}

// iif is a CASE in short.
func (p *parser) iif() (node, error) {
	p.next()
	condition, err := p.condition()
	if err != nil {
		return nil, err
	}
	if err := p.expect(","); err != nil {
		return nil, err
	}
	then, err := p.scalar()
	if err != nil {
		return nil, err
	}
	if err := p.expect(","); err != nil {
		return nil, err
	}
	otherwise, err := p.scalar()
	if err != nil {
		return nil, err
	}
	return caseNode{whens: []when{{condition, then}}, otherwise: otherwise}, p.expect(")")
}

// arguments parses a list in brackets.
func (p *parser) arguments() ([]node, error) {
	if err := p.expect("("); err != nil {
		return nil, err
	}
	var list []node
	if p.accept(")") {
		return list, nil
	}
	for {
		e, err := p.scalar()
		if err != nil {
			return nil, err
		}
		list = append(list, e)
		if !p.accept(",") {
			return list, p.expect(")")
		}
	}
}

// defaultCastSize is the length of a text that CAST makes when nothing is said.
const defaultCastSize = 30

// typeName parses a type; size is that of a text when nothing is said.
func (p *parser) typeName(size int) (colType, error) {
	word, err := p.name()
	if err != nil {
		return colType{}, err
	}
	if strings.EqualFold(word, "sys") && p.accept(".") {
		if word, err = p.name(); err != nil {
			return colType{}, err
		}
	}
	var numbers []int
	if p.accept("(") {
		for {
			l := p.next()
			n, err := strconv.Atoi(l.text)
			switch {
			case l.is("max"):
				n = sizeMax
			case err != nil || n < 0:
				return colType{}, p.unexpected()
			}
			if numbers = append(numbers, n); !p.accept(",") {
				break
			}
		}
		if err := p.expect(")"); err != nil {
			return colType{}, err
		}
	}
	return typeNamed(word, numbers, size)
}

package tds

import (
	"slices"
	"strconv"
	"strings"
)

// expression parses from the weakest operator, OR, downwards.
func (p *parser) expression() (node, error) {
	if p.depth++; p.depth > deepest {
		return nil, failf(191, 15, "Some part of your SQL statement is nested too deeply.")
	}
	defer func() { p.depth-- }()
	return p.binary(p.and, "OR")
}

func (p *parser) and() (node, error) { return p.binary(p.negation, "AND") }

func (p *parser) negation() (node, error) {
	if !p.accept("NOT") {
		return p.comparison()
	}
	if p.depth++; p.depth > deepest {
		return nil, failf(191, 15, "Some part of your SQL statement is nested too deeply.")
	}
	defer func() { p.depth-- }()
	of, err := p.negation()
	return not{of}, err
}

// binary parses operands joined by one of the operators, left to right.
func (p *parser) binary(operand func() (node, error), operators ...string) (node, error) {
	left, err := operand()
	for err == nil {
		i := slices.IndexFunc(operators, p.peek().is)
		if i < 0 {
			return left, nil
		}
		p.next()
		var right node
		right, err = operand()
		left = binary2{operators[i], left, right}
	}
	return nil, err
}

func (p *parser) sum() (node, error) { return p.binary(p.primary, "+", "-") }

func (p *parser) comparison() (node, error) {
	left, err := p.sum()
	if err != nil {
		return nil, err
	}
	if p.accept("IS") {
		negated := p.accept("NOT")
		return isNull{left, negated}, p.expect("NULL")
	}
	negated := p.accept("NOT")
	if p.accept("IN") {
		list, err := p.arguments()
		return in{left, list, negated}, err
	}
	if negated {
		return nil, p.unexpected()
	}
	for _, op := range []string{"=", "<>", "!=", "<=", ">=", "<", ">"} {
		if p.accept(op) {
			right, err := p.sum()
			return binary2{op, left, right}, err
		}
	}
	return left, nil
}

func (p *parser) primary() (node, error) {
	l := p.peek()
	switch {
	case p.accept("("):
		e, err := p.expression()
		if err != nil {
			return nil, err
		}
		return e, p.expect(")")
	case p.accept("-"):
		l = p.next()
		return number("-"+l.text, l, p)
	case l.kind == lexNumber:
		p.next()
		return number(l.text, l, p)
	case l.kind == lexText:
		p.next()
		size := min(max(len(l.text), 1), longestText)
		return literal{colType{kind: kindText, size: size}, l.text}, nil
	case p.accept("NULL"):
		return literal{colType{kind: kindInt, nullable: true}, nil}, nil
	case l.kind == lexWord && strings.HasPrefix(l.text, "@"):
		p.next()
		return variable{l.text}, nil
	case p.atClause() || l.is("FROM"):
		return nil, p.unexpected()
	default:
		return p.nameOrCall()
	}
}

func number(digits string, l lexeme, p *parser) (node, error) {
	n, err := strconv.ParseInt(digits, 10, 64)
	if l.kind != lexNumber || err != nil {
		return nil, p.unexpected()
	}
	if n == int64(int32(n)) {
		return literal{colType{kind: kindInt}, n}, nil
	}
	return literal{colType{kind: kindBigInt}, n}, nil
}

func (p *parser) nameOrCall() (node, error) {
	first, err := p.name()
	if err != nil {
		return nil, err
	}
	if p.peek().is("(") {
		return p.call(first)
	}
	n := name{[]string{first}}
	for p.accept(".") {
		part, err := p.name()
		if err != nil {
			return nil, err
		}
		n.parts = append(n.parts, part)
	}
	return n, nil
}

func (p *parser) call(function string) (node, error) {
	switch strings.ToUpper(function) {
	case "CAST":
		p.next()
		of, err := p.expression()
		if err != nil {
			return nil, err
		}
		if err := p.expect("AS"); err != nil {
			return nil, err
		}
		to, err := p.typeName()
		if err != nil {
			return nil, err
		}
		return call{"CAST", []node{of}, &to}, p.expect(")")
	case "CONVERT":
		p.next()
		to, err := p.typeName()
		if err != nil {
			return nil, err
		}
		if err := p.expect(","); err != nil {
			return nil, err
		}
		of, err := p.expression()
		if err != nil {
			return nil, err
		}
		if p.accept(",") {
			p.next() // the style
		}
		return call{"CAST", []node{of}, &to}, p.expect(")")
	default:
		args, err := p.arguments()
		return call{strings.ToUpper(function), args, nil}, err
	}
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
		e, err := p.expression()
		if err != nil {
			return nil, err
		}
		list = append(list, e)
		if !p.accept(",") {
			return list, p.expect(")")
		}
	}
}

func (p *parser) typeName() (colType, error) {
	word, err := p.name()
	if err != nil {
		return colType{}, err
	}
	size := 0
	if p.accept("(") {
		l := p.next()
		size, _ = strconv.Atoi(l.text) // max is no number: the default
		if l.is("max") {
			size = longestText
		}
		if err := p.expect(")"); err != nil {
			return colType{}, err
		}
	}
	t, known := typeNamed(word, size)
	if !known {
		return colType{}, failf(243, 16, "Type %s is not a defined system type.", word)
	}
	return t, nil
}

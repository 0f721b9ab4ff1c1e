package tds

import (
	"encoding/hex"
	"math"
	"slices"
	"strconv"
	"strings"
)

// expression parses from the weakest operator, OR, downwards.
func (p *parser) expression() (node, error) {
	defer func() { p.depth-- }()
	if err := p.deeper(); err != nil {
		return nil, err
	}
	return p.logical(p.and, "OR")
}

// condition parses what is true, false or unknown.
func (p *parser) condition() (node, error) {
	e, err := p.expression()
	if err == nil && !isCondition(e) {
		err = failf(4145, 15, "An expression of non-boolean type specified in a context where a condition is expected, "+
			"near '%s'.", orElse(p.peek().text, p.last.text))
	}
	return e, err
}

// scalar parses what has a value.
func (p *parser) scalar() (node, error) {
	e, err := p.expression()
	if err == nil && isCondition(e) {
		err = failf(102, 15, "Incorrect syntax near '%s'.", orElse(p.peek().text, p.last.text))
	}
	return e, err
}

func (p *parser) and() (node, error) { return p.logical(p.negation, "AND") }

// logical parses conditions joined by AND or OR.
func (p *parser) logical(operand func() (node, error), operator string) (node, error) {
	left, err := operand()
	for err == nil && p.peek().is(operator) {
		if !isCondition(left) {
			return nil, failf(4145, 15, "An expression of non-boolean type specified in a context where a condition is "+
				"expected, near '%s'.", operator)
		}
		p.next()
		var right node
		right, err = operand()
		if err == nil && !isCondition(right) {
			return nil, failf(4145, 15, "An expression of non-boolean type specified in a context where a condition is "+
				"expected, near '%s'.", orElse(p.peek().text, p.last.text))
		}
		left = binary2{operator, left, right}
	}
	return left, err
}

func (p *parser) negation() (node, error) {
	if !p.accept("NOT") {
		return p.comparison()
	}
	defer func() { p.depth-- }()
	if err := p.deeper(); err != nil {
		return nil, err
	}
	of, err := p.negation()
	if err == nil && !isCondition(of) {
		return nil, p.unexpected()
	}
	return not{of}, err
}

// arithmetic parses operands joined by one of the operators, left to right.
func (p *parser) arithmetic(operand func() (node, error), operators ...string) (node, error) {
	left, err := operand()
	for err == nil {
		i := slices.IndexFunc(operators, p.peek().is)
		if i < 0 {
			return left, nil
		}
		if isCondition(left) {
			return nil, p.unexpected()
		}
		p.next()
		var right node
		right, err = operand()
		if err == nil && isCondition(right) {
			return nil, p.unexpected()
		}
		left = binary2{operators[i], left, right}
	}
	return nil, err
}

func (p *parser) sum() (node, error) { return p.arithmetic(p.product, "+", "-", "&", "|", "^") }

func (p *parser) product() (node, error) { return p.arithmetic(p.unary, "*", "/", "%") }

func (p *parser) comparison() (node, error) {
	if p.accept("EXISTS") {
		query, err := p.bracketed()
		return exists{query}, err
	}
	left, err := p.sum()
	if err != nil || isCondition(left) {
		return left, err
	}
	if p.accept("IS") {
		negated := p.accept("NOT")
		return isNull{left, negated}, p.expect("NULL")
	}
	negated := p.accept("NOT")
	switch {
	case p.accept("IN"):
		return p.in(left, negated)
	case p.accept("LIKE"):
		n := like{of: left, not: negated}
		if n.pattern, err = p.sum(); err == nil && p.accept("ESCAPE") {
			n.escape, err = p.sum()
		}
		return n, err
	case p.accept("BETWEEN"):
		n := between{of: left, not: negated}
		if n.low, err = p.sum(); err != nil {
			return nil, err
		}
		if err = p.expect("AND"); err == nil {
			n.high, err = p.sum()
		}
		return n, err
	case negated:
		return nil, p.unexpected()
	}
	for _, op := range []string{"=", "<>", "!=", "<=", ">=", "<", ">"} {
		if p.accept(op) {
			right, err := p.sum()
			if err == nil && isCondition(right) {
				return nil, p.unexpected()
			}
			return binary2{op, left, right}, err
		}
	}
	return left, nil
}

func (p *parser) in(left node, negated bool) (node, error) {
	if p.peek().is("(") && p.ahead(1).is("SELECT") {
		query, err := p.bracketed()
		return in{of: left, query: &query, not: negated}, err
	}
	if p.peek().is("(") && p.ahead(1).is(")") {
		p.next()
		return nil, p.unexpected()
	}
	list, err := p.arguments()
	return in{of: left, list: list, not: negated}, err
}

// bracketed parses a SELECT in brackets.
func (p *parser) bracketed() (selectStatement, error) {
	if err := p.expect("("); err != nil {
		return selectStatement{}, err
	}
	query, err := p.selectStatement()
	if err != nil {
		return query, err
	}
	return query, p.expect(")")
}

func (p *parser) unary() (node, error) {
	defer func() { p.depth-- }()
	if err := p.deeper(); err != nil {
		return nil, err
	}
	switch {
	case p.accept("-"):
		if l := p.peek(); l.kind == lexNumber {
			p.next()
			return number("-"+l.text, p)
		}
		of, err := p.unary()
		return minus{of}, err
	case p.accept("+"):
		return p.unary()
	}
	e, err := p.primary()
	for err == nil && p.accept("COLLATE") {
		_, err = p.name()
	}
	return e, err
}

func (p *parser) primary() (node, error) {
	l := p.peek()
	switch {
	case l.is("(") && (p.ahead(1).is("SELECT") || p.ahead(1).is("WITH")):
		query, err := p.bracketed()
		return subquery{query}, err
	case p.accept("("):
		e, err := p.expression()
		if err != nil {
			return nil, err
		}
		return e, p.expect(")")
	case l.kind == lexNumber:
		p.next()
		return number(l.text, p)
	case l.kind == lexBinary:
		p.next()
		raw, err := hex.DecodeString(strings.Repeat("0", len(l.text)%2) + l.text)
		return literal{colType{kind: kindBinary, size: max(len(raw), 1)}, raw}, err
	case l.kind == lexText:
		p.next()
		return textLiteral(l), nil
	case p.accept("NULL"):
		return literal{colType{kind: kindNull, nullable: true}, nil}, nil
	case p.accept("CASE"):
		return p.caseNode()
	case p.accept("CURRENT_TIMESTAMP"):
		return call{name: "GETDATE"}, nil
	case p.accept("USER"):
		return call{name: "USER_NAME"}, nil
	case p.atVariable():
		p.next()
		return variable{l.text}, nil
	case l.reserved && p.ahead(1).is("(") && slices.ContainsFunc(
		[]string{"LEFT", "RIGHT", "COALESCE", "NULLIF", "CONVERT", "TRY_CONVERT"}, l.is):
		p.next()
		return p.call(l.text)
	default:
		return p.nameOrCall()
	}
}

func textLiteral(l lexeme) literal {
	t := colType{kind: kindVarchar, size: min(max(len([]rune(l.text)), 1), 2*longestText)}
	if l.national || l.kind == lexName {
		t.kind, t.size = kindText, min(t.size, longestText)
	}
	return literal{t, l.text}
}

// number is an int or, with a point, a numeric; with an exponent, a float.
func number(digits string, p *parser) (node, error) {
	if strings.ContainsAny(digits, "eE") {
		f, err := strconv.ParseFloat(digits, 64)
		if err != nil || math.IsInf(f, 0) {
			return nil, failf(168, 15, "The floating point value '%s' is out of the range of computer representation.", digits)
		}
		return literal{colType{kind: kindFloat}, f}, nil
	}
	if n, err := strconv.ParseInt(digits, 10, 32); err == nil {
		return literal{colType{kind: kindInt}, n}, nil
	}
	d, ok := parseDecimal(digits)
	if !ok || d.precision() > maxPrecision {
		return nil, failf(1007, 15, "The number '%s' is out of the range for numeric representation (maximum precision 38).",
			digits)
	}
	return literal{colType{kind: kindDecimal, size: max(d.precision(), 1), scale: d.scale}, d}, nil
}

func (p *parser) caseNode() (node, error) {
	var n caseNode
	var err error
	if !p.peek().is("WHEN") {
		if n.of, err = p.scalar(); err != nil {
			return nil, err
		}
	}
	for p.accept("WHEN") {
		var w when
		if n.of != nil {
			w.condition, err = p.scalar()
		} else {
			w.condition, err = p.condition()
		}
		if err != nil {
			return nil, err
		}
		if err := p.expect("THEN"); err != nil {
			return nil, err
		}
		if w.then, err = p.scalar(); err != nil {
			return nil, err
		}
		n.whens = append(n.whens, w)
	}
	if len(n.whens) == 0 {
		return nil, p.unexpected()
	}
	if p.accept("ELSE") {
		if n.otherwise, err = p.scalar(); err != nil {
			return nil, err
		}
	}
	return n, p.expect("END")
}

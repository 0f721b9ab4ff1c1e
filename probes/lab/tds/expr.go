package tds

import (
	"slices"
	"strings"
)

func (sc scope) expr(n node) (compiled, error) {
	if sc.slots.isKey(n) {
		sc.slots = nil
	}
	switch n := n.(type) {
	case literal:
		return constant(n.typ, n.value), nil
	case variable:
		return sc.variable(n.name)
	case name:
		i, err := sc.column(n)
		if err != nil {
			return compiled{}, err
		}
		return columnAt(sc.columns[i], i), sc.slots.allowed(sc.columns[i], sc, i)
	case call:
		return sc.call(n)
	case conversion:
		return sc.conversion(n)
	case caseNode:
		return sc.caseOf(n)
	case minus:
		of, err := sc.expr(n.of)
		if err == nil && !of.typ.isNumber() && of.typ.kind != kindNull {
			err = operandInvalid(of.typ, "minus")
		}
		if err != nil {
			return compiled{}, err
		}
		return sc.calculate("-", constant(colType{kind: kindTinyInt}, int64(0)), of)
	case binary2:
		return sc.binary(n)
	case not:
		return sc.unary(n.of, func(v any) any {
			if b, known := v.(bool); known {
				return !b
			}
			return nil
		})
	case isNull:
		return sc.unary(n.of, func(v any) any { return (v == nil) != n.not })
	case subquery, exists:
		return sc.nested(n)
	default:
		return sc.predicate(n)
	}
}

// predicate compiles the conditions that are short for several others.
func (sc scope) predicate(n node) (compiled, error) {
	switch n := n.(type) {
	case in:
		return sc.in(n)
	case like:
		return sc.like(n)
	case between:
		both := node(binary2{"AND", binary2{">=", n.of, n.low}, binary2{"<=", n.of, n.high}})
		if n.not {
			both = not{both}
		}
		return sc.expr(both)
	}
	return compiled{}, failf(102, 15, "Incorrect syntax.")
}

func constant(t colType, v any) compiled {
	return compiled{t, func([]any) any { return v }}
}

func boolean() colType { return colType{kind: kindBit, nullable: true} }

func (sc scope) unary(of node, result func(any) any) (compiled, error) {
	c, err := sc.expr(of)
	if err != nil {
		return compiled{}, err
	}
	return compiled{boolean(), func(row []any) any { return result(c.eval(row)) }}, nil
}

// within compiles a query inside of an expression: it sees the columns around it.
func (sc scope) within(st selectStatement) (plan, func(row []any) [][]any, error) {
	inner := sc
	inner.slots = nil
	width := len(sc.columns)
	p, err := compile(st, inner)
	if err != nil {
		return p, nil, err
	}
	return p, func(row []any) [][]any { return p.rows(row[:width]) }, nil
}

func (sc scope) nested(n node) (compiled, error) {
	if e, isExists := n.(exists); isExists {
		_, rows, err := sc.within(e.query)
		return compiled{boolean(), func(row []any) any { return len(rows(row)) > 0 }}, err
	}
	st := n.(subquery).query
	if len(st.order) > 0 && st.top == nil && st.offset == nil {
		return compiled{}, failf(1033, 15, "The ORDER BY clause is invalid in views, inline functions, derived tables, "+
			"subqueries, "+
			"and common table expressions, unless TOP, OFFSET or FOR XML is also specified.")
	}
	p, rows, err := sc.within(st)
	if err != nil {
		return compiled{}, err
	}
	if len(p.columns) != 1 {
		return compiled{}, failf(116, 16, "Only one expression can be specified in the select list when the subquery is not "+
			"introduced with EXISTS.")
	}
	t := p.columns[0].typ
	t.nullable = true
	return compiled{t, func(row []any) any {
		found := rows(row)
		switch len(found) {
		case 0:
			return nil
		case 1:
			return found[0][0]
		}
		return sc.run.fail(failf(512, 16, "Subquery returned more than 1 value. This is not permitted when the subquery "+
			"follows "+
			"=, !=, <, <= , >, >= or when the subquery is used as an expression."))
	}}, nil
}

func (sc scope) in(n in) (compiled, error) {
	of, err := sc.expr(n.of)
	if err != nil {
		return compiled{}, err
	}
	if n.query != nil {
		p, rows, err := sc.within(*n.query)
		if err != nil {
			return compiled{}, err
		}
		if len(p.columns) != 1 {
			return compiled{}, failf(116, 16, "Only one expression can be specified in the select list when the subquery is "+
				"not "+
				"introduced with EXISTS.")
		}
		l, r, _, err := sc.unify(of, columnAt(p.columns[0], 0))
		if err != nil {
			return compiled{}, err
		}
		return compiled{boolean(), func(row []any) any {
			found := rows(row)
			if len(found) == 0 {
				return n.not
			}
			return among(l.eval(row), len(found), n.not, func(i int) any { return r.eval(found[i]) })
		}}, nil
	}
	var left, right []compiled
	for _, e := range n.list {
		c, err := sc.expr(e)
		if err != nil {
			return compiled{}, err
		}
		l, r, _, err := sc.unify(of, c)
		if err != nil {
			return compiled{}, err
		}
		left, right = append(left, l), append(right, r)
	}
	return compiled{boolean(), func(row []any) any {
		unknown := false
		for i := range right {
			switch decide("=", left[i].eval(row), right[i].eval(row)) {
			case true:
				return !n.not
			case nil:
				unknown = true
			}
		}
		if unknown {
			return nil
		}
		return n.not
	}}, nil
}

// among is IN: unknown where a null might be the one.
func among(v any, count int, negated bool, at func(i int) any) any {
	unknown := false
	for i := range count {
		switch decide("=", v, at(i)) {
		case true:
			return !negated
		case nil:
			unknown = true
		}
	}
	if unknown {
		return nil
	}
	return negated
}

func (sc scope) binary(n binary2) (compiled, error) {
	left, err := sc.expr(n.left)
	if err != nil {
		return compiled{}, err
	}
	right, err := sc.expr(n.right)
	if err != nil {
		return compiled{}, err
	}
	switch n.op {
	case "AND", "OR":
		return compiled{boolean(), func(row []any) any {
			l := left.eval(row)
			if l == (n.op == "OR") { // decided
				return l
			}
			return decide(n.op, l, right.eval(row))
		}}, nil
	case "+", "-", "*", "/", "%", "&", "|", "^":
		return sc.calculate(n.op, left, right)
	}
	if left.typ.isOld() || right.typ.isOld() {
		return compiled{}, failf(402, 16, "The data types %s and %s are incompatible in the equal to "+
			"operator.", left.typ.word(),
			right.typ.word())
	}
	l, r, _, err := sc.unify(left, right)
	if err != nil {
		return compiled{}, err
	}
	return compiled{boolean(), func(row []any) any { return decide(n.op, l.eval(row), r.eval(row)) }}, nil
}

// caseOf compiles CASE: its type is the strongest of all that it may come to.
func (sc scope) caseOf(n caseNode) (compiled, error) {
	var conditions, values []compiled
	for _, w := range n.whens {
		condition := w.condition
		if n.of != nil {
			condition = binary2{"=", n.of, w.condition}
		}
		c, err := sc.expr(condition)
		if err != nil {
			return compiled{}, err
		}
		v, err := sc.expr(w.then)
		if err != nil {
			return compiled{}, err
		}
		conditions, values = append(conditions, c), append(values, v)
	}
	otherwise := constant(colType{kind: kindNull, nullable: true}, nil)
	if n.otherwise != nil {
		var err error
		if otherwise, err = sc.expr(n.otherwise); err != nil {
			return compiled{}, err
		}
	}
	all, t, err := sc.unifyAll(append(values, otherwise))
	if err != nil {
		return compiled{}, err
	}
	if t.kind == kindNull {
		return compiled{}, failf(8133, 16, "At least one of the result expressions in a CASE specification must be an "+
			"expression "+
			"other than the NULL constant.")
	}
	return compiled{t, func(row []any) any {
		for i, c := range conditions {
			if c.eval(row) == true {
				return all[i].eval(row)
			}
		}
		return all[len(all)-1].eval(row)
	}}, nil
}

// unifyAll converts all to the type that all fit.
func (sc scope) unifyAll(all []compiled) ([]compiled, colType, error) {
	t := all[0].typ
	for _, c := range all[1:] {
		var err error
		if t, err = common(t, c.typ); err != nil {
			return nil, t, err
		}
	}
	all = slices.Clone(all)
	for i := range all {
		all[i] = sc.convertTo(all[i], t)
	}
	return all, t, nil
}

// unify converts two expressions to the type that both fit.
func (sc scope) unify(a, b compiled) (x, y compiled, t colType, err error) {
	if t, err = common(a.typ, b.typ); err != nil {
		return a, b, t, err
	}
	return sc.convertTo(a, t), sc.convertTo(b, t), t, nil
}

// common is the type that two types both fit: that of the higher precedence.
func common(a, b colType) (colType, error) {
	strong, weak := a, b
	if b.kind.rank() < a.kind.rank() {
		strong, weak = b, a
	}
	clash := failf(206, 16, "Operand type clash: %s is incompatible with %s", weak.word(), strong.word())
	switch {
	case weak.kind == kindNull || strong.kind == kindVariant:
	case strong.kind == weak.kind || strong.isText() && weak.isText():
		if strong.size < sizeMax && (weak.size > strong.size || weak.size == sizeMax) {
			strong.size = weak.size
		}
		if strong.kind == kindDecimal {
			strong = decimalBoth(a, b)
		}
		strong.padded = strong.padded && weak.padded && a.size == b.size
		if strong.kind == kindText && strong.size != sizeMax {
			strong.size = min(strong.size, longestText)
		}
		if strong.isDate() {
			strong.scale = min(a.scale, b.scale)
		}
	case strong.kind == kindDecimal && weak.isWhole():
		precision, _ := weak.digits()
		strong = decimalBoth(strong, colType{kind: kindDecimal, size: precision})
	case strong.isDate() && weak.isNumber() && strong.kind != kindDateTime && strong.kind != kindSmallDateTime:
		return strong, clash
	case strong.kind == kindGUID && weak.isNumber(), strong.isNumber() && weak.kind == kindGUID,
		strong.kind == kindXML && !weak.isText():
		return strong, clash
	case strong.kind == kindDate && weak.kind == kindTime:
		return strong, clash
	}
	strong.nullable = a.nullable || b.nullable
	return strong, nil
}

func decimalBoth(a, b colType) colType {
	ap, as := a.digits()
	bp, bs := b.digits()
	scale := max(as, bs)
	return colType{kind: kindDecimal, size: min(max(ap-as, bp-bs)+scale, maxPrecision), scale: min(scale, maxPrecision)}
}

// convertTo converts where the types differ.
func (sc scope) convertTo(c compiled, t colType) compiled {
	if c.typ.kind == t.kind && (c.typ.isText() || c.typ.isWhole() || c.typ.kind == kindBinary) || t.kind == kindVariant {
		return compiled{t, c.eval}
	}
	return compiled{t, func(row []any) any { return sc.convertValue(c.eval(row), c.typ, t) }}
}

func (sc scope) convertValue(v any, from, to colType) any {
	if from.kind == kindVariant {
		from = variantType(v)
	}
	converted, err := conv{from: from, to: to}.value(v)
	if err != nil {
		return sc.run.fail(err)
	}
	return converted
}

func (sc scope) conversion(n conversion) (compiled, error) {
	of, err := sc.expr(n.of)
	if err != nil {
		return compiled{}, err
	}
	style := constant(colType{kind: kindInt}, int64(0))
	if n.style != nil {
		if style, err = sc.expr(n.style); err != nil {
			return compiled{}, err
		}
	}
	to := n.to
	to.nullable = true
	return compiled{to, func(row []any) any {
		from, v := of.typ, of.eval(row)
		if from.kind == kindVariant {
			from = variantType(v)
		}
		number, _ := style.eval(row).(int64)
		converted, err := conv{from: from, to: to, style: int(number)}.value(v)
		switch {
		case err == nil:
			return converted
		case n.try:
			return nil
		}
		return sc.run.fail(err)
	}}, nil
}

// assigning puts every value into a variable.
func (sc scope) assigning(variable string, c compiled) (compiled, error) {
	key := strings.ToLower(variable)
	if _, known := sc.params[key]; !known {
		return c, failf(137, 15, "Must declare the scalar variable \"%s\".", variable)
	}
	return compiled{c.typ, func(row []any) any {
		p := sc.params[key]
		p.value = sc.convertValue(c.eval(row), c.typ, p.typ)
		sc.params[key] = p
		return p.value
	}}, nil
}

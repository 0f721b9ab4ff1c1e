package tds

import (
	"bytes"
	"cmp"
	"math"
	"math/big"
	"strings"
	"time"
)

// calculate compiles an operator between two values.
func (sc scope) calculate(op string, left, right compiled) (compiled, error) {
	isText := func(t colType) bool { return t.isText() || t.kind == kindNull }
	switch {
	case op == "+" && isText(left.typ) && isText(right.typ):
		return concatenated(left, right), nil
	case op == "+" && left.typ.kind == kindBinary && right.typ.kind == kindBinary:
		t := left.typ
		t.size, t.nullable = min(left.typ.size+right.typ.size, 2*longestText), true
		return compiled{t, func(row []any) any {
			l, lok := left.eval(row).([]byte)
			r, rok := right.eval(row).([]byte)
			if !lok || !rok {
				return nil
			}
			return append(bytes.Clone(l), r...)
		}}, nil
	}
	operator := map[string]string{
		"+": "add", "-": "subtract", "*": "multiply", "/": "divide", "%": "modulo",
		"&": "'&'", "|": "'|'", "^": "'^'",
	}[op]
	l, r, t, err := sc.unify(left, right)
	if err != nil {
		return compiled{}, err
	}
	if t.kind == kindDateTime || t.kind == kindSmallDateTime {
		if op == "+" || op == "-" {
			return sc.dateArithmetic(op, l, r, t)
		}
	}
	bits := strings.Contains("&|^", op)
	if t.kind == kindNull {
		t.kind = kindInt
	}
	if !t.isNumber() || bits && !t.isWhole() || op == "%" && (t.kind == kindFloat || t.kind == kindReal) ||
		t.kind == kindBit && !bits {
		if left.typ.isNumber() && right.typ.isNumber() || left.typ.kind == right.typ.kind {
			return compiled{}, operandInvalid(t, operator)
		}
		return compiled{}, failf(402, 16, "The data types %s and %s are incompatible in the %s operator.", left.typ.word(),
			right.typ.word(), operator)
	}
	if t.kind == kindDecimal {
		t = decimalResult(op, left.typ, right.typ)
	}
	t.nullable = true
	return compiled{t, func(row []any) any { return sc.arithmetic(op, t, l.eval(row), r.eval(row)) }}, nil
}

func concatenated(left, right compiled) compiled {
	t := left.typ
	if right.typ.kind == kindText || t.kind == kindNull {
		t.kind = right.typ.kind
	}
	longest := 2 * longestText
	if t.kind == kindText {
		longest = longestText
	}
	t.padded, t.nullable = false, true
	if left.typ.size == sizeMax || right.typ.size == sizeMax {
		t.size = sizeMax
	} else {
		t.size = min(left.typ.size+max(right.typ.size, 1), longest)
	}
	if t.kind == kindNull {
		t.kind = kindVarchar
	}
	return compiled{t, func(row []any) any {
		l, lok := left.eval(row).(string)
		r, rok := right.eval(row).(string)
		if !lok || !rok {
			return nil
		}
		if runes := []rune(l + r); len(runes) > t.size {
			return string(runes[:t.size])
		}
		return l + r
	}}
}

// dateArithmetic adds days to a datetime, or takes them from it.
func (sc scope) dateArithmetic(op string, l, r compiled, t colType) (compiled, error) {
	t.nullable = true
	return compiled{t, func(row []any) any {
		a, aok := l.eval(row).(time.Time)
		b, bok := r.eval(row).(time.Time)
		if !aok || !bok {
			return nil
		}
		days := b.Sub(dayZero())
		if op == "-" {
			days = -days
		}
		return t.shape(a.Add(days))
	}}, nil
}

// decimalResult is the type of a numeric that was calculated.
// Source: Microsoft, "Precision, scale, and length (Transact-SQL)".
func decimalResult(op string, left, right colType) colType {
	p1, s1 := left.digits()
	p2, s2 := right.digits()
	var precision, scale int
	switch op {
	case "*":
		precision, scale = p1+p2+1, s1+s2
	case "/":
		scale = max(6, s1+p2+1)
		precision = p1 - s1 + s2 + scale
	case "%":
		scale = max(s1, s2)
		precision = min(p1-s1, p2-s2) + scale
	default:
		scale = max(s1, s2)
		precision = scale + max(p1-s1, p2-s2) + 1
	}
	if precision > maxPrecision {
		scale = max(min(scale, 6), scale-(precision-maxPrecision))
		precision = maxPrecision
	}
	return colType{kind: kindDecimal, size: max(precision, 1), scale: min(max(scale, 0), maxPrecision)}
}

// arithmetic calculates with two values of one type.
func (sc scope) arithmetic(op string, t colType, left, right any) any {
	var result any
	var err error
	switch l := left.(type) {
	case int64:
		if r, ok := right.(int64); ok {
			result, err = wholes(op, t, l, r)
		}
	case bool:
		if r, ok := right.(bool); ok {
			result, err = wholes(op, t, number64(l), number64(r))
			if n, isNumber := result.(int64); isNumber {
				result = n != 0
			}
		}
	case float64:
		if r, ok := right.(float64); ok {
			result, err = floats(op, t, l, r)
		}
	case decimal:
		if r, ok := right.(decimal); ok {
			result, err = decimals(op, t, l, r)
		}
	}
	if err != nil {
		return sc.run.fail(err)
	}
	return result
}

func divideByZero() error { return failf(8134, 16, "Divide by zero error encountered.") }

func overflow(t colType) error { return conv{to: t}.overflow() }

func wholes(op string, t colType, l, r int64) (any, error) {
	a, b, n := big.NewInt(l), big.NewInt(r), new(big.Int)
	switch op {
	case "+":
		n.Add(a, b)
	case "-":
		n.Sub(a, b)
	case "*":
		n.Mul(a, b)
	case "&":
		n.And(a, b)
	case "|":
		n.Or(a, b)
	case "^":
		n.Xor(a, b)
	default:
		if r == 0 {
			return nil, divideByZero()
		}
		rest := new(big.Int)
		n.QuoRem(a, b, rest)
		if op == "%" {
			n = rest
		}
	}
	least, most := t.limits()
	if !n.IsInt64() || n.Int64() < least || n.Int64() > most {
		return nil, overflow(t)
	}
	return n.Int64(), nil
}

func floats(op string, t colType, l, r float64) (any, error) {
	var f float64
	switch op {
	case "+":
		f = l + r
	case "-":
		f = l - r
	case "*":
		f = l * r
	default:
		if r == 0 {
			return nil, divideByZero()
		}
		f = l / r
	}
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return nil, overflow(t)
	}
	return f, nil
}

func decimals(op string, t colType, l, r decimal) (any, error) {
	precision, scale := t.digits()
	both := max(l.scale, r.scale)
	a, b := l.rescaled(both), r.rescaled(both)
	var d decimal
	switch op {
	case "+":
		d = decimal{new(big.Int).Add(a.n, b.n), both}
	case "-":
		d = decimal{new(big.Int).Sub(a.n, b.n), both}
	case "*":
		d = decimal{new(big.Int).Mul(l.n, r.n), l.scale + r.scale}
	default:
		if r.n.Sign() == 0 {
			return nil, divideByZero()
		}
		if op == "%" {
			d = decimal{new(big.Int).Rem(a.n, b.n), both}
			break
		}
		d = decimal{new(big.Int).Quo(new(big.Int).Mul(a.n, tenTo(scale+1)), b.n), scale + 1}
	}
	d = d.rescaled(scale)
	if d.precision() > precision {
		return nil, overflow(t)
	}
	return d, nil
}

// decide answers a comparison, or AND and OR, with nil for unknown.
func decide(op string, l, r any) any {
	switch op {
	case "AND":
		switch {
		case l == false || r == false:
			return false
		case l == true && r == true:
			return true
		}
		return nil
	case "OR":
		switch {
		case l == true || r == true:
			return true
		case l == false && r == false:
			return false
		}
		return nil
	}
	order, ok := compare(l, r)
	if !ok {
		return nil
	}
	switch op {
	case "=":
		return order == 0
	case "<>", "!=":
		return order != 0
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	default:
		return order >= 0
	}
}

// compare orders two values as the server's collation does; false when one is
// null or they cannot be compared.
func compare(a, b any) (int, bool) {
	switch a := a.(type) {
	case string:
		b, ok := b.(string)
		return cmp.Compare(collated(a), collated(b)), ok
	case time.Time:
		b, ok := b.(time.Time)
		return a.Compare(b), ok
	case bool, int64:
		x, _ := whole(a)
		y, ok := whole(b)
		return cmp.Compare(x, y), ok
	case float64:
		b, ok := b.(float64)
		return cmp.Compare(a, b), ok
	case decimal:
		b, ok := b.(decimal)
		if !ok {
			return 0, false
		}
		return a.cmp(b), true
	case guid:
		b, ok := b.(guid)
		// The last group counts first.
		return cmp.Or(bytes.Compare(a[10:], b[10:]), bytes.Compare(a[8:10], b[8:10]), bytes.Compare(a[:8], b[:8])), ok
	case []byte:
		b, ok := b.([]byte)
		return bytes.Compare(bytes.TrimRight(a, "\x00"), bytes.TrimRight(b, "\x00")), ok
	default:
		return 0, false
	}
}

func whole(v any) (int64, bool) {
	switch v := v.(type) {
	case int64:
		return v, true
	case bool:
		return number64(v), true
	default:
		return 0, false
	}
}

// variantType is the type that a value has inside of a sql_variant.
func variantType(v any) colType {
	t := colType{kind: kindNull, nullable: true}
	switch v := v.(type) {
	case string:
		t.kind, t.size = kindText, min(max(len([]rune(v)), 1), longestText)
	case bool:
		t.kind = kindBit
	case int64:
		t.kind = kindInt
		if v != int64(int32(v)) {
			t.kind = kindBigInt
		}
	case float64:
		t.kind = kindFloat
	case decimal:
		t.kind, t.size, t.scale = kindDecimal, max(v.precision(), v.scale, 1), v.scale
	case time.Time:
		t.kind = kindDateTime
	case guid:
		t.kind = kindGUID
	case []byte:
		t.kind, t.size = kindBinary, max(len(v), 1)
	}
	return t
}

package tds

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"postpatch/probes/lab/estate"
)

// scope is what names in a statement can mean.
type scope struct {
	session *session
	sql     estate.SQL
	params  map[string]param
	columns []column // of the table in FROM
}

// compiled is an expression with its type, ready for any number of rows.
type compiled struct {
	typ  colType
	eval func(row []any) any
}

// result is a SELECT, ready to give its rows.
type result struct {
	columns []column
	order   []int // the ids of the columns it is ordered by; 0 is no column of it
	rows    func() ([][]any, error)
}

// compile resolves every name before the first row, because the columns'
// types come before the rows.
func compile(st selectStatement, sc scope) (result, error) {
	source := table{rows: [][]any{nil}}
	if len(st.from) > 0 {
		var err error
		if source, err = sc.joined(st.from); err != nil {
			return result{}, err
		}
		sc.columns = source.columns
	}
	rows := source.rows
	if st.where != nil {
		where, err := sc.expr(st.where)
		if err != nil {
			return result{}, err
		}
		rows = slices.DeleteFunc(slices.Clone(rows), func(row []any) bool { return where.eval(row) != true })
	}
	if st.groups() {
		return sc.grouped(st, rows)
	}
	columns, list, err := sc.list(st.list)
	if err != nil {
		return result{}, err
	}
	r := result{columns: columns}
	for _, by := range slices.Backward(st.order) { // stable, so the last key first
		key, err := sc.expr(by.expr)
		if err != nil {
			return result{}, err
		}
		id := slices.IndexFunc(st.list, func(s selected) bool { return sameName(s.expr, by.expr) })
		r.order = slices.Insert(r.order, 0, id+1)
		rows = slices.Clone(rows)
		slices.SortStableFunc(rows, func(a, b []any) int {
			order, _ := compare(key.eval(a), key.eval(b))
			if by.desc {
				return -order
			}
			return order
		})
	}
	if st.top >= 0 {
		rows = rows[:min(st.top, len(rows))]
	}
	r.rows = func() ([][]any, error) {
		out := make([][]any, len(rows))
		for i, row := range rows {
			for _, c := range list {
				out[i] = append(out[i], c.eval(row))
			}
		}
		return out, nil
	}
	return r, nil
}

func sameName(a, b node) bool {
	an, aok := a.(name)
	bn, bok := b.(name)
	return aok && bok && strings.EqualFold(an.parts[len(an.parts)-1], bn.parts[len(bn.parts)-1])
}

// list compiles the select list.
func (sc scope) list(items []selected) ([]column, []compiled, error) {
	var columns []column
	var list []compiled
	for _, item := range items {
		if item.star {
			if len(sc.columns) == 0 {
				return nil, nil, failf(263, 16, "Must specify table to select from.")
			}
			for i, c := range sc.columns {
				columns, list = append(columns, c), append(list, columnAt(c, i))
			}
			continue
		}
		c, err := sc.expr(item.expr)
		if err != nil {
			return nil, nil, err
		}
		_, isName := item.expr.(name)
		columns = append(columns, column{name: item.alias, typ: c.typ, table: isName})
		list = append(list, c)
	}
	return columns, list, nil
}

func columnAt(c column, i int) compiled {
	return compiled{c.typ, func(row []any) any { return row[i] }}
}

func (sc scope) expr(n node) (compiled, error) {
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
		return columnAt(sc.columns[i], i), nil
	case call:
		return sc.call(n)
	case not:
		return sc.unary(n.of, func(v any) any {
			if b, known := v.(bool); known {
				return !b
			}
			return nil
		})
	case isNull:
		return sc.unary(n.of, func(v any) any { return (v == nil) != n.not })
	case in:
		return sc.in(n)
	case binary2:
		return sc.binary(n)
	default:
		return compiled{}, failf(102, 15, "Incorrect syntax.")
	}
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

func (sc scope) in(n in) (compiled, error) {
	of, err := sc.expr(n.of)
	if err != nil {
		return compiled{}, err
	}
	var list []compiled
	for _, e := range n.list {
		c, err := sc.expr(e)
		if err != nil {
			return compiled{}, err
		}
		list = append(list, c)
	}
	return compiled{boolean(), func(row []any) any {
		v := of.eval(row)
		for _, c := range list {
			if order, ok := compare(v, c.eval(row)); ok && order == 0 {
				return !n.not
			}
		}
		if v == nil {
			return nil
		}
		return n.not
	}}, nil
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
	case "+", "-":
		return arithmetic(n.op, left, right), nil
	default:
		return compiled{boolean(), func(row []any) any { return decide(n.op, left.eval(row), right.eval(row)) }}, nil
	}
}

// arithmetic adds numbers and joins texts.
func arithmetic(op string, left, right compiled) compiled {
	t := left.typ
	t.nullable = true
	if t.kind == kindText {
		t.size = min(left.typ.size+max(right.typ.size, 1), longestText)
	}
	return compiled{t, func(row []any) any {
		switch l := left.eval(row).(type) {
		case string:
			if r, ok := right.eval(row).(string); ok && op == "+" {
				return l + r
			}
		case int64:
			if r, ok := right.eval(row).(int64); ok {
				if op == "-" {
					r = -r
				}
				return l + r
			}
		}
		return nil
	}}
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
		return cmp.Compare(strings.ToLower(a), strings.ToLower(b)), ok
	case time.Time:
		b, ok := b.(time.Time)
		return a.Compare(b), ok
	case bool, int64:
		x, _ := whole(a)
		y, ok := whole(b)
		return cmp.Compare(x, y), ok
	default:
		return 0, false
	}
}

func whole(v any) (int64, bool) {
	switch v := v.(type) {
	case int64:
		return v, true
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	default:
		return 0, false
	}
}

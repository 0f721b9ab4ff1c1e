package tds

import (
	"slices"
	"strings"
)

// slots are the values that a query computes of many rows. They stand behind the
// columns of a row, from base on: aggregates, and after these windows.
type slots struct {
	base       int
	grouped    bool
	group      []node
	aggregates []aggregate
	windows    []window
	inside     bool // of an aggregate, where columns mean single rows
}

type aggregate struct {
	name     string
	of       compiled // not of COUNT(*)
	distinct bool
	star     bool
	typ      colType
}

func aggregateNames() []string {
	return []string{"COUNT", "COUNT_BIG", "MIN", "MAX", "SUM", "AVG"}
}

// groups says whether the statement makes one row of several.
func (st selectStatement) groups() bool {
	return len(st.group) > 0 || st.having != nil ||
		slices.ContainsFunc(st.list, func(s selected) bool { return s.expr != nil && hasAggregate(s.expr) }) ||
		slices.ContainsFunc(st.order, func(o ordering) bool { return hasAggregate(o.expr) })
}

// hasAggregate looks for one in an expression, not in the queries inside of it.
func hasAggregate(n node) bool {
	has := func(all ...node) bool {
		return slices.ContainsFunc(all, func(n node) bool { return n != nil && hasAggregate(n) })
	}
	switch n := n.(type) {
	case call:
		return n.over == nil && slices.Contains(aggregateNames(), n.name) || has(n.args...)
	case conversion:
		return has(n.of, n.style)
	case binary2:
		return has(n.left, n.right)
	case minus:
		return has(n.of)
	case not:
		return has(n.of)
	case isNull:
		return has(n.of)
	case in:
		return has(append(n.list, n.of)...)
	case like:
		return has(n.of, n.pattern, n.escape)
	case between:
		return has(n.of, n.low, n.high)
	case caseNode:
		for _, w := range n.whens {
			if has(w.condition, w.then) {
				return true
			}
		}
		return has(n.of, n.otherwise)
	}
	return false
}

// allowed says whether a column may stand alone beside aggregates.
func (s *slots) allowed(c column, sc scope, i int) error {
	if s == nil || !s.grouped || s.inside || i < sc.own {
		return nil
	}
	for _, g := range s.group {
		n, isName := g.(name)
		if !isName {
			continue
		}
		k, err := sc.column(n)
		if err != nil || k == i {
			return err
		}
	}
	return failf(8120, 16, "Column '%s' is invalid in the select list because it is not contained in either an aggregate "+
		"function or the GROUP BY clause.", strings.TrimPrefix(c.of+"."+c.name, "."))
}

// isKey says whether an expression is one of GROUP BY.
func (s *slots) isKey(n node) bool {
	if s == nil || !s.grouped || s.inside {
		return false
	}
	if _, isName := n.(name); isName {
		return false // see allowed
	}
	return slices.ContainsFunc(s.group, func(g node) bool { return sameNode(g, n) })
}

// aggregate compiles one, and is the place where its value will stand.
func (sc scope) aggregate(n call) (compiled, error) {
	if sc.slots == nil || sc.slots.inside {
		if sc.slots != nil {
			return compiled{}, failf(130, 15, "Cannot perform an aggregate function on an expression containing an aggregate "+
				"or a subquery.")
		}
		return compiled{}, failf(147, 15, "An aggregate may not appear in the WHERE clause unless it is in a subquery "+
			"contained in a "+
			"HAVING clause or a select list, and the column being aggregated is an outer reference.")
	}
	a, err := sc.aggregateOf(n)
	if err != nil {
		return compiled{}, err
	}
	i := sc.slots.base + len(sc.slots.aggregates)
	sc.slots.aggregates = append(sc.slots.aggregates, a)
	return compiled{a.typ, func(row []any) any { return row[i] }}, nil
}

func (sc scope) aggregateOf(n call) (aggregate, error) {
	a := aggregate{name: n.name, distinct: n.distinct, star: n.star}
	if n.star && n.name != "COUNT" && n.name != "COUNT_BIG" {
		return a, failf(102, 15, "Incorrect syntax near '*'.")
	}
	if !n.star {
		if len(n.args) != 1 {
			return a, failf(174, 15, "The %s function requires 1 argument(s).", n.name)
		}
		inside := *sc.slots
		inside.inside = true
		sc.slots = &inside
		var err error
		if a.of, err = sc.expr(n.args[0]); err != nil {
			return a, err
		}
	}
	a.typ = a.of.typ
	a.typ.nullable = true
	switch n.name {
	case "COUNT":
		a.typ = colType{kind: kindInt}
		return a, nil
	case "COUNT_BIG":
		a.typ = colType{kind: kindBigInt}
		return a, nil
	case "MIN", "MAX":
		if a.typ.kind == kindBit || a.typ.isOld() {
			return a, operandInvalid(a.typ, n.name)
		}
		return a, nil
	}
	if !a.typ.isNumber() || a.typ.kind == kindBit {
		return a, operandInvalid(a.typ, n.name)
	}
	switch a.typ.kind {
	case kindTinyInt, kindSmallInt:
		a.typ.kind = kindInt
	case kindReal:
		a.typ.kind = kindFloat
	case kindSmallMoney:
		a.typ.kind = kindMoney
	case kindDecimal:
		a.typ.size = maxPrecision
		if n.name == "AVG" {
			a.typ.scale = max(a.typ.scale, 6)
		}
	default: // wide enough
	}
	return a, nil
}

func operandInvalid(t colType, operator string) error {
	return failf(8117, 16, "Operand data type %s is invalid for %s operator.", t.word(), strings.ToLower(operator))
}

// value is the aggregate of rows: null where nothing is known, but for a count.
func (a aggregate) value(sc scope, rows [][]any) any {
	if a.star {
		return int64(len(rows))
	}
	var count int64
	var result any
	seen := map[string]bool{}
	for _, row := range rows {
		v := a.of.eval(row)
		if v == nil {
			continue
		}
		if a.distinct {
			id := identity([]any{v})
			if seen[id] {
				continue
			}
			seen[id] = true
		}
		count++
		switch order, _ := compare(v, result); {
		case a.name == "COUNT", a.name == "COUNT_BIG":
		case result == nil:
			result = v
		case a.name == "MIN" && order < 0, a.name == "MAX" && order > 0:
			result = v
		case a.name == "SUM", a.name == "AVG":
			result = sc.arithmetic("+", a.typ, result, v)
		}
	}
	switch {
	case a.name == "COUNT", a.name == "COUNT_BIG":
		return count
	case a.name == "AVG" && result != nil:
		if d, isDecimal := result.(decimal); isDecimal {
			result = d.rescaled(a.typ.scale)
		}
		return sc.arithmetic("/", a.typ, result, sc.convertValue(count, colType{kind: kindBigInt}, a.typ))
	}
	return result
}

// groupRows makes one row of each group, with the aggregates behind it.
func (sc scope) groupRows(st selectStatement, rows rowsFunc, outer int) (rowsFunc, error) {
	if !sc.slots.grouped {
		return rows, nil
	}
	var keys []compiled
	plain := sc
	plain.slots = nil
	for _, n := range st.group {
		key, err := plain.expr(n)
		if err != nil {
			return nil, err
		}
		if key.typ.isOld() {
			return nil, failf(306, 16, "The text, ntext, and image data types cannot be compared or sorted, except when "+
				"using IS "+
				"NULL or LIKE operator.")
		}
		keys = append(keys, key)
	}
	return func(around []any) [][]any {
		groups := map[string][][]any{}
		var order []string
		if len(keys) == 0 { // one row, even of none
			order = []string{""}
		}
		for _, row := range rows(around) {
			if !sc.run.step() {
				return nil
			}
			cells := make([]any, len(keys))
			for i, key := range keys {
				cells[i] = key.eval(row)
			}
			id := identity(cells)
			if _, known := groups[id]; !known && len(keys) > 0 {
				order = append(order, id)
			}
			groups[id] = append(groups[id], row)
		}
		out := make([][]any, 0, len(order))
		for _, id := range order {
			group := groups[id]
			row := append(slices.Clone(around[:outer]), make([]any, sc.slots.base-outer)...)
			if len(group) > 0 {
				row = slices.Clone(group[0][:sc.slots.base])
			}
			for _, a := range sc.slots.aggregates {
				row = append(row, a.value(sc, group))
			}
			out = append(out, row)
		}
		return out
	}, nil
}

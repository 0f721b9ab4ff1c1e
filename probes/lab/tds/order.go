package tds

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// sorting is a compiled ORDER BY.
type sorting struct {
	keys []sortKey
	ids  []int
}

type sortKey struct {
	of   func(row, cells []any) any
	desc bool
}

func (s sorting) compare(a, b []any) int {
	for i, key := range s.keys {
		order := compareNulls(a[i], b[i])
		if key.desc {
			order = -order
		}
		if order != 0 {
			return order
		}
	}
	return 0
}

// compareNulls puts null before everything.
func compareNulls(a, b any) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return -1
	case b == nil:
		return 1
	}
	order, _ := compare(a, b)
	return order
}

// order compiles ORDER BY: a column's number, what the list calls it, or an expression.
func (sc scope) order(st selectStatement, l selectList) (sorting, error) {
	var s sorting
	for _, by := range st.order {
		key := sortKey{desc: by.desc}
		i, err := l.find(by.expr)
		switch {
		case err != nil:
			return s, err
		case i >= 0:
			key.of = func(_, cells []any) any { return cells[i] }
			if l.columns[i].typ.isOld() {
				return s, failf(306, 16, "The text, ntext, and image data types cannot be compared or sorted, except when using "+
					"IS NULL or LIKE operator.")
			}
		case st.distinct:
			return s, failf(145, 15, "ORDER BY items must appear in the select list if SELECT DISTINCT is specified.")
		case len(st.sets) > 0:
			return s, failf(104, 16, "ORDER BY items must appear in the select list if the statement contains a UNION, "+
				"INTERSECT or EXCEPT operator.")
		default:
			c, err := sc.expr(by.expr)
			if err != nil {
				return s, err
			}
			key.of = func(row, _ []any) any { return c.eval(row) }
		}
		s.keys, s.ids = append(s.keys, key), append(s.ids, i+1)
	}
	return s, nil
}

// find is the column of the list that ORDER BY means; -1 for none.
func (l selectList) find(by node) (int, error) {
	if n, isLiteral := by.(literal); isLiteral {
		i, isNumber := n.value.(int64)
		if !isNumber {
			return -1, failf(408, 16, "A constant expression was encountered in the ORDER BY list, position 1.")
		}
		if i < 1 || int(i) > len(l.columns) {
			return -1, failf(108, 15, "The ORDER BY position number %d is out of range of the number of items in the select "+
				"list.", i)
		}
		return int(i) - 1, nil
	}
	if n, isName := by.(name); isName && len(n.parts) == 1 {
		i := slices.IndexFunc(l.columns, func(c column) bool { return strings.EqualFold(c.name, n.parts[0]) })
		if i >= 0 {
			return i, nil
		}
	}
	return slices.IndexFunc(l.sources, func(n node) bool { return n != nil && sameNode(n, by) }), nil
}

func sameNode(a, b node) bool {
	an, aok := a.(name)
	bn, bok := b.(name)
	if aok && bok {
		return strings.EqualFold(an.parts[len(an.parts)-1], bn.parts[len(bn.parts)-1]) &&
			(len(an.parts) == 1 || len(bn.parts) == 1 ||
				strings.EqualFold(an.parts[len(an.parts)-2], bn.parts[len(bn.parts)-2]))
	}
	return reflect.DeepEqual(a, b)
}

// identity tells rows apart as the collation does.
func identity(cells []any) string {
	var id strings.Builder
	for _, v := range cells {
		switch v := v.(type) {
		case nil:
			id.WriteString("n,")
		case string:
			id.WriteString("s" + strconv.Quote(collated(v)) + ",")
		default:
			fmt.Fprintf(&id, "%T %v,", v, v)
		}
	}
	return id.String()
}

// collated is a text as the collation sees it: without regard to case, nor to blanks
// at its end.
func collated(s string) string { return strings.ToLower(strings.TrimRight(s, " ")) }

package tds

import (
	"fmt"
	"slices"
	"strings"
)

// groups says whether the statement makes one row of several.
func (st selectStatement) groups() bool {
	return len(st.group) > 0 || slices.ContainsFunc(st.list, func(s selected) bool { return isMax(s.expr) })
}

// isMax knows the one aggregate that the lab has.
func isMax(n node) bool {
	c, isCall := n.(call)
	return isCall && c.name == "MAX" && len(c.args) == 1
}

// grouped answers a SELECT whose list has columns of GROUP BY and MAX of others.
func (sc scope) grouped(st selectStatement, rows [][]any) (result, error) {
	if len(st.order) > 0 || st.top >= 0 {
		return result{}, failf(102, 15, "Incorrect syntax near 'GROUP'.") // a server could; nobody asked
	}
	var keys []compiled
	for _, n := range st.group {
		key, err := sc.expr(n)
		if err != nil {
			return result{}, err
		}
		keys = append(keys, key)
	}
	var columns []column
	var cells []func(rows [][]any) any
	for _, s := range st.list {
		c, cell, err := sc.groupedColumn(s, st.group)
		if err != nil {
			return result{}, err
		}
		columns, cells = append(columns, c), append(cells, cell)
	}
	var order []string
	groups := map[string][][]any{}
	if len(keys) == 0 { // one row, even of none
		order = []string{""}
	}
	for _, row := range rows {
		id := idOf(keys, row)
		if _, known := groups[id]; !known && len(keys) > 0 {
			order = append(order, id)
		}
		groups[id] = append(groups[id], row)
	}
	return result{columns: columns, rows: func() ([][]any, error) {
		out := make([][]any, len(order))
		for i, id := range order {
			for _, cell := range cells {
				out[i] = append(out[i], cell(groups[id]))
			}
		}
		return out, nil
	}}, nil
}

// idOf tells a row's group from the others.
func idOf(keys []compiled, row []any) string {
	var id strings.Builder
	for _, key := range keys {
		v := key.eval(row)
		fmt.Fprintf(&id, "%T %q,", v, strings.ToLower(fmt.Sprint(v)))
	}
	return id.String()
}

// groupedColumn compiles one column of a grouped list.
func (sc scope) groupedColumn(s selected, group []node) (column, func(rows [][]any) any, error) {
	if isMax(s.expr) {
		of, err := sc.expr(s.expr.(call).args[0])
		if err != nil {
			return column{}, nil, err
		}
		of.typ.nullable = true
		return column{name: s.alias, typ: of.typ}, func(rows [][]any) any { return greatest(of, rows) }, nil
	}
	isGroup := func(n node) bool { return sameName(n, s.expr) }
	if s.star || !slices.ContainsFunc(group, isGroup) {
		return column{}, nil, failf(8120, 16, "Column '%s' is invalid in the select list because it is not contained in "+
			"either an aggregate function or the GROUP BY clause.", s.alias)
	}
	c, err := sc.expr(s.expr)
	if err != nil {
		return column{}, nil, err
	}
	return column{name: s.alias, typ: c.typ, table: true}, func(rows [][]any) any { return c.eval(rows[0]) }, nil
}

// greatest is MAX: null where nothing is known.
func greatest(of compiled, rows [][]any) any {
	var most any
	for _, row := range rows {
		v := of.eval(row)
		if order, known := compare(v, most); v != nil && (most == nil || known && order > 0) {
			most = v
		}
	}
	return most
}

package tds

// union compiles several SELECTs whose rows are put together.
func (sc scope) union(st selectStatement) (plan, error) {
	sets, order := st.sets, st.order
	offset, fetch := st.offset, st.fetch
	st.sets, st.order, st.offset, st.fetch, st.with = nil, nil, nil, nil, nil
	outer := sc
	outer.columns = sc.columns[:sc.own]
	first, err := compile(st, outer)
	if err != nil {
		return plan{}, err
	}
	columns, rows := first.columns, first.rows
	for _, s := range sets {
		next, err := compile(s.query, outer)
		if err != nil {
			return plan{}, err
		}
		if len(next.columns) != len(columns) {
			return plan{}, failf(205, 16, "All queries combined using a UNION, INTERSECT or EXCEPT operator must have an equal "+
				"number of expressions in their target lists.")
		}
		if columns, rows, err = sc.combine(s, plan{columns: columns, rows: rows}, next); err != nil {
			return plan{}, err
		}
	}
	list := selectList{columns: columns, sources: make([]node, len(columns))}
	for i, c := range columns {
		list.cells = append(list.cells, columnAt(c, i))
		list.sources[i] = name{[]string{c.name}}
	}
	keys, err := sc.order(selectStatement{order: order, sets: sets}, list)
	if err != nil {
		return plan{}, err
	}
	page, err := sc.page(selectStatement{offset: offset, fetch: fetch})
	if err != nil {
		return plan{}, err
	}
	return plan{columns: columns, order: keys.ids, rows: func(outer []any) [][]any {
		return page(outer, list.project(sc.run, rows(outer), keys, false))
	}}, nil
}

// combine puts the rows of two queries together, in types that both fit.
func (sc scope) combine(s setOperation, a, b plan) ([]column, rowsFunc, error) {
	columns := make([]column, len(a.columns))
	var left, right []compiled
	for i, c := range a.columns {
		l, r, t, err := sc.unify(columnAt(c, i), columnAt(b.columns[i], i))
		if err != nil {
			return nil, nil, err
		}
		columns[i] = column{name: c.name, typ: t}
		left, right = append(left, l), append(right, r)
	}
	convert := func(rows [][]any, cells []compiled) [][]any {
		out := make([][]any, 0, len(rows))
		for _, row := range rows {
			if !sc.run.step() {
				return nil
			}
			cell := make([]any, len(cells))
			for i, c := range cells {
				cell[i] = c.eval(row)
			}
			out = append(out, cell)
		}
		return out
	}
	return columns, func(outer []any) [][]any {
		all, more := convert(a.rows(outer), left), convert(b.rows(outer), right)
		if s.op == "UNION" {
			all = append(all, more...)
			if s.all {
				return all
			}
			return unique(all, nil)
		}
		others := map[string]bool{}
		for _, row := range more {
			others[identity(row)] = true
		}
		return unique(all, func(id string) bool { return others[id] == (s.op == "INTERSECT") })
	}, nil
}

// unique leaves one of each row, and only those that are wanted.
func unique(rows [][]any, wanted func(id string) bool) [][]any {
	seen := map[string]bool{}
	var kept [][]any
	for _, row := range rows {
		id := identity(row)
		if seen[id] || wanted != nil && !wanted(id) {
			continue
		}
		seen[id] = true
		kept = append(kept, row)
	}
	return kept
}

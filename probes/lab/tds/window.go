package tds

import (
	"slices"
)

// window is a function with OVER.
type window struct {
	name      string
	of        aggregate // where it is one
	partition []compiled
	order     []compiled
	desc      []bool
}

// window compiles one, and is the place where its value will stand.
func (sc scope) window(n call) (compiled, error) {
	if sc.slots == nil || sc.slots.inside {
		return compiled{}, failf(4108, 15, "Windowed functions can only appear in the SELECT or ORDER BY clauses.")
	}
	w := window{name: n.name}
	t := colType{kind: kindBigInt}
	switch {
	case slices.Contains(aggregateNames(), n.name):
		a, err := sc.aggregateOf(call{name: n.name, args: n.args, star: n.star})
		if err != nil {
			return compiled{}, err
		}
		if len(n.over.order) > 0 {
			return compiled{}, failf(102, 15, "Incorrect syntax near 'order'.") // a running one: a server could
		}
		w.of, t = a, a.typ
	case slices.Contains([]string{"ROW_NUMBER", "RANK", "DENSE_RANK"}, n.name):
		if len(n.over.order) == 0 {
			return compiled{}, failf(4112, 15, "The function '%s' must have an OVER clause with ORDER BY.", n.name)
		}
	default:
		return compiled{}, failf(195, 15, "'%s' is not a recognized built-in function name.", n.name)
	}
	for _, p := range n.over.partition {
		c, err := sc.expr(p)
		if err != nil {
			return compiled{}, err
		}
		w.partition = append(w.partition, c)
	}
	for _, o := range n.over.order {
		c, err := sc.expr(o.expr)
		if err != nil {
			return compiled{}, err
		}
		w.order, w.desc = append(w.order, c), append(w.desc, o.desc)
	}
	k, s := len(sc.slots.windows), sc.slots
	s.windows = append(s.windows, w)
	return compiled{t, func(row []any) any { return row[s.base+len(s.aggregates)+k] }}, nil
}

// windows puts the values of all windows behind every row.
func (sc scope) windows(rows rowsFunc) (rowsFunc, error) {
	if len(sc.slots.windows) == 0 {
		return rows, nil
	}
	return func(outer []any) [][]any {
		in := rows(outer)
		all := make([][]any, len(in))
		for i, row := range in {
			all[i] = slices.Clone(row)
			if !sc.slots.grouped {
				all[i] = append(all[i][:sc.slots.base:sc.slots.base], make([]any, len(sc.slots.aggregates))...)
			}
		}
		values := make([][]any, len(sc.slots.windows))
		for k, w := range sc.slots.windows {
			values[k] = w.values(sc, all)
		}
		for i := range all {
			for k := range values {
				all[i] = append(all[i], values[k][i])
			}
		}
		return all
	}, nil
}

func (w window) values(sc scope, rows [][]any) []any {
	parts := map[string][]int{}
	var ids []string
	for i, row := range rows {
		id := identity(evalAll(w.partition, row))
		if _, known := parts[id]; !known {
			ids = append(ids, id)
		}
		parts[id] = append(parts[id], i)
	}
	out := make([]any, len(rows))
	for _, id := range ids {
		members := parts[id]
		if w.of.name != "" {
			var group [][]any
			for _, i := range members {
				group = append(group, rows[i])
			}
			v := w.of.value(sc, group)
			for _, i := range members {
				out[i] = v
			}
			continue
		}
		w.rank(rows, members, out)
	}
	return out
}

func evalAll(cells []compiled, row []any) []any {
	out := make([]any, len(cells))
	for i, c := range cells {
		out[i] = c.eval(row)
	}
	return out
}

// rank numbers the rows of one partition.
func (w window) rank(rows [][]any, members []int, out []any) {
	keys := map[int][]any{}
	for _, i := range members {
		keys[i] = evalAll(w.order, rows[i])
	}
	s := sorting{}
	for _, desc := range w.desc {
		s.keys = append(s.keys, sortKey{desc: desc})
	}
	slices.SortStableFunc(members, func(a, b int) int { return s.compare(keys[a], keys[b]) })
	var rank, dense int64
	for at, i := range members {
		if at == 0 || s.compare(keys[members[at-1]], keys[i]) != 0 {
			rank, dense = int64(at+1), dense+1
		}
		switch w.name {
		case "RANK":
			out[i] = rank
		case "DENSE_RANK":
			out[i] = dense
		default:
			out[i] = int64(at + 1)
		}
	}
}

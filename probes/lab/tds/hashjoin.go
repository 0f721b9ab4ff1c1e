package tds

import "iter"

// equated is one equality of a join's ON: a column of the left side and one of the right.
type equated struct{ left, right int }

// equality finds one in ON that must hold for every pair, so that only rows need be
// compared whose columns are the same.
func (sc scope) equality(on node, left int) (equated, bool) {
	n, isBinary := on.(binary2)
	switch {
	case !isBinary:
		return equated{}, false
	case n.op == "AND":
		if e, found := sc.equality(n.left, left); found {
			return e, true
		}
		return sc.equality(n.right, left)
	case n.op != "=":
		return equated{}, false
	}
	a, aok := n.left.(name)
	b, bok := n.right.(name)
	if !aok || !bok {
		return equated{}, false
	}
	i, err := sc.column(a)
	k, other := sc.column(b)
	if err != nil || other != nil {
		return equated{}, false
	}
	if i > k {
		i, k = k, i
	}
	x, y := sc.columns[i].typ, sc.columns[k].typ
	alike := x.isText() && y.isText() || x.kind == y.kind && (x.isWhole() || x.kind == kindGUID)
	return equated{i, k - left}, alike && i < left && k >= left
}

// index finds the rows of the right side by the value of a column.
func (e equated) index(rows [][]any) map[string][]int {
	all := map[string][]int{}
	for i, row := range rows {
		if v := row[e.right]; v != nil {
			id := identity([]any{v})
			all[id] = append(all[id], i)
		}
	}
	return all
}

// candidates are the rows of the right side that may fit one of the left: all of them,
// where there is no index.
func candidates(count int, index map[string][]int, left []any, e equated) iter.Seq[int] {
	return func(yield func(int) bool) {
		if index == nil {
			for i := range count {
				if !yield(i) {
					return
				}
			}
			return
		}
		v := left[e.left]
		if v == nil {
			return
		}
		for _, i := range index[identity([]any{v})] {
			if !yield(i) {
				return
			}
		}
	}
}

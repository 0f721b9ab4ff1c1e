package tds

import (
	"slices"
	"strings"
)

// joined is the rows of the tables in FROM, each with each for which ON holds.
func (sc scope) joined(from []source) (table, error) {
	var all table
	for i, s := range from {
		t, err := sc.find(s.parts)
		if err != nil {
			return table{}, err
		}
		if slices.ContainsFunc(from[:i], func(other source) bool { return strings.EqualFold(other.alias, s.alias) }) {
			return table{}, failf(1013, 16, "The objects \"%s\" in the FROM clause have the same exposed names.", s.alias)
		}
		columns := slices.Clone(t.columns)
		for k := range columns {
			columns[k].of = s.alias
		}
		if i == 0 {
			all = table{columns, t.rows}
			continue
		}
		all.columns = append(all.columns, columns...)
		sc.columns = all.columns
		on, err := sc.expr(s.on)
		if err != nil {
			return table{}, err
		}
		var rows [][]any
		for _, left := range all.rows {
			for _, right := range t.rows {
				if row := slices.Concat(left, right); on.eval(row) == true {
					rows = append(rows, row)
				}
			}
		}
		all.rows = rows
	}
	return all, nil
}

// column finds the one column that a name means.
func (sc scope) column(n name) (int, error) {
	last, of := n.parts[len(n.parts)-1], ""
	if len(n.parts) > 1 {
		of = n.parts[len(n.parts)-2]
	}
	found := -1
	for i, c := range sc.columns {
		if !strings.EqualFold(c.name, last) || of != "" && !strings.EqualFold(c.of, of) {
			continue
		}
		if found >= 0 {
			return 0, failf(209, 16, "Ambiguous column name '%s'.", last)
		}
		found = i
	}
	switch {
	case found >= 0:
		return found, nil
	case of != "" && !slices.ContainsFunc(sc.columns, func(c column) bool { return strings.EqualFold(c.of, of) }):
		return 0, failf(4104, 16, "The multi-part identifier \"%s\" could not be bound.", strings.Join(n.parts, "."))
	default:
		return 0, failf(207, 16, "Invalid column name '%s'.", last)
	}
}

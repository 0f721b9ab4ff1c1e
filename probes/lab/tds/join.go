package tds

import (
	"slices"
	"strings"
)

// hidden begins the names of columns that no query may see.
const hidden = "\x00"

// joinedRows are the columns and rows of FROM, with those of the queries around in front.
type joinedRows struct {
	columns []column
	rows    rowsFunc
}

// from joins the tables in FROM.
func (sc scope) from(sources []source) (joinedRows, error) {
	all := joinedRows{
		columns: slices.Clone(sc.columns),
		rows:    func(outer []any) [][]any { return [][]any{outer} },
	}
	for _, s := range sources {
		right, err := sc.source(s, all)
		if err != nil {
			return all, err
		}
		for _, c := range right.columns {
			if slices.ContainsFunc(all.columns[sc.own:], func(other column) bool { return strings.EqualFold(other.of, c.of) }) {
				return all, failf(1013, 16, "The objects \"%s\" and \"%s\" in the FROM clause have the same exposed names. Use "+
					"correlation names to distinguish them.", c.of, c.of)
			}
		}
		if all, err = sc.joinOne(s, all, right); err != nil {
			return all, err
		}
	}
	return all, nil
}

// source is a table in FROM: its columns, and its rows without those of others.
func (sc scope) source(s source, left joinedRows) (joinedRows, error) {
	var r joinedRows
	outer := sc
	outer.columns = sc.columns[:sc.own]
	if s.join == joinCrossApply || s.join == joinOuterApply {
		outer.columns = left.columns
	}
	switch {
	case s.group != nil:
		inner, err := outer.from(s.group)
		if err != nil {
			return r, err
		}
		r.columns = inner.columns[sc.own:]
		r.rows = func(outer []any) [][]any { return cut(inner.rows(outer), sc.own) }
		return r, nil
	case s.query != nil:
		return outer.derived(*s.query, s)
	case s.values != nil:
		return outer.written(s)
	}
	if c, known := sc.ctes[strings.ToLower(s.parts[0])]; known && len(s.parts) == 1 {
		outer.columns, outer.own = nil, 0
		outer.ctes = without(sc.ctes, c.name) // it does not know itself
		query, err := outer.derived(c.query, source{alias: s.alias, columns: c.columns})
		rows := query.rows
		query.rows = func([]any) [][]any { return rows(nil) }
		return query, err
	}
	t, err := sc.find(s.parts, s.dirty)
	if err != nil {
		return r, err
	}
	r.columns = slices.Clone(t.columns)
	for k := range r.columns {
		r.columns[k].of = s.alias
	}
	r.rows = func([]any) [][]any { return sc.fetch(t) }
	if s.marked {
		r.columns = append(r.columns, column{name: hidden, typ: colType{kind: kindInt}, of: s.alias})
		r.rows = func([]any) [][]any { return numbered(sc.fetch(t)) }
	}
	return r, nil
}

// numbered puts the place of each row behind it.
func numbered(rows [][]any) [][]any {
	out := make([][]any, len(rows))
	for i, row := range rows {
		out[i] = append(slices.Clone(row), int64(i))
	}
	return out
}

// fetch are a table's rows: those of a user's table may be locked.
func (sc scope) fetch(t table) [][]any {
	if t.fetch == nil {
		return t.rows
	}
	rows, err := t.fetch(sc.run.ctx)
	if err != nil {
		sc.run.fail(err)
	}
	return rows
}

func without(known map[string]cte, name string) map[string]cte {
	all := map[string]cte{}
	for other, c := range known {
		if !strings.EqualFold(other, name) {
			all[other] = c
		}
	}
	return all
}

func cut(rows [][]any, n int) [][]any {
	out := make([][]any, len(rows))
	for i, row := range rows {
		out[i] = row[n:]
	}
	return out
}

// derived is a query in FROM.
func (sc scope) derived(query selectStatement, s source) (joinedRows, error) {
	if len(query.order) > 0 && query.top == nil && query.offset == nil {
		return joinedRows{}, failf(1033, 15, "The ORDER BY clause is invalid in views, inline functions, derived tables, "+
			"subqueries, and common table expressions, unless TOP, OFFSET or FOR XML is also specified.")
	}
	p, err := compile(query, sc)
	if err != nil {
		return joinedRows{}, err
	}
	columns, err := renamed(p.columns, s)
	return joinedRows{columns, p.rows}, err
}

// renamed gives the columns of a derived table their names: all must have one.
func renamed(columns []column, s source) ([]column, error) {
	columns = slices.Clone(columns)
	if len(s.columns) > 0 && len(s.columns) != len(columns) {
		return nil, failf(8158, 16, "'%s' has more columns than were specified in the column list.", s.alias)
	}
	for i := range columns {
		columns[i].of = s.alias
		if len(s.columns) > 0 {
			columns[i].name = s.columns[i]
		}
		if columns[i].name == "" {
			return nil, failf(8155, 16, "No column name was specified for column %d of '%s'.", i+1, s.alias)
		}
		for _, other := range columns[:i] {
			if strings.EqualFold(other.name, columns[i].name) {
				return nil, failf(8156, 16, "The column '%s' was specified multiple times for '%s'.", other.name, s.alias)
			}
		}
	}
	return columns, nil
}

// written is VALUES in FROM, which is a UNION ALL.
func (sc scope) written(s source) (joinedRows, error) {
	var query selectStatement
	for i, row := range s.values {
		var list []selected
		for _, n := range row {
			if n == nil {
				n = literal{colType{kind: kindNull, nullable: true}, nil}
			}
			list = append(list, selected{expr: n})
		}
		if i == 0 {
			query.list = list
			continue
		}
		if len(list) != len(query.list) {
			return joinedRows{}, failf(10709, 16, "The number of columns for each row in a table value constructor must be "+
				"the same.")
		}
		query.sets = append(query.sets, setOperation{op: "UNION", all: true, query: selectStatement{list: list}})
	}
	return sc.derived(query, s)
}

// joinOne joins one more table to those before it.
func (sc scope) joinOne(s source, left, right joinedRows) (joinedRows, error) {
	j := joiner{
		kind: s.join, run: sc.run, outer: sc.own, left: len(left.columns), right: len(right.columns), rows: right.rows,
	}
	if s.join == joinRight || s.join == joinFull {
		left.columns = nullable(left.columns, sc.own)
	}
	if s.join == joinLeft || s.join == joinFull || s.join == joinOuterApply {
		right.columns = nullable(right.columns, 0)
	}
	all := joinedRows{columns: append(slices.Clone(left.columns), right.columns...)}
	if s.on != nil {
		sc.columns, sc.slots = all.columns, nil
		on, err := sc.expr(s.on)
		if err != nil {
			return all, err
		}
		j.on = on.eval
		j.equated, j.indexed = sc.equality(s.on, j.left)
	}
	all.rows = func(outer []any) [][]any { return j.join(left.rows(outer), outer) }
	return all, nil
}

func nullable(columns []column, from int) []column {
	columns = slices.Clone(columns)
	for i := range columns[from:] {
		columns[from+i].typ.nullable = true
	}
	return columns
}

// joiner joins rows: outer, left and right say how many columns each has.
type joiner struct {
	kind               joinKind
	run                *running
	outer, left, right int
	rows               rowsFunc
	on                 func(row []any) any // nil for all
	equated            equated
	indexed            bool // equated is part of on
}

func (j joiner) join(left [][]any, outer []any) [][]any {
	var all [][]any
	var right [][]any
	apply := j.kind == joinCrossApply || j.kind == joinOuterApply
	if !apply {
		right = j.rows(outer)
	}
	matched := make([]bool, len(right))
	var index map[string][]int
	if j.indexed && !apply {
		index = j.equated.index(right)
	}
	pair := make([]any, j.left+j.right)
	for _, l := range left {
		if apply {
			right = j.rows(l)
		}
		found := false
		copy(pair, l)
		for i := range candidates(len(right), index, l, j.equated) {
			if !j.run.step() {
				return nil
			}
			copy(pair[j.left:], right[i])
			if j.on != nil && j.on(pair) != true {
				continue
			}
			found = true
			if !apply {
				matched[i] = true
			}
			all = append(all, slices.Clone(pair))
		}
		if !found && (j.kind == joinLeft || j.kind == joinFull || j.kind == joinOuterApply) {
			all = append(all, append(slices.Clone(l), make([]any, j.right)...))
		}
	}
	if j.kind != joinRight && j.kind != joinFull {
		return all
	}
	for i, r := range right {
		if !matched[i] {
			row := append(slices.Clone(outer), make([]any, j.left-j.outer)...)
			all = append(all, append(row, r...))
		}
	}
	return all
}

// column finds the one column that a name means, in this query or in those around it.
func (sc scope) column(n name) (int, error) {
	i, err := lookUp(sc.columns[sc.own:], n)
	if err == nil {
		return sc.own + i, nil
	}
	if e := asError(err); sc.own == 0 || e.number == 209 {
		return 0, err
	}
	if i, outer := lookUp(sc.columns[:sc.own], n); outer == nil {
		return i, nil
	}
	return 0, err
}

// lookUp finds a column among those of one FROM.
func lookUp(columns []column, n name) (int, error) {
	last, of := n.parts[len(n.parts)-1], ""
	if len(n.parts) > 1 {
		of = n.parts[len(n.parts)-2]
	}
	found := -1
	for i, c := range columns {
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
	case of != "" && !slices.ContainsFunc(columns, func(c column) bool { return strings.EqualFold(c.of, of) }):
		return 0, failf(4104, 16, "The multi-part identifier \"%s\" could not be bound.", strings.Join(n.parts, "."))
	default:
		return 0, failf(207, 16, "Invalid column name '%s'.", last)
	}
}

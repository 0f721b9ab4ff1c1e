package tds

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"postpatch/probes/lab/estate"
)

// scope is what names in a statement can mean.
type scope struct {
	session *session
	sql     estate.SQL
	params  map[string]param // and variables, by name in lower case
	columns []column         // of the tables in FROM, behind those of the queries around
	own     int              // the first that is of this query's own FROM
	ctes    map[string]cte
	run     *running
	slots   *slots // of the aggregates and windows of this query
}

// running is the state of a statement that runs.
type running struct {
	ctx    context.Context
	now    time.Time // for all of the statement: as on a real server, its parts are of one moment
	err    error     // the first thing that went wrong
	steps  int       // rows looked at
	limit  int
	tables map[string]table // views that the batch has looked at
}

// maxSteps is how many rows a statement may look at, joined ones included.
const maxSteps = 20_000_000

func newRunning(ctx context.Context) *running {
	return &running{ctx: ctx, now: time.Now().UTC(), limit: maxSteps, tables: map[string]table{}}
}

// fail keeps what went wrong in the middle of a row, and stands for its value.
func (r *running) fail(err error) any {
	if r.err == nil {
		r.err = err
	}
	return nil
}

// step counts a row; false means that the statement is over.
func (r *running) step() bool {
	if r.steps++; r.steps > r.limit {
		r.fail(failf(8623, 16, "The query processor ran out of internal resources and could not produce a query plan."))
	}
	if r.steps%1024 == 0 && r.ctx.Err() != nil {
		r.fail(context.Cause(r.ctx))
	}
	return r.err == nil
}

// compiled is an expression with its type, ready for any number of rows.
type compiled struct {
	typ  colType
	eval func(row []any) any
}

// plan is a SELECT, ready to give its rows. A row of the queries around it comes first
// in every one of its own.
type plan struct {
	columns []column
	order   []int // the ids of the columns it is ordered by; 0 is no column of it
	rows    func(outer []any) [][]any
}

// compile resolves every name before the first row, because the columns'
// types come before the rows.
func compile(st selectStatement, sc scope) (plan, error) {
	sc.own, sc.slots = len(sc.columns), nil
	for _, c := range st.with {
		sc.ctes = with(sc.ctes, c)
	}
	if len(st.sets) > 0 {
		return sc.union(st)
	}
	outer := sc.own
	from, err := sc.from(st.from)
	if err != nil {
		return plan{}, err
	}
	sc.columns = from.columns
	rows := from.rows
	if st.where != nil {
		if rows, err = sc.filter(st.where, rows); err != nil {
			return plan{}, err
		}
	}
	sc.slots = &slots{base: len(sc.columns), group: st.group, grouped: st.groups()}
	list, err := sc.list(st.list)
	if err != nil {
		return plan{}, err
	}
	var having compiled
	if st.having != nil {
		if having, err = sc.expr(st.having); err != nil {
			return plan{}, err
		}
	}
	order, err := sc.order(st, list)
	if err != nil {
		return plan{}, err
	}
	if rows, err = sc.groupRows(st, rows, outer); err != nil {
		return plan{}, err
	}
	rows = sc.having(having, rows)
	if rows, err = sc.windows(rows); err != nil {
		return plan{}, err
	}
	page, err := sc.page(st)
	if err != nil {
		return plan{}, err
	}
	p := plan{columns: list.columns, order: order.ids}
	p.rows = func(outer []any) [][]any {
		return page(outer, list.project(sc.run, rows(outer), order, st.distinct))
	}
	return p, nil
}

func with(known map[string]cte, c cte) map[string]cte {
	all := map[string]cte{}
	maps.Copy(all, known)
	all[strings.ToLower(c.name)] = c
	return all
}

type rowsFunc func(outer []any) [][]any

func (sc scope) filter(condition node, rows rowsFunc) (rowsFunc, error) {
	where, err := sc.expr(condition)
	if err != nil {
		return nil, err
	}
	return sc.having(where, rows), nil
}

// having leaves the rows for which a condition is true.
func (sc scope) having(condition compiled, rows rowsFunc) rowsFunc {
	if condition.eval == nil {
		return rows
	}
	return func(outer []any) [][]any {
		var kept [][]any
		for _, row := range rows(outer) {
			if !sc.run.step() {
				return nil
			}
			if condition.eval(row) == true {
				kept = append(kept, row)
			}
		}
		return kept
	}
}

// selectList is a compiled one.
type selectList struct {
	columns []column
	cells   []compiled
	sources []node // what each column was written as; nil where a star was
}

// list compiles the select list.
func (sc scope) list(items []selected) (selectList, error) {
	var l selectList
	for _, item := range items {
		if item.star {
			if err := sc.star(item, &l); err != nil {
				return l, err
			}
			continue
		}
		c, err := sc.expr(item.expr)
		if err != nil {
			return l, err
		}
		if item.assign != "" {
			if c, err = sc.assigning(item.assign, c); err != nil {
				return l, err
			}
		}
		_, isName := item.expr.(name)
		l.columns = append(l.columns, column{name: item.alias, typ: c.typ, table: isName})
		l.cells, l.sources = append(l.cells, c), append(l.sources, item.expr)
	}
	return l, nil
}

func (sc scope) star(item selected, l *selectList) error {
	if len(sc.columns) == sc.own {
		return failf(263, 16, "Must specify table to select from.")
	}
	found := false
	for i, c := range sc.columns[sc.own:] {
		if item.of != "" && !strings.EqualFold(c.of, item.of) || strings.HasPrefix(c.name, hidden) {
			continue
		}
		found = true
		if err := sc.slots.allowed(c, sc, sc.own+i); err != nil {
			return err
		}
		l.columns, l.cells = append(l.columns, c), append(l.cells, columnAt(c, sc.own+i))
		l.sources = append(l.sources, nil)
	}
	if !found {
		return failf(107, 15, "The column prefix '%s' does not match with a table name or alias name used in the "+
			"query.", item.of)
	}
	return nil
}

// project makes the rows of the list, in their order.
func (l selectList) project(run *running, rows [][]any, order sorting, distinct bool) [][]any {
	type projected struct{ cells, keys []any }
	var all []projected
	seen := map[string]bool{}
	for _, row := range rows {
		if !run.step() {
			return nil
		}
		p := projected{cells: make([]any, 0, len(l.cells))}
		for _, c := range l.cells {
			p.cells = append(p.cells, c.eval(row))
		}
		if distinct {
			id := identity(p.cells)
			if seen[id] {
				continue
			}
			seen[id] = true
		}
		for _, key := range order.keys {
			p.keys = append(p.keys, key.of(row, p.cells))
		}
		all = append(all, p)
	}
	slices.SortStableFunc(all, func(a, b projected) int { return order.compare(a.keys, b.keys) })
	out := make([][]any, len(all))
	for i, p := range all {
		out[i] = p.cells
	}
	return out
}

func columnAt(c column, i int) compiled {
	return compiled{c.typ, func(row []any) any { return row[i] }}
}

// page leaves what TOP, or OFFSET and FETCH, let through.
func (sc scope) page(st selectStatement) (func(outer []any, rows [][]any) [][]any, error) {
	number := func(n node, otherwise int64) (func(outer []any) int, error) {
		if n == nil {
			return func([]any) int { return int(otherwise) }, nil
		}
		inner := sc
		inner.columns, inner.slots = sc.columns[:sc.own], nil
		c, err := inner.expr(n)
		if err != nil {
			return nil, err
		}
		if !c.typ.isWhole() {
			return nil, failf(1060, 15, "The number of rows provided for a TOP or FETCH clauses row count parameter must be "+
				"an integer.")
		}
		return func(outer []any) int {
			count, known := c.eval(outer).(int64)
			if !known || count < 0 {
				sc.run.fail(failf(1014, 15, "A TOP or FETCH clause contains an invalid value."))
			}
			return int(min(count, 1<<31))
		}, nil
	}
	const all = 1 << 31
	top, err := number(st.top, all)
	if err != nil {
		return nil, err
	}
	offset, err := number(st.offset, 0)
	if err != nil {
		return nil, err
	}
	fetch, err := number(st.fetch, all)
	if err != nil {
		return nil, err
	}
	return func(outer []any, rows [][]any) [][]any {
		skip, most := offset(outer), min(top(outer), fetch(outer))
		if sc.run.err != nil {
			return nil
		}
		rows = rows[min(skip, len(rows)):]
		return rows[:min(most, len(rows))]
	}, nil
}

package tds

import (
	"context"
	"maps"
	"slices"
	"strings"
)

const (
	commandInsert = 0xc3
	commandDelete = 0xc4
	commandUpdate = 0xc5
)

// runWrite answers a statement that writes. Without a transaction it is one of its own.
func (s *session) runWrite(ctx context.Context, st statement, sc scope) error {
	if s.tran.doomed {
		return failf(3930, 16, "The current transaction cannot be committed and cannot support operations that write to "+
			"the log "+
			"file. Roll back the transaction.")
	}
	defer func() {
		sc.forget()
		if s.tran.count == 0 {
			s.server.store.release(s)
		}
	}()
	switch st := st.(type) {
	case insertStatement:
		return s.insert(ctx, st, sc)
	case updateStatement:
		return s.update(ctx, st, sc)
	case deleteStatement:
		return s.delete(ctx, st, sc)
	case createStatement:
		if err := sc.createTable(st.parts, st.columns, nil); err != nil {
			return err
		}
	case dropStatement:
		t, err := sc.writable(st.parts, "ALTER")
		if err != nil && st.ifExists && asError(err).number == 208 {
			break
		}
		if err == nil {
			err = s.server.store.acquire(ctx, s, t, true)
		}
		if err != nil {
			return err
		}
		s.touch(t)
		if strings.HasPrefix(t.parts[2], "#") && !st.truncate {
			delete(s.temps, strings.ToLower(t.parts[2]))
		}
		s.server.store.replace(t, nil, !st.truncate)
	}
	return s.hold(0, commandNone, 0)
}

// insert adds rows.
func (s *session) insert(ctx context.Context, st insertStatement, sc scope) error {
	t, into, err := sc.insertInto(st)
	if err != nil {
		return err
	}
	rows, err := s.newRows(ctx, st, sc, into)
	if err != nil {
		return err
	}
	if err := s.server.store.acquire(ctx, s, t, true); err != nil {
		return err
	}
	var added [][]any
	for _, values := range rows {
		row := make([]any, len(t.columns))
		for i, at := range into {
			row[at] = values[i]
		}
		if err := t.fits(row); err != nil {
			return err
		}
		added = append(added, row)
	}
	s.touch(t)
	s.server.store.replace(t, append(slices.Clone(s.server.store.rowsOf(t)), added...), false)
	return s.changed(ctx, sc, change{command: commandInsert, table: t, inserted: added, output: st.output})
}

// insertInto is the table of an INSERT, and where its values go.
func (sc scope) insertInto(st insertStatement) (*userTable, []int, error) {
	t, err := sc.writable(st.parts, "INSERT")
	if err != nil {
		return nil, nil, err
	}
	var into []int
	for _, c := range st.columns {
		i, err := lookUp(t.columns, name{[]string{c}})
		if err != nil {
			return nil, nil, err
		}
		into = append(into, i)
	}
	if len(st.columns) == 0 {
		for i := range t.columns {
			into = append(into, i)
		}
	}
	return t, into, nil
}

// newRows are the values that INSERT is given.
func (s *session) newRows(ctx context.Context, st insertStatement, sc scope, into []int) ([][]any, error) {
	t, err := sc.writable(st.parts, "INSERT")
	if err != nil {
		return nil, err
	}
	var columns []column
	var rows [][]any
	switch {
	case st.exec != nil:
		before := s.captured
		s.captured = &rows
		err := s.runExec(ctx, *st.exec, sc)
		s.captured = before
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			for i := range row {
				if len(columns) < len(row) {
					columns = append(columns, column{typ: variantType(row[i])})
				}
			}
		}
	case st.query != nil:
		p, err := compile(*st.query, sc)
		if err != nil {
			return nil, err
		}
		columns, rows = p.columns, p.rows(nil)
	default:
		if rows, columns, err = sc.values(st, len(into)); err != nil {
			return nil, err
		}
	}
	if len(columns) != len(into) && len(columns) > 0 {
		return nil, failf(213, 16, "Column name or number of supplied values does not match table definition.")
	}
	out := make([][]any, len(rows))
	for k, row := range rows {
		out[k] = make([]any, len(into))
		for i, at := range into {
			if i < len(row) {
				out[k][i] = sc.convertValue(row[i], orVariant(columns[i].typ, row[i]), uncut(t.columns[at].typ))
			}
		}
	}
	return out, sc.run.err
}

func orVariant(t colType, v any) colType {
	if t.kind == kindNull {
		return variantType(v)
	}
	return t
}

// uncut is a type that cuts no text off, so that one that is too long can be told.
func uncut(t colType) colType {
	if (t.isText() || t.kind == kindBinary) && !t.padded {
		t.size = sizeMax
	}
	return t
}

// values are those of VALUES. Every row may have types of its own.
func (sc scope) values(st insertStatement, want int) ([][]any, []column, error) {
	var rows [][]any
	columns := make([]column, want)
	for _, list := range st.values {
		if len(list) == 0 { // DEFAULT VALUES
			rows = append(rows, make([]any, want))
			continue
		}
		if len(list) != want {
			number := 110
			if len(list) < want {
				number = 109
			}
			if len(st.columns) == 0 {
				number = 213
			}
			return nil, nil, failf(number, 16, "Column name or number of supplied values does not match table definition.")
		}
		row := make([]any, want)
		for i, n := range list {
			if n == nil {
				continue
			}
			c, err := sc.expr(n)
			if err != nil {
				return nil, nil, err
			}
			row[i] = c.eval(nil)
			if len(rows) == 0 || columns[i].typ.kind == kindNull {
				columns[i].typ = c.typ
			} else if columns[i].typ.kind != c.typ.kind {
				if columns[i].typ, err = common(columns[i].typ, c.typ); err != nil {
					return nil, nil, err
				}
				for k := range rows {
					rows[k][i] = sc.convertValue(rows[k][i], variantType(rows[k][i]), columns[i].typ)
				}
				row[i] = sc.convertValue(row[i], c.typ, columns[i].typ)
			}
		}
		rows = append(rows, row)
	}
	return rows, columns, sc.run.err
}

// fits says why a row cannot be stored.
func (t *userTable) fits(row []any) error {
	for i, c := range t.columns {
		if row[i] == nil && !c.typ.nullable {
			return failf(515, 16, "Cannot insert the value NULL into column '%s', table '%s'; column does not allow nulls. "+
				"INSERT "+
				"fails.", c.name, strings.Join(t.parts[:], "."))
		}
		s, isText := row[i].(string)
		if isText && c.typ.isText() && len([]rune(strings.TrimRight(s, " "))) > c.typ.size {
			return failf(2628, 16, "String or binary data would be truncated in table '%s', column '%s'. Truncated value: '%s'.",
				strings.Join(t.parts[:], "."), c.name, string([]rune(s)[:c.typ.size]))
		}
	}
	return nil
}

// marked are the sources of an UPDATE or DELETE, with the table that it writes marked.
func (sc scope) marked(target []string, from []source) ([]source, []string) {
	last := target[len(target)-1]
	if len(from) == 0 {
		return []source{{parts: target, alias: last, marked: true}}, target
	}
	from = slices.Clone(from)
	i := slices.IndexFunc(from, func(s source) bool { return len(s.parts) > 0 && strings.EqualFold(s.alias, last) })
	if i < 0 {
		i = slices.IndexFunc(from, func(s source) bool {
			return len(s.parts) > 0 && strings.EqualFold(s.parts[len(s.parts)-1], last)
		})
	}
	if i < 0 {
		return append(from, source{parts: target, alias: last, join: joinCross, marked: true}), target
	}
	from[i].marked = true
	return from, from[i].parts
}

// affected finds the rows that an UPDATE or DELETE is about: the joined row of each, by
// its place in the table. The scope sees their columns.
func (sc scope) affected(target []string, from []source, where node) (scope, func() map[int][]any, error) {
	from, _ = sc.marked(target, from)
	joined, err := sc.from(from)
	if err != nil {
		return sc, nil, err
	}
	sc.columns = joined.columns
	rows := joined.rows
	if where != nil {
		if rows, err = sc.filter(where, rows); err != nil {
			return sc, nil, err
		}
	}
	mark := slices.IndexFunc(sc.columns, func(c column) bool { return c.name == hidden })
	return sc, func() map[int][]any {
		found := map[int][]any{}
		for _, row := range rows(nil) {
			at, known := row[mark].(int64)
			if _, seen := found[int(at)]; known && !seen {
				found[int(at)] = row
			}
		}
		return found
	}, nil
}

func (s *session) update(ctx context.Context, st updateStatement, sc scope) error {
	_, parts := sc.marked(st.target, st.from)
	t, err := sc.writable(parts, "UPDATE")
	if err != nil {
		return err
	}
	if err := s.server.store.acquire(ctx, s, t, true); err != nil {
		return err
	}
	in, affected, err := sc.affected(st.target, st.from, st.where)
	if err != nil {
		return err
	}
	var cells []compiled
	var into []int
	for _, a := range st.set {
		i, err := lookUp(t.columns, name{[]string{a.column}})
		if err != nil {
			return err
		}
		c, err := in.expr(a.value)
		if err != nil {
			return err
		}
		cells, into = append(cells, in.convertTo(c, uncut(t.columns[i].typ))), append(into, i)
	}
	rows := slices.Clone(s.server.store.rowsOf(t))
	ch := change{command: commandUpdate, table: t, output: st.output}
	found := affected()
	for _, at := range slices.Sorted(maps.Keys(found)) {
		after := slices.Clone(rows[at])
		for i, c := range cells {
			after[into[i]] = c.eval(found[at])
		}
		if err := t.fits(after); err != nil {
			return err
		}
		ch.deleted, ch.inserted = append(ch.deleted, rows[at]), append(ch.inserted, after)
		rows[at] = after
	}
	if sc.run.err != nil {
		return sc.run.err
	}
	s.touch(t)
	s.server.store.replace(t, rows, false)
	return s.changed(ctx, sc, ch)
}

func (s *session) delete(ctx context.Context, st deleteStatement, sc scope) error {
	_, parts := sc.marked(st.target, st.from)
	t, err := sc.writable(parts, "DELETE")
	if err != nil {
		return err
	}
	if err := s.server.store.acquire(ctx, s, t, true); err != nil {
		return err
	}
	_, affected, err := sc.affected(st.target, st.from, st.where)
	if err != nil {
		return err
	}
	found := affected()
	if sc.run.err != nil {
		return sc.run.err
	}
	ch := change{command: commandDelete, table: t, output: st.output}
	var kept [][]any
	for i, row := range s.server.store.rowsOf(t) {
		if _, gone := found[i]; gone {
			ch.deleted = append(ch.deleted, row)
		} else {
			kept = append(kept, row)
		}
	}
	s.touch(t)
	s.server.store.replace(t, kept, false)
	return s.changed(ctx, sc, ch)
}

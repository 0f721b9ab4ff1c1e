package tds

import (
	"context"
	"slices"
	"strings"
)

// change is what a statement did to a table.
type change struct {
	command           uint16
	table             *userTable
	deleted, inserted [][]any
	output            []selected
}

// changed ends a statement that wrote, with the rows of its OUTPUT where it has one.
func (s *session) changed(ctx context.Context, sc scope, ch change) error {
	count := max(len(ch.deleted), len(ch.inserted))
	if ch.output == nil {
		return s.counted(ch.command, count)
	}
	p, err := sc.output(ch)
	if err != nil {
		return err
	}
	if _, err := s.writeResult(ctx, sc, p); err != nil {
		return err
	}
	return s.counted(ch.command, count)
}

// output is the result of OUTPUT: rows as they were, and as they are now.
func (sc scope) output(ch change) (plan, error) {
	n := len(ch.table.columns)
	sc.columns, sc.own, sc.slots = nil, 0, nil
	for _, of := range []string{"deleted", "inserted"} {
		for _, c := range ch.table.columns {
			c.of = of
			sc.columns = append(sc.columns, c)
		}
	}
	list, err := sc.list(ch.output)
	if err != nil {
		return plan{}, err
	}
	var rows [][]any
	for i := range max(len(ch.deleted), len(ch.inserted)) {
		row := make([]any, 2*n)
		if i < len(ch.deleted) {
			copy(row, ch.deleted[i])
		}
		if i < len(ch.inserted) {
			copy(row[n:], ch.inserted[i])
		}
		rows = append(rows, row)
	}
	return plan{columns: list.columns, rows: func([]any) [][]any {
		return list.project(sc.run, rows, sorting{}, false)
	}}, nil
}

// checkWrite looks the names of a statement that writes up.
func (sc scope) checkWrite(st statement) error {
	switch st := st.(type) {
	case insertStatement:
		_, _, err := sc.insertInto(st)
		if err == nil && st.query != nil {
			_, err = compile(*st.query, sc)
		}
		return err
	case updateStatement:
		in, _, err := sc.affected(st.target, st.from, st.where)
		for _, a := range st.set {
			if err == nil {
				_, err = in.expr(a.value)
			}
		}
		return err
	case deleteStatement:
		_, _, err := sc.affected(st.target, st.from, st.where)
		return err
	}
	return nil
}

// place is where a name of one to three parts leads.
func (sc scope) place(parts []string) ([3]string, error) {
	full := [3]string{sc.session.database, "dbo", parts[len(parts)-1]}
	if len(parts) > 3 {
		return full, failf(7202, 11, "Could not find server '%s' in sys.servers. Verify that the correct server name was "+
			"specified. If "+
			"necessary, execute the stored procedure sp_addlinkedserver to add the server to sys.servers.", parts[0])
	}
	if len(parts) > 1 && parts[len(parts)-2] != "" {
		full[1] = parts[len(parts)-2]
	}
	if len(parts) == 3 && parts[0] != "" {
		name, db, found := findDatabase(sc.sql, parts[0])
		if !found {
			return full, noObject(parts)
		}
		if err := cannotOpen(name, db); err != nil {
			return full, err
		}
		full[0] = name
	}
	return full, nil
}

func noObject(parts []string) error {
	return failf(208, 16, "Invalid object name '%s'.", strings.Join(parts, "."))
}

// find returns the table of a name of one to three parts. Dirty is who reads what is
// not committed.
func (sc scope) find(parts []string, dirty bool) (table, error) {
	if t, known := sc.session.temps[strings.ToLower(parts[len(parts)-1])]; known {
		return sc.readable(t, true), nil
	}
	place, err := sc.place(parts)
	if err != nil {
		return table{}, err
	}
	if err := sc.denied(place[0], strings.Join(place[:], "."), place[:]); err != nil {
		return table{}, err
	}
	msdb := strings.EqualFold(place[0], "msdb")
	if v, known := sc.view(place[1:], msdb); known {
		if err := sc.withheld(v); err != nil {
			return table{}, err
		}
		key := keyOf(place)
		t, known := sc.run.tables[key]
		if !known {
			t = v.build(sc)
			sc.run.tables[key] = t
		}
		return t, nil
	}
	if t := sc.userTable(place); t != nil {
		return sc.readable(t, dirty), nil
	}
	return table{}, noObject(parts)
}

func (sc scope) userTable(place [3]string) *userTable {
	return sc.session.server.store.find(place, describedTable(databaseOf(sc.sql, place[0]), place[1], place[2]))
}

// readable is a user's table, whose rows are read when the statement runs.
func (sc scope) readable(t *userTable, dirty bool) table {
	s := sc.session
	return table{columns: t.columns, fetch: func(ctx context.Context) ([][]any, error) {
		db := databaseOf(sc.sql, t.parts[0])
		system := slices.Contains(systemDatabases(), t.parts[0])
		switch {
		case dirty || s.settings.isolation == "READ UNCOMMITTED":
			return s.server.store.rowsOf(t), nil
		case s.settings.isolation == "SNAPSHOT" && !system && !db.Snapshot:
			return nil, failf(3952, 16, "Snapshot isolation transaction failed accessing database '%s' because snapshot "+
				"isolation is "+
				"not allowed in this database. Use ALTER DATABASE to allow snapshot isolation.", t.parts[0])
		}
		if err := s.server.store.acquire(ctx, s, t, false); err != nil {
			return nil, err
		}
		return s.server.store.rowsOf(t), nil
	}}
}

// writable is a table that a statement may write to.
func (sc scope) writable(parts []string, permission string) (*userTable, error) {
	if t, known := sc.session.temps[strings.ToLower(parts[len(parts)-1])]; known {
		return t, nil
	}
	place, err := sc.place(parts)
	if err != nil {
		return nil, err
	}
	full := strings.Join(place[:], ".")
	if v, known := sc.view(place[1:], strings.EqualFold(place[0], "msdb")); known {
		if strings.HasPrefix(v.name, "sys.") {
			return nil, failf(259, 16, "Ad hoc updates to system catalogs are not allowed.")
		}
		return nil, noPermission(permission, place)
	}
	if sc.isDenied(permission+" "+full) || sc.isDenied("write") {
		return nil, noPermission(permission, place)
	}
	if err := sc.denied(place[0], "", nil); err != nil {
		return nil, err
	}
	t := sc.userTable(place)
	switch {
	case t == nil:
		return nil, noObject(parts)
	case databaseOf(sc.sql, place[0]).ReadOnly:
		return nil, failf(3906, 16, "Failed to update database \"%s\" because the database is read-only.", place[0])
	}
	return t, nil
}

func noPermission(permission string, place [3]string) error {
	return failf(229, 14, "The %s permission was denied on the object '%s', database '%s', schema "+
		"'%s'.", permission, place[2],
		place[0], place[1])
}

// createTable makes a table, of rows where SELECT INTO has some.
func (sc scope) createTable(parts []string, columns []column, rows [][]any) error {
	s := sc.session
	for i, c := range columns {
		if c.name == "" {
			return failf(1038, 15, "An object or column name is missing or empty. For SELECT INTO statements, verify each "+
				"column has a name.")
		}
		if slices.ContainsFunc(columns[:i], func(o column) bool { return strings.EqualFold(o.name, c.name) }) {
			return failf(2705, 16, "Column names in each table must be unique. Column name '%s' in table is specified more "+
				"than once.",
				c.name)
		}
	}
	last := parts[len(parts)-1]
	exists := failf(2714, 16, "There is already an object named '%s' in the database.", last)
	if strings.HasPrefix(last, "#") {
		if _, known := s.temps[strings.ToLower(last)]; known {
			return exists
		}
		s.temps[strings.ToLower(last)] = &userTable{parts: [3]string{"tempdb", "dbo", last}, columns: columns, rows: rows}
		return nil
	}
	place, err := sc.place(parts)
	if err != nil {
		return err
	}
	system := slices.Contains(systemDatabases(), place[0])
	switch {
	case system || sc.isDenied("write"):
		return failf(262, 14, "CREATE TABLE permission denied in database '%s'.", place[0])
	case databaseOf(sc.sql, place[0]).ReadOnly:
		return failf(3906, 16, "Failed to update database \"%s\" because the database is read-only.", place[0])
	case sc.userTable(place) != nil:
		return exists
	}
	t := &userTable{parts: place, columns: columns, dropped: true}
	s.touch(t)
	t.rows, t.dropped = rows, false
	if s.tran.count > 0 { // nobody else sees it before the end
		t.holder, t.released = s, make(chan struct{})
	}
	s.server.store.add(t)
	return nil
}

func (sc scope) selectInto(parts []string, columns []column, rows [][]any) error {
	if sc.session.tran.doomed {
		return failf(3930, 16, "The current transaction cannot be committed and cannot support operations that write to "+
			"the log "+
			"file. Roll back the transaction.")
	}
	columns = slices.Clone(columns)
	for i := range columns {
		columns[i].of, columns[i].table = "", true
		if columns[i].typ.kind == kindNull {
			columns[i].typ.kind = kindInt
		}
	}
	defer sc.forget()
	return sc.createTable(parts, columns, rows)
}

package sql

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"slices"
	"strings"

	"postpatch/probes"
	"postpatch/probes/fact"
)

const databaseQuery = `SELECT name, create_date, state_desc, user_access_desc, is_read_only,
 recovery_model_desc, compatibility_level, HAS_DBACCESS(name) AS access
 FROM sys.databases ORDER BY name`

// database is one row of sys.databases.
type database struct {
	name          string
	created       stdsql.NullTime
	state         stdsql.NullString
	access        stdsql.NullString
	readOnly      stdsql.NullBool
	recovery      stdsql.NullString
	compatibility stdsql.NullInt64
	opened        stdsql.NullInt64 // HAS_DBACCESS: null, 0 or 1
}

// read asks the instance all there is to ask. What was read before an error is
// kept.
func (p probe) read(ctx context.Context, conn connection) ([]fact.Reading, error) {
	v := &visit{probe: p, conn: conn, closed: map[string]bool{}}
	readings, err := v.readInstance(ctx)
	if err != nil {
		return readings, err
	}
	databases, err := readDatabases(ctx, conn)
	if err != nil {
		// Half a list would look like lost databases.
		return readings, err
	}
	v.databases = databases
	i := slices.IndexFunc(databases, func(d database) bool { return strings.EqualFold(d.name, "tempdb") })
	if i >= 0 && databases[i].created.Valid {
		started := databases[i].created.Time.Add(-v.offset)
		readings = append(readings, probes.Read("", "started", fact.Time(started)))
	}
	readings = append(readings, p.sorted(databases)...)
	for _, part := range p.parts {
		more, err := v.ask(ctx, part)
		readings = append(readings, more...)
		if err != nil {
			return v.withoutClosed(readings), err
		}
	}
	return v.withoutClosed(readings), nil
}

// withoutClosed leaves out that a database could not be opened where that is its place.
func (v *visit) withoutClosed(readings []fact.Reading) []fact.Reading {
	return slices.DeleteFunc(readings, func(r fact.Reading) bool { return r.Key.Name == "opened" && v.closed[r.Key.Item] })
}

// connection is what questions are put through.
type connection interface {
	QueryContext(ctx context.Context, query string, args ...any) (*stdsql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *stdsql.Row
}

func readDatabases(ctx context.Context, conn connection) ([]database, error) {
	rows, err := conn.QueryContext(ctx, databaseQuery)
	if err != nil {
		return nil, fmt.Errorf("reading the databases: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var databases []database
	for rows.Next() {
		var d database
		err := rows.Scan(&d.name, &d.created, &d.state, &d.access, &d.readOnly, &d.recovery, &d.compatibility, &d.opened)
		if err != nil {
			return nil, fmt.Errorf("reading a database: %w", err)
		}
		databases = append(databases, d)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading the databases: %w", err)
	}
	return databases, nil
}

// sorted tells the databases that the suite names from the others.
func (p probe) sorted(databases []database) []fact.Reading {
	var readings []fact.Reading
	seen := map[string]bool{}
	for _, d := range databases {
		item, named := p.item(d.name, databases)
		if seen[item] {
			continue // no instance has two of one name
		}
		seen[item] = true
		if named {
			readings = append(readings,
				probes.Read(item, "state", fact.Text(d.state.String)),
				probes.Read(item, "opened", fact.Bool(d.opened.Int64 == 1)))
		} else {
			readings = append(readings, probes.Read(item, "other_state", fact.Text(d.state.String)))
		}
		readings = append(readings, d.settings(item)...)
	}
	for _, name := range p.Databases {
		if !seen[name] {
			readings = append(readings,
				probes.Read(name, "state", fact.Text("absent")),
				probes.Read(name, "opened", fact.Bool(false)))
		}
	}
	return readings
}

// item is what a database is called in the readings: as the suite writes it, if
// it does. Some instances tell upper from lower case, so that an exact match
// comes first.
func (p probe) item(name string, databases []database) (item string, named bool) {
	if slices.Contains(p.Databases, name) {
		return name, true
	}
	i := slices.IndexFunc(p.Databases, func(n string) bool { return strings.EqualFold(n, name) })
	if i < 0 || slices.ContainsFunc(databases, func(d database) bool { return d.name == p.Databases[i] }) {
		return name, false
	}
	return p.Databases[i], true
}

func (d database) settings(item string) []fact.Reading {
	var readings []fact.Reading
	if d.access.Valid {
		readings = append(readings, probes.Read(item, "access", fact.Text(d.access.String)))
	}
	if d.readOnly.Valid {
		readings = append(readings, probes.Read(item, "read_only", fact.Bool(d.readOnly.Bool)))
	}
	if d.recovery.Valid {
		readings = append(readings, probes.Read(item, "recovery", fact.Text(d.recovery.String)))
	}
	if d.compatibility.Valid {
		readings = append(readings, probes.Read(item, "compatibility", fact.Int(d.compatibility.Int64)))
	}
	return readings
}

package sql

import (
	"context"
	stdsql "database/sql"
	"slices"
	"strings"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
)

// read asks the instance all there is to ask. What was read before an error is
// kept.
func (p probe) read(ctx context.Context, conn connection) ([]fact.Reading, error) {
	v := &visit{probe: p, conn: conn, closed: map[string]bool{}}
	start := time.Now()
	readings, right, err := v.readInstance(ctx)
	if err != nil || !right {
		return readings, err
	}
	readings = append(readings, probes.Read("", "round_trip", fact.Duration(time.Since(start))))
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

// sorted tells the databases that the suite names from the others.
func (p probe) sorted(databases []database) []fact.Reading {
	var readings []fact.Reading
	var snapshots []string
	seen := map[string]bool{}
	for _, d := range databases {
		item, named := p.item(d.name, databases)
		if seen[item] {
			continue // no instance has two of one name
		}
		seen[item] = true
		if d.of.Valid && !named {
			snapshots = append(snapshots, d.snapshot(databases))
			continue
		}
		if named {
			readings = append(readings,
				probes.Read(item, "state", fact.Text(d.state.String)),
				probes.Read(item, "opened", fact.Bool(d.opened.Int64 == 1)))
		} else {
			readings = append(readings, probes.Read(item, "other_state", fact.Text(d.state.String)))
		}
		readings = append(readings, d.settings(item)...)
	}
	readings = append(readings, probes.Read("", "snapshots", fact.SetOf(snapshots...)))
	for _, name := range p.Databases {
		if !seen[name] {
			readings = append(readings,
				probes.Read(name, "state", fact.Text("absent")),
				probes.Read(name, "absent_cause", fact.Text(whyAbsent)),
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
	if i < 0 || slices.ContainsFunc(databases, func(d database) bool {
		return d.name == p.Databases[i] || d.name != name && strings.EqualFold(d.name, name) // nobody knows which is meant
	}) {
		return name, false
	}
	return p.Databases[i], true
}

package tds

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"postpatch/probes/lab/estate"
)

// table is what FROM finds.
type table struct {
	columns []column
	rows    [][]any
	fetch   func(ctx context.Context) ([][]any, error) // instead of rows, where they may be locked
}

// systemDatabases are those that every instance has, in the order of their ids.
func systemDatabases() []string { return []string{"master", "tempdb", "model", "msdb"} }

// databases are the instance's databases in the order of their ids.
func databases(sql estate.SQL) []string {
	names := systemDatabases()
	for _, name := range slices.Sorted(maps.Keys(sql.Databases)) {
		if !slices.ContainsFunc(names, func(known string) bool { return strings.EqualFold(known, name) }) {
			names = append(names, name)
		}
	}
	return names
}

// findDatabase looks a name up as the server does, without regard to case.
func findDatabase(sql estate.SQL, wanted string) (string, estate.Database, bool) {
	if _, exact := sql.Databases[wanted]; exact { // which is asked for row after row
		return wanted, databaseOf(sql, wanted), true
	}
	for _, name := range databases(sql) {
		if strings.EqualFold(name, wanted) {
			return name, databaseOf(sql, name), true
		}
	}
	return "", estate.Database{}, false
}

// databaseOf fills in what the estate leaves out.
func databaseOf(sql estate.SQL, wanted string) estate.Database {
	db, exact := sql.Databases[wanted]
	for name, described := range sql.Databases {
		if exact {
			break
		}
		if strings.EqualFold(name, wanted) {
			db = described
		}
	}
	orElse := func(s *string, otherwise string) {
		if *s == "" {
			*s = otherwise
		}
	}
	orElse(&db.State, "ONLINE")
	orElse(&db.Access, "MULTI_USER")
	if slices.Contains(systemDatabases(), wanted) && wanted != "model" {
		orElse(&db.Recovery, "SIMPLE")
	}
	orElse(&db.Recovery, "FULL")
	if db.Compatibility == 0 {
		db.Compatibility = 10 * version(sql.Version).part(0)
	}
	return db
}

func noDatabase(name string) error {
	return failf(911, 16, "Database '%s' does not exist. Make sure that the name is entered correctly.", name)
}

// cannotOpen says why a database cannot be opened; nil means that it can.
func cannotOpen(name string, db estate.Database) error {
	switch strings.ToUpper(db.State) {
	case "ONLINE", "EMERGENCY":
		return nil
	case "RECOVERING":
		return failf(922, 14, "Database '%s' is being recovered. Waiting until recovery is finished.", name)
	case "SUSPECT":
		return failf(926, 14, "Database '%s' cannot be opened. It has been marked SUSPECT by recovery.", name)
	case "RESTORING":
		return failf(927, 14, "Database '%s' cannot be opened. It is in the middle of a restore.", name)
	case "OFFLINE":
		return failf(942, 14, "Database '%s' cannot be opened because it is offline.", name)
	default:
		return failf(945, 14, "Database '%s' cannot be opened: its files are not accessible.", name)
	}
}

func changedDatabase(name string) *sqlError {
	return &sqlError{number: 5701, state: 2, class: 10, text: fmt.Sprintf("Changed database context to '%s'.", name)}
}

func (sc scope) sysInfo() table {
	return table{
		columns: []column{tableColumn("sqlserver_start_time", colType{kind: kindDateTime})},
		rows:    [][]any{{started(sc.sql)}},
	}
}

func tableColumn(name string, t colType) column { return column{name: name, typ: t, table: true} }

// started is when the instance was started, which tempdb's creation shows.
func started(sql estate.SQL) time.Time {
	if sql.Started.IsZero() {
		return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return sql.Started
}

func index(word string, words ...string) int64 { return int64(max(slices.Index(words, word), 0)) }

func (sc scope) connectionsTable() table {
	word := colType{kind: kindText, size: 40}
	encrypted := "FALSE"
	if sc.session.secured {
		encrypted = "TRUE"
	}
	return table{
		columns: []column{
			tableColumn("session_id", colType{kind: kindInt, nullable: true}),
			tableColumn("net_transport", word), tableColumn("encrypt_option", word), tableColumn("auth_scheme", word),
		},
		rows: [][]any{{int64(sc.session.out.spid), "TCP", encrypted, "SQL"}},
	}
}

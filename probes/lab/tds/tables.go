package tds

import (
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
	for _, name := range databases(sql) {
		if strings.EqualFold(name, wanted) {
			return name, databaseOf(sql, name), true
		}
	}
	return "", estate.Database{}, false
}

// databaseOf fills in what the estate leaves out.
func databaseOf(sql estate.SQL, wanted string) estate.Database {
	var db estate.Database
	for name, described := range sql.Databases {
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

// loginError is what the server says with one of the numbers that end a login.
func loginError(number int, user string) *sqlError {
	e := &sqlError{number: number, state: 1, class: 14}
	reason := map[int]string{
		18401: " Reason: Server is in script upgrade mode. Only administrator can connect at this time.",
		18451: " Only administrators may connect at this time.",
		18461: " Reason: Server is in single user mode. Only one administrator can connect at this time.",
		18470: " Reason: The account is disabled.",
		18487: " Reason: The password of the account has expired.",
		18488: " Reason: The password of the account must be changed.",
	}[number]
	switch number {
	case 17187:
		e.class, e.text = 16, "SQL Server is not ready to accept new client connections. Try again later."
	case 17142:
		e.text = "SQL Server service has been paused. No new connections will be accepted."
	case 18452:
		e.text = "Login failed. The login is from an untrusted domain and cannot be used with Windows authentication."
	case 4064:
		e.class, e.text = 11, "Cannot open user default database. Login failed."
	default:
		e.text = fmt.Sprintf("Login failed for user '%s'.%s", user, reason)
	}
	return e
}

// find returns the table of a name of one to three parts.
func (sc scope) find(parts []string) (table, error) {
	full := strings.Join(parts, ".")
	msdb := strings.EqualFold(sc.session.database, "msdb")
	if len(parts) == 3 {
		msdb = strings.EqualFold(parts[0], "msdb")
		name, db, found := findDatabase(sc.sql, parts[0])
		if !found {
			return table{}, failf(208, 16, "Invalid object name '%s'.", full)
		}
		if err := cannotOpen(name, db); err != nil {
			return table{}, err
		}
		if err := sc.denied(name, full, parts); err != nil {
			return table{}, err
		}
		parts = parts[1:]
	}
	view, known := sc.view(parts, msdb)
	if !known {
		return table{}, failf(208, 16, "Invalid object name '%s'.", full)
	}
	if err := sc.withheld(view); err != nil {
		return table{}, err
	}
	return view.build(sc), nil
}

func (sc scope) sysInfo() table {
	return table{
		columns: []column{tableColumn("sqlserver_start_time", colType{kind: kindDateTime})},
		rows:    [][]any{{started(sc.sql)}},
	}
}

func tableColumn(name string, t colType) column { return column{name: name, typ: t, table: true} }

func (sc scope) databasesTable() table {
	sysname := colType{kind: kindText, size: 128}
	word := colType{kind: kindText, size: 60, nullable: true}
	bit, flag := colType{kind: kindBit, nullable: true}, colType{kind: kindBit}
	number := colType{kind: kindTinyInt, nullable: true}
	t := table{columns: []column{
		tableColumn("name", sysname), tableColumn("database_id", colType{kind: kindInt}),
		tableColumn("create_date", colType{kind: kindDateTime}),
		tableColumn("compatibility_level", colType{kind: kindTinyInt}),
		tableColumn("collation_name", colType{kind: kindText, size: 128, nullable: true}),
		tableColumn("user_access", number), tableColumn("user_access_desc", word),
		tableColumn("is_read_only", bit), tableColumn("is_auto_close_on", flag),
		tableColumn("state", number), tableColumn("state_desc", word),
		tableColumn("is_in_standby", bit),
		tableColumn("recovery_model", number), tableColumn("recovery_model_desc", word),
	}}
	states := []string{
		"ONLINE", "RESTORING", "RECOVERING", "RECOVERY_PENDING", "SUSPECT", "EMERGENCY", "OFFLINE",
	}
	for i, name := range databases(sc.sql) {
		db := databaseOf(sc.sql, name)
		created := time.Date(2024, 3, 4, 8, 0, i, 0, time.UTC)
		if name == "tempdb" {
			created = started(sc.sql)
		}
		var collationName any
		if db.State == "ONLINE" {
			collationName = "SQL_Latin1_General_CP1_CI_AS"
		}
		t.rows = append(t.rows, []any{
			name, int64(i + 1), created, int64(db.Compatibility), collationName,
			index(db.Access, "MULTI_USER", "SINGLE_USER", "RESTRICTED_USER"), db.Access,
			db.ReadOnly, false,
			index(db.State, states...), db.State,
			false,
			1 + index(db.Recovery, "FULL", "BULK_LOGGED", "SIMPLE"), db.Recovery,
		})
	}
	return t
}

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
		rows: [][]any{{int64(sc.session.out.spid), "TCP", encrypted, sc.session.proved.authScheme()}},
	}
}

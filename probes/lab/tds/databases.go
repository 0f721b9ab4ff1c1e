package tds

import (
	"slices"
	"strings"
	"time"

	"postpatch/probes/lab/estate"
)

// The permissions by which a login sees databases that are not its own; an estate
// withholds them.
// Source: Microsoft, "sys.databases (Transact-SQL)" and "VIEW ANY DATABASE Permission".
const (
	viewAnyDatabase  = "VIEW ANY DATABASE"
	alterAnyDatabase = "ALTER ANY DATABASE"
	createDatabase   = "CREATE DATABASE" // in master; with neither of the two, rows of OFFLINE ones are not there
)

// sees says whether the login finds a row of a database: of master, tempdb and where it is
// always.
func (sc scope) sees(name string, db estate.Database) bool {
	switch {
	case slices.Contains([]string{"master", "tempdb"}, name), strings.EqualFold(name, sc.session.database):
		return true
	case !sc.isDenied(alterAnyDatabase), !sc.isDenied(createDatabase):
		return true
	default:
		return !sc.isDenied(viewAnyDatabase) && !strings.EqualFold(db.State, "OFFLINE")
	}
}

// databasesTable is sys.databases. What is not up, or has closed itself, is null in some
// columns.
func (sc scope) databasesTable() table {
	sysname, nullName := colType{kind: kindText, size: 128}, colType{kind: kindText, size: 128, nullable: true}
	word := colType{kind: kindText, size: 60, nullable: true}
	bit, flag := colType{kind: kindBit, nullable: true}, colType{kind: kindBit}
	number := colType{kind: kindTinyInt, nullable: true}
	t := table{columns: []column{
		tableColumn("name", sysname), tableColumn("database_id", colType{kind: kindInt}),
		tableColumn("source_database_id", colType{kind: kindInt, nullable: true}),
		tableColumn("create_date", colType{kind: kindDateTime}),
		tableColumn("compatibility_level", number), tableColumn("collation_name", nullName),
		tableColumn("user_access", number), tableColumn("user_access_desc", word),
		tableColumn("is_read_only", bit), tableColumn("is_auto_close_on", flag),
		tableColumn("state", number), tableColumn("state_desc", word),
		tableColumn("is_in_standby", bit),
		tableColumn("recovery_model", number), tableColumn("recovery_model_desc", word),
		tableColumn("is_broker_enabled", flag), tableColumn("log_reuse_wait", number),
		tableColumn("log_reuse_wait_desc", word), tableColumn("is_cdc_enabled", flag),
	}}
	for i, name := range databases(sc.sql) {
		if db := databaseOf(sc.sql, name); sc.sees(name, db) {
			t.rows = append(t.rows, sc.databaseRow(i, name, db))
		}
	}
	return t
}

func (sc scope) databaseRow(i int, name string, db estate.Database) []any {
	states := []string{"ONLINE", "RESTORING", "RECOVERING", "RECOVERY_PENDING", "SUSPECT", "EMERGENCY", "OFFLINE"}
	created := time.Date(2024, 3, 4, 8, 0, i, 0, time.UTC)
	if name == "tempdb" {
		created = started(sc.sql)
	}
	var collation, compatibility, source any
	compatibility = int64(db.Compatibility)
	if db.State == "ONLINE" {
		collation = orElse(db.Collation, orElse(sc.sql.Server.Collation, "SQL_Latin1_General_CP1_CI_AS"))
	}
	if db.AutoClose { // and nobody is in it
		collation, compatibility = nil, nil
	}
	if db.SnapshotOf != "" {
		of := func(n string) bool { return strings.EqualFold(n, db.SnapshotOf) }
		source = int64(slices.IndexFunc(databases(sc.sql), of) + 1)
	}
	wait := orElse(db.LogWait, "NOTHING")
	return []any{
		name, int64(i + 1), source, created, compatibility, collation,
		index(db.Access, "MULTI_USER", "SINGLE_USER", "RESTRICTED_USER"), db.Access,
		db.ReadOnly || source != nil, db.AutoClose,
		index(db.State, states...), db.State,
		db.Standby,
		1 + index(db.Recovery, "FULL", "BULK_LOGGED", "SIMPLE"), db.Recovery,
		!db.NoBroker && name != "master" && name != "model", index(wait, "NOTHING", "CHECKPOINT", "LOG_BACKUP"), wait, db.CDC,
	}
}

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

// The columns that came after SQL Server 2012 are left out.
// Source: Microsoft, "sys.databases (Transact-SQL)".
const databaseQuery = `SELECT name, create_date, state_desc, user_access_desc, is_read_only,
 recovery_model_desc, compatibility_level, HAS_DBACCESS(name) AS access,
 source_database_id, database_id, collation_name, is_in_standby, is_auto_close_on, is_cdc_enabled,
 is_broker_enabled, log_reuse_wait_desc
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

	of, id                          stdsql.NullInt64 // of is the database that it is a snapshot of
	collation, logWait              stdsql.NullString
	standby, autoClose, cdc, broker stdsql.NullBool
}

// maxDatabases is the most that an instance can have. Source: Microsoft, "Maximum capacity
// specifications for SQL Server", databases per instance.
const maxDatabases = 32767

func readDatabases(ctx context.Context, conn connection) ([]database, error) {
	rows, err := conn.QueryContext(ctx, databaseQuery)
	if err != nil {
		return nil, fmt.Errorf("reading the databases: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var databases []database
	for rows.Next() {
		if len(databases) == maxDatabases {
			return nil, fmt.Errorf("reading the databases: more than %d, which is more than an instance can have", maxDatabases)
		}
		var d database
		err := rows.Scan(&d.name, &d.created, &d.state, &d.access, &d.readOnly, &d.recovery, &d.compatibility, &d.opened,
			&d.of, &d.id, &d.collation, &d.standby, &d.autoClose, &d.cdc, &d.broker, &d.logWait)
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

// whyAbsent tells both ways in which a database goes from view.
const whyAbsent = "it was dropped or renamed, or is OFFLINE or not for this login to see: " +
	"that needs ALTER ANY DATABASE, or CREATE DATABASE in master"

// databaseDetails are what else is told of databases.
func databaseDetails() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "sees", Type: fact.TypeText,
			Doc: "Which databases the login sees: all, all but OFFLINE ones, its own.",
		},
		{
			Name: "absent_cause", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Evidence: true,
			Doc: "What it can mean that the login sees no database of that name.",
		},
		{
			Name: "standby", Type: fact.TypeBool,
			Doc: "Whether the database is read-only between two restores of its log, as for log shipping.",
		},
		{
			Name: "auto_close", Type: fact.TypeBool,
			Doc: "Whether the database closes with its last user; then its compatibility and collation come and go.",
		},
		{
			Name: "cdc", Type: fact.TypeBool, Severity: fact.Fail,
			Doc: "Whether change data capture is enabled in the database.",
		},
		{
			Name: "broker", Type: fact.TypeBool,
			Doc: "Whether Service Broker is enabled in the database; a restore disables it.",
		},
		{
			Name: "database_collation", Type: fact.TypeText, Doc: "The database's own collation.",
		},
		{
			Name: "log_wait", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore},
			Doc: "What keeps the log from being used again, such as LOG_BACKUP; NOTHING when nothing does.",
		},
		{
			Name: "snapshots", Type: fact.TypeSet, Severity: fact.Note,
			Doc: "The snapshots of databases that the suite does not name, with a state that is not ONLINE; they come and go.",
		},
	}
}

func databaseNotes() []string {
	return []string{
		"A database that is gone from view is a failure: it was dropped, or it is OFFLINE and the login may not see that.",
		"To see an OFFLINE one needs ALTER ANY DATABASE, or CREATE DATABASE in master; the reading sees tells what it has.",
	}
}

// seen is which databases the login sees.
// Source: Microsoft, "sys.databases (Transact-SQL)", permissions.
func seen(others, offline bool) string {
	switch {
	case offline:
		return "all"
	case others:
		return "all but OFFLINE ones"
	default:
		return "its own"
	}
}

// settings are a database's; what is null is not told: of a database that is not up, or
// that closed itself and opens when somebody comes.
func (d database) settings(item string) []fact.Reading {
	var readings []fact.Reading
	text := func(name string, value stdsql.NullString) {
		if value.String != "" {
			readings = append(readings, probes.Read(item, name, fact.Text(value.String)))
		}
	}
	flag := func(name string, value stdsql.NullBool) {
		if value.Valid {
			readings = append(readings, probes.Read(item, name, fact.Bool(value.Bool)))
		}
	}
	text("access", d.access)
	flag("read_only", d.readOnly)
	text("recovery", d.recovery)
	flag("standby", d.standby)
	flag("auto_close", d.autoClose)
	flag("cdc", d.cdc)
	flag("broker", d.broker)
	text("log_wait", d.logWait)
	if d.autoClose.Bool {
		return readings
	}
	text("database_collation", d.collation)
	if d.compatibility.Valid {
		readings = append(readings, probes.Read(item, "compatibility", fact.Int(d.compatibility.Int64)))
	}
	return readings
}

// snapshot names one for a set: a name with a date is made and dropped by a job, and is
// no database that somebody would miss.
func (d database) snapshot(databases []database) string {
	text := d.name
	of := func(source database) bool { return source.id.Valid && source.id.Int64 == d.of.Int64 }
	if i := slices.IndexFunc(databases, of); i >= 0 {
		text += " of " + databases[i].name
	}
	if state := d.state.String; !strings.EqualFold(state, "ONLINE") {
		text += ", " + state
	}
	return text
}

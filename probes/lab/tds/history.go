package tds

import (
	"slices"
	"strings"
	"time"

	"postpatch/probes/lab/estate"
)

// denied says why the login may not enter a database or, where the parts of its name
// are given, read a table of it.
func (sc scope) denied(database, full string, parts []string) error {
	switch {
	case sc.isDenied(database):
		return failf(916, 14, "The server principal \"%s\" is not able to access the database \"%s\" under the current "+
			"security context.", sc.session.login.user, database)
	case len(parts) == 3 && sc.isDenied(full):
		return failf(229, 14, "The SELECT permission was denied on the object '%s', database '%s', schema '%s'.",
			parts[2], database, parts[1])
	default:
		return nil
	}
}

// isDenied finds what the estate withholds from the login.
func (sc scope) isDenied(what string) bool {
	return slices.ContainsFunc(sc.sql.Denied, func(d string) bool { return strings.EqualFold(d, what) })
}

// moment is when something was that an estate tells by its date or by its age.
func moment(at time.Time, age time.Duration) time.Time {
	if at.IsZero() {
		return time.Now().UTC().Add(-age).Truncate(time.Second)
	}
	return at
}

// eachDatabase visits the databases in the order of their ids.
func (sc scope) eachDatabase(visit func(name string, db estate.Database)) {
	for _, name := range databases(sc.sql) {
		visit(name, databaseOf(sc.sql, name))
	}
}

// backupSets begins with the backups that were restored, as the ids count.
func (sc scope) backupSets() table {
	flag := colType{kind: kindBit, nullable: true}
	name := colType{kind: kindText, size: 128, nullable: true}
	t := table{columns: []column{
		tableColumn("backup_set_id", colType{kind: kindInt}), tableColumn("database_name", name),
		tableColumn("server_name", name), tableColumn("type", colType{kind: kindText, size: 1, nullable: true}),
		tableColumn("backup_finish_date", colType{kind: kindDateTime, nullable: true}),
		tableColumn("time_zone", colType{kind: kindSmallInt, nullable: true}),
		tableColumn("is_copy_only", flag), tableColumn("is_damaged", flag), tableColumn("is_snapshot", flag),
	}}
	server := withInstance(sc.session.server.host().Name, sc.sql)
	add := func(of string, b estate.Backup, finished time.Time) {
		var zone any
		if b.Zone != nil {
			zone = int64(*b.Zone)
		}
		t.rows = append(t.rows, []any{
			int64(len(t.rows) + 1), of, orElse(b.Server, server), orElse(b.Type, "D"),
			finished, zone, b.CopyOnly, b.Damaged, b.Snapshot,
		})
	}
	sc.eachDatabase(func(name string, db estate.Database) {
		for _, r := range db.Restores { // the backup may long be gone from the disk, not from the table
			add(name, estate.Backup{Server: r.Server}, time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC))
		}
	})
	sc.eachDatabase(func(name string, db estate.Database) {
		for _, b := range db.Backups {
			add(name, b, moment(b.Finished, b.Age))
		}
	})
	return t
}

func (sc scope) restores() table {
	t := table{columns: []column{
		tableColumn("restore_history_id", colType{kind: kindInt}),
		tableColumn("restore_date", colType{kind: kindDateTime, nullable: true}),
		tableColumn("destination_database_name", colType{kind: kindText, size: 128, nullable: true}),
		tableColumn("backup_set_id", colType{kind: kindInt}),
		tableColumn("restore_type", colType{kind: kindText, size: 1, nullable: true}),
	}}
	sc.eachDatabase(func(name string, db estate.Database) {
		for _, r := range db.Restores {
			id := int64(len(t.rows) + 1)
			t.rows = append(t.rows, []any{id, moment(r.Date, r.Age), orElse(r.As, name), id, orElse(r.Type, "D")})
		}
	})
	return t
}

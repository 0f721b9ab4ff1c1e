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

// Only backups that this instance took count: a restore leaves those of another server
// in its tables. A copy-only one is no part of the chain that a restore would go, and
// a damaged one is none. One that other software took through a snapshot of the volume is
// as good as any. Source: Microsoft, "backupset (Transact-SQL)".
const (
	ownServer = `IN (UPPER(@@SERVERNAME), UPPER(CAST(SERVERPROPERTY('ServerName') AS nvarchar(128))))`

	backupQuery = `SELECT database_name, type, time_zone, is_snapshot, MAX(backup_finish_date) AS finished
 FROM msdb.dbo.backupset
 WHERE type IN ('D', 'I', 'L') AND is_copy_only = 0 AND is_damaged = 0 AND UPPER(server_name) ` + ownServer + `
 GROUP BY database_name, type, time_zone, is_snapshot`

	restoreQuery = `SELECT b.database_name, MAX(r.restore_date) AS restored
 FROM msdb.dbo.restorehistory AS r
 JOIN msdb.dbo.backupset AS b ON b.backup_set_id = r.backup_set_id
 WHERE r.restore_type = 'D' AND UPPER(b.server_name) ` + ownServer + `
 GROUP BY b.database_name`
)

// backupPart is what msdb knows of backups and restores.
func backupPart() part {
	return part{
		name: "backups", state: "backup_history",
		needs:  "SELECT on msdb.dbo.backupset and msdb.dbo.restorehistory",
		grants: []string{"dbo.backupset", "dbo.restorehistory"},
		specs:  backupReadings(), notes: backupNotes(), read: readHistory,
	}
}

// never is the date of what has not happened, the first that SQL Server's own datetime
// is for: it is older than any that somebody could want, and a history that is lost
// is a change to it.
func never() time.Time { return time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC) }

func backupReadings() []probes.ReadingSpec {
	// That there is a newer one is no change. The hour is for a server's clock that
	// was put back in the autumn: where msdb does not tell the zone, today's is taken.
	newer := fact.Rule{Op: fact.AtLeast, Duration: time.Hour}
	specs := []probes.ReadingSpec{{
		Name: "backup_type", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Evidence: true,
		Doc: "Of what last_backup is: full, full (snapshot), differential or none.",
	}}
	for _, r := range []struct {
		name, doc string
		severity  fact.Severity
	}{
		{"last_backup", "When the newest full or differential backup ended; 1900-01-01 when there is none.", fact.Warn},
		{"last_full_backup", "When the newest full backup ended; 1900-01-01 when there is none.", fact.Note},
		{
			"last_differential_backup",
			"When the newest differential backup ended; 1900-01-01 when there is none, or no full one.", fact.Note,
		},
		{
			"last_log_backup",
			"When the newest backup of the log ended, where there are any to take: not in recovery model SIMPLE, not of " +
				"system databases; 1900-01-01 when there is none.", fact.Note,
		},
		{
			"last_restore",
			"When a full backup of it was last restored here, under any name; 1900-01-01 when never; not of system ones.",
			fact.Note,
		},
	} {
		specs = append(specs, probes.ReadingSpec{
			Name: r.name, Type: fact.TypeTime, Rule: newer, Severity: r.severity, Doc: r.doc, Partial: true,
			Behind: "backup_history", // as in backupPart
		})
	}
	return specs
}

func backupNotes() []string {
	return []string{
		"Backups are told where the login may SELECT from msdb.dbo.backupset and msdb.dbo.restorehistory.",
		"They are of all databases but tempdb and those that are read-only, OFFLINE or RESTORING.",
		"Only those count that this instance took since the database was created, no copy-only or damaged one.",
		"A snapshot of the volume that other software took through VSS or VDI counts as a full backup.",
		"Ages to begin with: last_full_backup younger than 7d, last_backup than 25h, last_log_backup than 15m.",
	}
}

// backups is what msdb knows of one database, in UTC or, for a restore, in the
// server's own time; zero for never.
type backups struct {
	full, differential, log time.Time
	snapshot                time.Time // the newest full one that is a snapshot of the volume
	restored                time.Time
}

// history is what msdb knows, by database.
type history struct {
	of    map[string]backups
	local map[string]backups // backups whose time zone nobody kept, in the server's own time
}

// readHistory asks msdb, which many logins may not.
func readHistory(ctx context.Context, v *visit) ([]fact.Reading, error) {
	h := history{of: map[string]backups{}, local: map[string]backups{}}
	if _, err := v.batch(ctx, backupQuery+";\n"+restoreQuery, h.backup, h.restore); err != nil {
		return nil, err
	}
	return v.backups(h), nil
}

func (h history) backup(rows *stdsql.Rows) error {
	var database, kind stdsql.NullString
	var zone stdsql.NullInt64
	var snapshot stdsql.NullBool
	var finished stdsql.NullTime
	if err := rows.Scan(&database, &kind, &zone, &snapshot, &finished); err != nil {
		return err
	}
	if !finished.Valid {
		return nil
	}
	into, at := h.local, finished.Time
	if quarters := zone.Int64; zone.Valid && -48 <= quarters && quarters <= 48 { // 127 is unknown
		into, at = h.of, at.Add(-time.Duration(quarters)*15*time.Minute)
	}
	b := into[database.String]
	switch kind.String {
	case "D":
		b.full = later(b.full, at)
		if snapshot.Bool {
			b.snapshot = later(b.snapshot, at)
		}
	case "I":
		b.differential = later(b.differential, at)
	case "L":
		b.log = later(b.log, at)
	}
	into[database.String] = b
	return nil
}

func (h history) restore(rows *stdsql.Rows) error {
	var database stdsql.NullString
	var restored stdsql.NullTime
	if err := rows.Scan(&database, &restored); err != nil {
		return err
	}
	if restored.Valid {
		b := h.local[database.String]
		b.restored = restored.Time
		h.local[database.String] = b
	}
	return nil
}

// backups reports the history of the databases that are to be backed up.
func (v *visit) backups(h history) []fact.Reading {
	var readings []fact.Reading
	seen := map[string]bool{}
	for _, d := range v.databases {
		item, _ := v.probe.item(d.name, v.databases)
		if seen[item] || !d.isBackedUp() {
			continue
		}
		seen[item] = true
		readings = append(readings, h.readings(item, d, v.offset)...)
	}
	return readings
}

// isBackedUp says whether somebody would back a database up: nobody can one that is
// OFFLINE, or a copy that waits for more from elsewhere, and what is never written needs
// no second backup.
func (d database) isBackedUp() bool {
	state := strings.ToUpper(d.state.String)
	return !strings.EqualFold(d.name, "tempdb") && state != "OFFLINE" && state != "RESTORING" && !d.readOnly.Bool &&
		!d.of.Valid
}

func (h history) readings(item string, d database, offset time.Duration) []fact.Reading {
	zoned, local := h.of[d.name], h.local[d.name]
	created := time.Time{}
	if d.created.Valid {
		created = d.created.Time.Add(-offset)
	}
	// since is the later of two ends of backups, unless they are of another database
	// that had the name before.
	since := func(inUTC, inLocal time.Time) time.Time {
		at := inUTC
		if !inLocal.IsZero() {
			at = later(at, inLocal.Add(-offset))
		}
		if at.IsZero() || at.Before(created) {
			return never()
		}
		return at
	}
	full, differential := since(zoned.full, local.full), since(zoned.differential, local.differential)
	kind := "none"
	switch {
	case full.Equal(never()):
		differential = never() // of what was lost
	case differential.After(full):
		kind = "differential"
	case since(zoned.snapshot, local.snapshot).Equal(full):
		kind = "full (snapshot)"
	default:
		kind = "full"
	}
	readings := []fact.Reading{
		probes.Read(item, "backup_type", fact.Text(kind)),
		probes.Read(item, "last_backup", fact.Time(later(full, differential))),
		probes.Read(item, "last_full_backup", fact.Time(full)),
		probes.Read(item, "last_differential_backup", fact.Time(differential)),
	}
	if d.isSystem() {
		return readings // nobody restores one to try it, nor backs up model's log
	}
	if d.keepsLog() {
		readings = append(readings, probes.Read(item, "last_log_backup", fact.Time(since(zoned.log, local.log))))
	}
	restored := never()
	if !local.restored.IsZero() {
		restored = local.restored.Add(-offset)
	}
	return append(readings, probes.Read(item, "last_restore", fact.Time(restored)))
}

// keepsLog says whether the log is kept until it is backed up.
func (d database) keepsLog() bool {
	return strings.EqualFold(d.recovery.String, "FULL") || strings.EqualFold(d.recovery.String, "BULK_LOGGED")
}

func (d database) isSystem() bool {
	return slices.Contains([]string{"master", "model", "msdb", "tempdb"}, strings.ToLower(d.name))
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

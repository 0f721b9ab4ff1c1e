package sql

import (
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	mssql "github.com/microsoft/go-mssqldb"

	"postpatch/probes"
	"postpatch/probes/fact"
)

// Only backups that this instance took count: a restore leaves those of another server
// in its tables. A copy-only one is no part of the chain that a restore would go, and
// a damaged one is none.
const (
	ownServer = `IN (UPPER(@@SERVERNAME), UPPER(CAST(SERVERPROPERTY('ServerName') AS nvarchar(128))))`

	backupQuery = `SELECT database_name, type, time_zone, MAX(backup_finish_date) AS finished
 FROM msdb.dbo.backupset
 WHERE type IN ('D', 'I', 'L') AND is_copy_only = 0 AND is_damaged = 0 AND UPPER(server_name) ` + ownServer + `
 GROUP BY database_name, type, time_zone`

	restoreQuery = `SELECT b.database_name, MAX(r.restore_date) AS restored
 FROM msdb.dbo.restorehistory AS r
 JOIN msdb.dbo.backupset AS b ON b.backup_set_id = r.backup_set_id
 WHERE r.restore_type = 'D' AND UPPER(b.server_name) ` + ownServer + `
 GROUP BY b.database_name`
)

// What backup_history says.
const (
	wasRead    = "read"
	notAllowed = "not checked (permission)"
	tooSlow    = "not checked (no answer in time)"
	unreadable = "not checked (msdb cannot be read)"
)

// never is the date of what has not happened, the first that SQL Server's own datetime
// is for: it is older than any that somebody could want, and a history that is lost
// is a change to it.
func never() time.Time { return time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC) }

func backupReadings() []probes.ReadingSpec {
	// That there is a newer one is no change. The hour is for a server's clock that
	// was put back in the autumn: where msdb does not tell the zone, today's is taken.
	newer := fact.Rule{Op: fact.AtLeast, Duration: time.Hour}
	const behind = "backup_history"
	return []probes.ReadingSpec{
		{
			Name: behind, Type: fact.TypeText,
			Unseen: []fact.Value{fact.Text(notAllowed), fact.Text(tooSlow), fact.Text(unreadable)},
			Doc:    "read; or not checked, and why: permission, when the login may not read msdb's tables of it.",
		},
		{
			Name: "backup_type", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Evidence: true,
			Doc: "Of what last_backup is: full, differential or none.",
		},
		{
			Name: "last_backup", Type: fact.TypeTime, Rule: newer, Behind: behind,
			Doc: "When the newest full or differential backup ended; 1900-01-01 when there is none.",
		},
		{
			Name: "last_log_backup", Type: fact.TypeTime, Rule: newer, Behind: behind, Severity: fact.Note,
			Doc: "When the newest backup of the log ended; 1900-01-01 when there is none.",
		},
		{
			Name: "last_restore", Type: fact.TypeTime, Rule: newer, Behind: behind, Severity: fact.Note,
			Doc: "When a full backup of it was last restored here, under any name; 1900-01-01 when never; not of system ones.",
		},
	}
}

func backupNotes() []string {
	return []string{
		"Backups are told where the login may SELECT from msdb.dbo.backupset and msdb.dbo.restorehistory.",
		"They are of all databases but tempdb and those that are read-only, OFFLINE or RESTORING.",
		"Only those count that this instance took since the database was created, no copy-only or damaged one.",
	}
}

// backups is what msdb knows of one database, in UTC or, for a restore, in the
// server's own time; zero for never.
type backups struct {
	full, differential, log time.Time
	restored                time.Time
}

// history is what msdb knows, by database.
type history struct {
	state string // wasRead, or why it was not
	of    map[string]backups
	local map[string]backups // backups whose time zone nobody kept, in the server's own time
}

// readHistory asks msdb, which many logins may not. It takes half of the time that is
// left at most: on a server that never forgets a backup the tables are huge, and what
// else was read is worth more.
func readHistory(ctx context.Context, conn *stdsql.Conn) (history, error) {
	asked, cancel := ctx, context.CancelFunc(func() {})
	if deadline, limited := ctx.Deadline(); limited {
		asked, cancel = context.WithTimeout(ctx, time.Until(deadline)/2)
	}
	defer cancel()
	h := history{state: wasRead, of: map[string]backups{}, local: map[string]backups{}}
	err := h.readBackups(asked, conn)
	if err == nil {
		err = h.readRestores(asked, conn)
	}
	if err == nil {
		return h, nil
	}
	state, err := whyNot(ctx, asked, err)
	return history{state: state}, err
}

// whyNot is what backup_history says when the history was asked for within a part of
// the check's time and did not come; an error where the server itself is lost.
func whyNot(ctx, asked context.Context, err error) (state string, lost error) {
	var answer mssql.Error
	switch {
	case ctx.Err() == nil && asked.Err() != nil:
		return tooSlow, nil
	case !errors.As(err, &answer) || answer.Number == 0: // no word of the server's
		return "", fmt.Errorf("reading the history of backups: %w", err)
	case isDenied(answer.Number):
		return notAllowed, nil
	default: // msdb cannot be opened, say
		return unreadable, nil
	}
}

// isDenied knows the errors of a login that may not: SELECT denied on a table or a
// column, no way into the database.
func isDenied(number int32) bool { return number == 229 || number == 230 || number == 916 }

func (h history) readBackups(ctx context.Context, conn *stdsql.Conn) error {
	rows, err := conn.QueryContext(ctx, backupQuery)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var database, kind stdsql.NullString
		var zone stdsql.NullInt64
		var finished stdsql.NullTime
		if err := rows.Scan(&database, &kind, &zone, &finished); err != nil {
			return err
		}
		if !finished.Valid {
			continue
		}
		into, at := h.local, finished.Time
		if quarters := zone.Int64; zone.Valid && -48 <= quarters && quarters <= 48 { // 127 is unknown
			into, at = h.of, at.Add(-time.Duration(quarters)*15*time.Minute)
		}
		b := into[database.String]
		switch kind.String {
		case "D":
			b.full = later(b.full, at)
		case "I":
			b.differential = later(b.differential, at)
		case "L":
			b.log = later(b.log, at)
		}
		into[database.String] = b
	}
	return rows.Err()
}

func (h history) readRestores(ctx context.Context, conn *stdsql.Conn) error {
	rows, err := conn.QueryContext(ctx, restoreQuery)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
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
	}
	return rows.Err()
}

// backups reports the history of the databases that are to be backed up.
func (p probe) backups(h history, databases []database, offset time.Duration) []fact.Reading {
	if h.state == "" {
		return nil
	}
	readings := []fact.Reading{probes.Read("", "backup_history", fact.Text(h.state))}
	if h.state != wasRead {
		return readings
	}
	seen := map[string]bool{}
	for _, d := range databases {
		item, _ := p.item(d.name, databases)
		if seen[item] || !d.isBackedUp() {
			continue
		}
		seen[item] = true
		readings = append(readings, h.readings(item, d, offset)...)
	}
	return readings
}

// isBackedUp says whether somebody would back a database up: nobody can one that is
// OFFLINE, or a copy that waits for more from elsewhere, and what is never written needs
// no second backup.
func (d database) isBackedUp() bool {
	state := strings.ToUpper(d.state.String)
	return !strings.EqualFold(d.name, "tempdb") && state != "OFFLINE" && state != "RESTORING" && !d.readOnly.Bool
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
	default:
		kind = "full"
	}
	readings := []fact.Reading{
		probes.Read(item, "backup_type", fact.Text(kind)),
		probes.Read(item, "last_backup", fact.Time(later(full, differential))),
		probes.Read(item, "last_log_backup", fact.Time(since(zoned.log, local.log))),
	}
	if d.isSystem() {
		return readings // nobody restores one to try it
	}
	restored := never()
	if !local.restored.IsZero() {
		restored = local.restored.Add(-offset)
	}
	return append(readings, probes.Read(item, "last_restore", fact.Time(restored)))
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

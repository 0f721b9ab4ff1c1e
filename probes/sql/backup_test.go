package sql

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/fact"
	"postpatch/probes/lab/estate"
)

func at(text string) time.Time {
	t, err := time.Parse(time.DateTime, text)
	if err != nil {
		panic(err)
	}
	return t
}

// TestBackups holds which backups count. What is not said is 1900-01-01.
func TestBackups(t *testing.T) {
	full, later, old := at("2026-11-20 01:00:00"), at("2026-11-21 01:00:00"), at("2024-03-01 00:00:00")
	west, unknown := -20, 127
	for _, c := range []struct {
		name, why         string
		db                estate.Database
		kind              string
		backup, log, rest string
	}{
		{name: "none", kind: "none"},
		{name: "a full one", db: estate.Database{Backups: []estate.Backup{{Finished: full}}}, kind: "full", backup: "2026-11-20T01:00:00Z"},
		{
			name: "a differential one on top",
			db:   estate.Database{Backups: []estate.Backup{{Finished: full}, {Type: "I", Finished: later}}},
			kind: "differential", backup: "2026-11-21T01:00:00Z",
		},
		{
			name: "a differential one alone", why: "nothing can be restored from it",
			db: estate.Database{Backups: []estate.Backup{{Type: "I", Finished: later}}}, kind: "none",
		},
		{
			name: "the newest one", db: estate.Database{Backups: []estate.Backup{{Finished: later}, {Finished: full}}},
			kind: "full", backup: "2026-11-21T01:00:00Z",
		},
		{
			name: "copy-only", why: "the chain of backups knows nothing of it",
			db:   estate.Database{Backups: []estate.Backup{{Finished: full}, {Finished: later, CopyOnly: true}}},
			kind: "full", backup: "2026-11-20T01:00:00Z",
		},
		{name: "damaged", db: estate.Database{Backups: []estate.Backup{{Finished: later, Damaged: true}}}, kind: "none"},
		{
			name: "of another server", why: "RESTORE writes it into the tables of this one",
			db: estate.Database{Backups: []estate.Backup{{Finished: later, Server: "sql99"}}}, kind: "none",
		},
		{
			name: "of a server by another casing", why: "SQL Server 2019 has changed it between updates",
			db:   estate.Database{Backups: []estate.Backup{{Finished: full, Server: "SQL01.corp.TEST"}}},
			kind: "full", backup: "2026-11-20T01:00:00Z",
		},
		{
			name: "of a database that had the name before", why: "this one was created on 2024-03-04",
			db: estate.Database{Backups: []estate.Backup{{Finished: old}}}, kind: "none",
		},
		{
			name: "files and parts", why: "they are not the whole database",
			db:   estate.Database{Backups: []estate.Backup{{Type: "F", Finished: full}, {Type: "P", Finished: full}}},
			kind: "none",
		},
		{
			name: "of the log", db: estate.Database{Backups: []estate.Backup{{Finished: full}, {Type: "L", Finished: later}}},
			kind: "full", backup: "2026-11-20T01:00:00Z", log: "2026-11-21T01:00:00Z",
		},
		{
			name: "in a zone", why: "msdb keeps local times, and the zone of each",
			db:   estate.Database{Backups: []estate.Backup{{Finished: full, Zone: &west}}},
			kind: "full", backup: "2026-11-20T06:00:00Z",
		},
		{
			name: "in a zone that nobody knows", why: "127 says so: today's is taken",
			db:   estate.Database{Backups: []estate.Backup{{Finished: full, Zone: &unknown}}},
			kind: "full", backup: "2026-11-20T01:00:00Z",
		},
		{
			name: "restored under another name", kind: "none", rest: "2026-11-20T01:00:00Z",
			db: estate.Database{Restores: []estate.Restore{{As: "Orders_test", Date: full}, {Date: old}}},
		},
		{
			name: "only looked at", why: "RESTORE VERIFYONLY restores nothing", kind: "none",
			db: estate.Database{Restores: []estate.Restore{{Type: "V", Date: full}}},
		},
		{
			name: "a backup of another server restored", why: "it is no test of this one's", kind: "none",
			db: estate.Database{Restores: []estate.Restore{{Server: "sql99", Date: full}}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := observed(t, changed(func(s *estate.SQL) { s.Databases["Orders"] = c.db }))
			want := map[string]string{"type": c.kind, "last_backup": c.backup, "last_log_backup": c.log, "last_restore": c.rest}
			for name, text := range want {
				if text == "" {
					want[name] = "1900-01-01T00:00:00Z"
				}
			}
			have := map[string]string{"type": got["Orders backup_type"]}
			for _, name := range []string{"last_backup", "last_log_backup", "last_restore"} {
				have[name] = got["Orders "+name]
			}
			if diff := cmp.Diff(want, have); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.why, diff)
			}
		})
	}
}

// TestBackupsByType holds which sort of backup each reading is of.
func TestBackupsByType(t *testing.T) {
	sunday, monday, old := at("2026-11-15 01:00:00"), at("2026-11-16 01:00:00"), at("2024-03-01 00:00:00")
	const never = "1900-01-01T00:00:00Z"
	for _, c := range []struct {
		name, why string
		db        estate.Database
		want      [4]string // type, full, differential, log
	}{
		{
			name: "each", db: estate.Database{Backups: []estate.Backup{
				{Finished: sunday}, {Type: "I", Finished: monday}, {Type: "L", Finished: monday},
			}},
			want: [4]string{"differential", "2026-11-15T01:00:00Z", "2026-11-16T01:00:00Z", "2026-11-16T01:00:00Z"},
		},
		{
			name: "a full one on top", db: estate.Database{Backups: []estate.Backup{
				{Finished: old.AddDate(0, 1, 0)}, {Type: "I", Finished: sunday}, {Finished: monday},
			}},
			want: [4]string{"full", "2026-11-16T01:00:00Z", "2026-11-15T01:00:00Z", never},
		},
		{
			name: "recovery model SIMPLE", why: "its log is not kept",
			db:   estate.Database{Recovery: "SIMPLE", Backups: []estate.Backup{{Finished: sunday}}},
			want: [4]string{"full", "2026-11-15T01:00:00Z", never, ""},
		},
		{
			name: "bulk-logged", db: estate.Database{Recovery: "BULK_LOGGED"}, want: [4]string{"none", never, never, never},
		},
		{
			name: "a snapshot of the volume", why: "it is a full one, and the reader is told",
			db: estate.Database{Backups: []estate.Backup{
				{Finished: sunday}, {Finished: monday, Snapshot: true}, {Type: "I", Finished: sunday},
			}},
			want: [4]string{"full (snapshot)", "2026-11-16T01:00:00Z", "2026-11-15T01:00:00Z", never},
		},
		{
			name: "a snapshot before a full one",
			db:   estate.Database{Backups: []estate.Backup{{Finished: monday}, {Finished: sunday, Snapshot: true}}},
			want: [4]string{"full", "2026-11-16T01:00:00Z", never, never},
		},
	} {
		got := observed(t, changed(func(s *estate.SQL) { s.Databases["Orders"] = c.db }))
		have := [4]string{
			got["Orders backup_type"], got["Orders last_full_backup"], got["Orders last_differential_backup"],
			got["Orders last_log_backup"],
		}
		if have != c.want {
			t.Errorf("%s: got %q, want %q: %s", c.name, have, c.want, c.why)
		}
	}
	got := observed(t, healthy())
	if at := got["model last_log_backup"]; at != "" {
		t.Errorf("model, which nobody writes to, has a backup of its log to take: %s", at)
	}
}

func observed(t *testing.T, h estate.Host) map[string]string {
	t.Helper()
	s := serve(t, h, selfSigned(t, 7))
	all, err := build(t, map[string]any{"database": []string{"Orders"}}).Observe(t.Context(), s.target())
	if err != nil {
		t.Fatal(err)
	}
	return readings(all)
}

// TestNoBackupAsked holds of which databases nobody wants one.
func TestNoBackupAsked(t *testing.T) {
	got := observed(t, changed(func(s *estate.SQL) {
		s.Databases = map[string]estate.Database{
			"Orders": {}, "Away": {State: "OFFLINE"}, "Copy": {State: "RESTORING"}, "Old": {ReadOnly: true},
			"Broken": {State: "SUSPECT"},
		}
	}))
	var told []string
	for _, name := range []string{"Orders", "Away", "Copy", "Old", "Broken", "tempdb", "master", "msdb", "model"} {
		if got[name+" last_backup"] != "" {
			told = append(told, name)
		}
	}
	if diff := cmp.Diff("Orders Broken master msdb model", strings.Join(told, " ")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestHistoryNotRead holds that a login that may not read msdb loses nothing else.
func TestHistoryNotRead(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*estate.SQL)
		want   string
	}{
		"a table is denied":          {func(s *estate.SQL) { s.Denied = []string{"msdb.dbo.backupset"} }, backupPart().notAllowed()},
		"the other table is denied":  {func(s *estate.SQL) { s.Denied = []string{"msdb.dbo.restorehistory"} }, backupPart().notAllowed()},
		"the database is denied":     {func(s *estate.SQL) { s.Denied = []string{"MSDB"} }, backupPart().notAllowed()},
		"the database is not to use": {func(s *estate.SQL) { s.Databases["msdb"] = estate.Database{State: "SUSPECT"} }, unreadable},
	} {
		t.Run(name, func(t *testing.T) {
			got := observed(t, changed(c.change))
			if got[" backup_history"] != c.want {
				t.Errorf("got %q, want %q", got[" backup_history"], c.want)
			}
			if got["Orders last_backup"] != "" || got["Orders state"] != "ONLINE" || got[" started"] == "" {
				t.Errorf("got %v", got)
			}
		})
	}
}

// TestHistoryTooSlow holds that a history which takes too long costs the check nothing,
// and that a server which is lost meanwhile is an error.
func TestHistoryTooSlow(t *testing.T) {
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		ctx, asked context.Context
		state      string
	}{
		"only the history":   {t.Context(), over, tooSlow},
		"the check as well":  {over, over, ""},
		"the server hung up": {t.Context(), t.Context(), ""},
	} {
		state, err := backupPart().whyNot(c.ctx, c.asked, io.ErrUnexpectedEOF)
		if state != c.state || (err != nil) != (c.state == "") {
			t.Errorf("%s: got %q and %v", name, state, err)
		}
	}
}

// TestNewerBackupIsNoDrift holds what the diff takes for a change.
func TestNewerBackupIsNoDrift(t *testing.T) {
	before := at("2026-11-20 01:00:00")
	for _, reading := range []string{"last_backup", "last_log_backup", "last_restore"} {
		spec, _ := Kind.Reading(reading)
		for name, c := range map[string]struct {
			now  fact.Value
			same bool
		}{
			"newer":                  {fact.Time(before.Add(time.Minute)), true},
			"the clock was put back": {fact.Time(before.Add(-time.Hour)), true},
			"an older one":           {fact.Time(before.Add(-25 * time.Hour)), false},
			"the history is lost":    {fact.Time(never()), false},
			"not told any more":      {nil, false},
		} {
			if got := spec.Rule.Holds(fact.Time(before), c.now); got != c.same {
				t.Errorf("%s: %s: unchanged is %t, want %t", reading, name, got, c.same)
			}
		}
		if !spec.Rule.Holds(fact.Time(never()), fact.Time(before)) {
			t.Errorf("%s: the first one is a change", reading)
		}
	}
}

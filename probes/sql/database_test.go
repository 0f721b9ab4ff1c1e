package sql

import (
	"strings"
	"testing"

	"postpatch/probes/fact"
	"postpatch/probes/lab/estate"
)

// TestDatabases holds what is told of databases, by what is different.
func TestDatabases(t *testing.T) {
	orders := func(db estate.Database) func(*estate.SQL) {
		return func(s *estate.SQL) { s.Databases["Orders"] = db }
	}
	away := func(denied ...string) func(*estate.SQL) {
		return func(s *estate.SQL) {
			s.Denied = denied
			s.Databases["Orders"], s.Databases["Stock"] = estate.Database{State: "OFFLINE"}, estate.Database{State: "OFFLINE"}
		}
	}
	for name, c := range map[string]struct {
		change func(*estate.SQL)
		want   map[string]string
	}{
		"between restores": {orders(estate.Database{Standby: true, ReadOnly: true}), map[string]string{"Orders standby": "true"}},
		"closed by itself": {orders(estate.Database{AutoClose: true}), map[string]string{
			"Orders auto_close": "true", "Orders compatibility": "", "Orders database_collation": "", "Orders state": "ONLINE",
		}},
		"Service Broker is off": {orders(estate.Database{NoBroker: true}), map[string]string{"Orders broker": "false"}},
		"changes are captured":  {orders(estate.Database{CDC: true}), map[string]string{"Orders cdc": "true"}},
		"the log waits":         {orders(estate.Database{LogWait: "LOG_BACKUP"}), map[string]string{"Orders log_wait": "LOG_BACKUP"}},
		"another collation": {
			orders(estate.Database{Collation: "Latin1_General_BIN2"}),
			map[string]string{"Orders database_collation": "Latin1_General_BIN2"},
		},
		"a snapshot": {
			func(s *estate.SQL) { s.Databases["Orders_0300"] = estate.Database{SnapshotOf: "Orders"} },
			map[string]string{
				" snapshots": "Orders_0300 of Orders", "Orders_0300 other_state": "", "Orders_0300 last_backup": "",
			},
		},
		"a snapshot that ran full": {
			func(s *estate.SQL) {
				s.Databases["Orders_0300"] = estate.Database{SnapshotOf: "Orders", State: "SUSPECT"}
			},
			map[string]string{" snapshots": "Orders_0300 of Orders, SUSPECT"},
		},
		"a snapshot that the suite names": {
			func(s *estate.SQL) { s.Databases["Orders"] = estate.Database{SnapshotOf: "Stock"} },
			map[string]string{"Orders state": "ONLINE", "Orders opened": "true", "Orders last_backup": ""},
		},
		"OFFLINE, for who may see it": {away(), map[string]string{
			" sees": "all", "Orders state": "OFFLINE", "Orders opened": "false", "Stock other_state": "OFFLINE",
		}},
		"OFFLINE, for who may create databases": {away("ALTER ANY DATABASE"), map[string]string{
			" sees": "all", "Orders state": "OFFLINE", "Stock other_state": "OFFLINE",
		}},
		"OFFLINE, for who may not": {away("ALTER ANY DATABASE", "CREATE DATABASE"), map[string]string{
			" sees": "all but OFFLINE ones", "Orders state": "absent", "Orders opened": "false", "Stock other_state": "",
			"msdb other_state": "ONLINE",
		}},
		"who sees only what is its own": {away("ALTER ANY DATABASE", "CREATE DATABASE", "VIEW ANY DATABASE"), map[string]string{
			" sees": "its own", "Orders state": "absent", "msdb other_state": "", "master other_state": "ONLINE", "tempdb other_state": "ONLINE",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			got := observed(t, changed(c.change))
			for key, want := range c.want {
				if got[key] != want {
					t.Errorf("%s: got %q, want %q", key, got[key], want)
				}
			}
			cause := got["Orders absent_cause"]
			told := strings.Contains(cause, "dropped or renamed, or is OFFLINE")
			if absent := got["Orders state"] == "absent"; absent != told {
				t.Errorf("the cause is %q", cause)
			}
		})
	}
}

// Snapshots come and go by a job: nothing of them is graver than a note.
func TestSnapshotsAreNotes(t *testing.T) {
	if spec, _ := Kind.Reading("snapshots"); spec.Severity != fact.Note {
		t.Errorf("snapshots are judged by %+v", spec)
	}
}

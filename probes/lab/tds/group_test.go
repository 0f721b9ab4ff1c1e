package tds_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	mssql "github.com/microsoft/go-mssqldb"

	"postpatch/probes/lab/estate"
)

func withHistory() estate.Host {
	h := healthy()
	day := func(n int) time.Time { return time.Date(2026, 11, n, 1, 0, 0, 0, time.UTC) }
	h.SQL.Databases = map[string]estate.Database{
		"Orders": {
			Backups:  []estate.Backup{{Finished: day(1)}, {Finished: day(8)}, {Type: "L", Finished: day(9)}},
			Restores: []estate.Restore{{As: "Orders_test", Date: day(3)}},
		},
		"Stock": {Backups: []estate.Backup{{Finished: day(2), CopyOnly: true}}},
	}
	return h
}

// TestGroupAndJoin holds the answers to what SQL Server would say.
func TestGroupAndJoin(t *testing.T) {
	for _, c := range []struct{ name, query, want string }{
		{
			"the newest of each group", "SELECT database_name, type, MAX(backup_finish_date) AS at FROM msdb.dbo.backupset " +
				"WHERE backup_set_id > 1 GROUP BY database_name, type",
			"Orders D 2026-11-08, Orders L 2026-11-09, Stock D 2026-11-02",
		},
		{
			"the newest of all", "SELECT MAX(backup_finish_date) FROM msdb.dbo.backupset WHERE is_copy_only = 1", "2026-11-02",
		},
		{"of none there is null", "SELECT MAX(backup_finish_date) FROM msdb.dbo.backupset WHERE type = 'Q'", "<nil>"},
		{"no group of none", "SELECT type FROM msdb.dbo.backupset WHERE type = 'Q' GROUP BY type", ""},
		{
			"two tables", "SELECT b.database_name, r.destination_database_name, restore_date FROM msdb.dbo.restorehistory AS r " +
				"INNER JOIN msdb.dbo.backupset b ON b.backup_set_id = r.backup_set_id",
			"Orders Orders_test 2026-11-03",
		},
		{
			"nothing to join", "SELECT r.restore_date FROM msdb.dbo.restorehistory r JOIN sys.databases d ON d.name = 'none'", "",
		},
		{"by the table's own name", "SELECT databases.name FROM sys.databases WHERE sys.databases.database_id = 1", "master"},
		{"upper case", "SELECT UPPER(name) FROM sys.databases WHERE name = 'stock'", "STOCK"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rows, err := open(t, serve(t, withHistory()), plain).QueryContext(t.Context(), c.query)
			if err != nil {
				t.Fatal(err)
			}
			got, err := rowsOf(t, rows, time.DateOnly)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, strings.Join(got, ", ")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestGroupAndJoinErrors(t *testing.T) {
	for _, c := range []struct {
		query  string
		number int32
	}{
		{"SELECT name, state FROM sys.databases GROUP BY name", 8120},
		{"SELECT * FROM sys.databases GROUP BY name", 8120},
		{"SELECT name FROM sys.databases WHERE MAX(state) = 1", 147},
		{"SELECT name FROM sys.databases GROUP BY none", 207},
		{"SELECT name FROM sys.databases GROUP BY", 102},
		{"SELECT name FROM sys.databases GROUP name", 102},
		{"SELECT backup_set_id FROM msdb.dbo.restorehistory r JOIN msdb.dbo.backupset b ON b.backup_set_id = r.backup_set_id", 209},
		{"SELECT x.name FROM sys.databases d", 4104},
		{"SELECT d.none FROM sys.databases d", 207},
		{"SELECT 1 FROM sys.databases JOIN sys.databases ON 1 = 1", 1013},
		{"SELECT 1 FROM sys.databases d JOIN sys.databases e", 102},
		{"SELECT 1 FROM sys.databases INNER", 102},
		{"SELECT 1 FROM msdb.dbo.backupfile", 208},
	} {
		_, err := open(t, serve(t, withHistory()), plain).QueryContext(t.Context(), c.query)
		var answer mssql.Error
		if !errors.As(err, &answer) || answer.Number != c.number {
			t.Errorf("%s: got %v, want %d", c.query, err, c.number)
		}
	}
}

// TestDenied holds how a login is kept out.
func TestDenied(t *testing.T) {
	for denied, want := range map[string]string{"msdb": "916 0", "msdb.dbo.backupset": "229 1", "Orders": "0 1"} {
		h := withHistory()
		h.SQL.Denied = []string{denied}
		db := open(t, serve(t, h), plain)
		var n, access int64
		err := db.QueryRowContext(t.Context(), "SELECT TOP 1 backup_set_id FROM msdb.dbo.backupset").Scan(&n)
		var answer mssql.Error
		_ = errors.As(err, &answer)
		if err := db.QueryRowContext(t.Context(), "SELECT HAS_DBACCESS('msdb')").Scan(&access); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%d %d", answer.Number, access); got != want {
			t.Errorf("%s: got %s, want %s", denied, got, want)
		}
	}
}

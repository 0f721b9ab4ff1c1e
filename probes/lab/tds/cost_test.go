package tds_test

import (
	"fmt"
	"testing"

	"postpatch/probes/lab/estate"
)

// BenchmarkJoin is what the lab itself costs over 200 databases of 7 backups each.
func BenchmarkJoin(b *testing.B) {
	h := healthy()
	h.SQL.Databases = map[string]estate.Database{}
	for i := range 200 {
		h.SQL.Databases[fmt.Sprintf("db%03d", i)] = estate.Database{Backups: make([]estate.Backup, 7)}
	}
	db := open(b, serve(b, h), plain)
	for b.Loop() {
		rows, err := db.QueryContext(b.Context(), "SELECT d.name, MAX(s.backup_finish_date) FROM sys.databases d "+
			"LEFT JOIN msdb.dbo.backupset s ON s.database_name = d.name GROUP BY d.name")
		if err != nil {
			b.Fatal(err)
		}
		n := 0
		for rows.Next() {
			n++
		}
		if err := rows.Err(); err != nil || n != 204 {
			b.Fatalf("got %d rows and %v", n, err)
		}
	}
}

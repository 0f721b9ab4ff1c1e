package tds

import (
	"cmp"
	"strings"
	"time"

	"postpatch/probes/lab/estate"
)

// mostSuspectPages is how many rows the table takes; what comes later is not recorded.
// Source: Microsoft, "suspect_pages (Transact-SQL)".
const mostSuspectPages = 1000

func (sc scope) suspectPages() table {
	t := table{columns: []column{
		tableColumn("database_id", agentInt()), tableColumn("file_id", agentInt()),
		tableColumn("page_id", colType{kind: kindBigInt}), tableColumn("event_type", agentInt()),
		tableColumn("error_count", agentInt()), tableColumn("last_update_date", colType{kind: kindDateTime}),
	}}
	id := int64(0)
	sc.eachDatabase(func(_ string, db estate.Database) {
		id++
		for _, p := range db.SuspectPages {
			if p.Updated.IsZero() {
				p.Updated = started(sc.sql)
			}
			t.rows = append(t.rows, []any{
				id, int64(cmp.Or(p.File, 1)), p.Page, int64(cmp.Or(p.Event, 2)), int64(cmp.Or(p.Errors, 1)), p.Updated,
			})
		}
	})
	t.rows = t.rows[:min(len(t.rows), mostSuspectPages)]
	return t
}

// lastCheckDB is LastGoodCheckDbTime: null where the server does not know the property, or
// the database is not started. Source: Microsoft, "DATABASEPROPERTYEX (Transact-SQL)".
func (sc scope) lastCheckDB(database string, db estate.Database) any {
	v := version(sc.sql.Version)
	first := map[int]int{13: 5026, 14: 3030}[v.part(0)] // 2016 SP2, 2017 CU9
	known := v.part(0) >= 15 || first > 0 && v.part(2) >= first
	switch name, _, _ := findDatabase(sc.sql, database); {
	case !known, cannotOpen(name, db) != nil, !strings.EqualFold(name, "master") && sc.isDenied(name):
		return nil
	case db.CheckDB.IsZero() && db.CheckDBAge == 0:
		return time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)
	default:
		return moment(db.CheckDB, db.CheckDBAge)
	}
}

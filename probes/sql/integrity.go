package sql

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
)

// The table has 1000 rows at most; whoever mends a page leaves its row, with another type.
// When CHECKDB last found nothing is null where the server does not know the property, of
// a database that is not started, and of one that the login may not see.
// Source: Microsoft, "suspect_pages (Transact-SQL)", "DATABASEPROPERTYEX (Transact-SQL)".
const integrityQuery = `SELECT TOP (1000) database_id, file_id, page_id, event_type FROM msdb.dbo.suspect_pages;
SELECT database_id, name, CAST(DATABASEPROPERTYEX(name, 'LastGoodCheckDbTime') AS datetime) AS last_good
 FROM sys.databases`

// How full the table of suspect pages is.
const (
	mostSuspects     = 1000
	manySuspects     = 900
	suspectsRoom     = "has room"
	suspectsMany     = "nearly full"
	suspectsFull     = "full: pages that turn bad now are not recorded"
	badPages         = "bad_pages"
	integrityReading = "integrity"
	checkDBReading   = "checkdb_history"
)

// integrityPart is what the server knows of damaged pages, and when it last looked for any.
func integrityPart() part {
	return part{
		name: "integrity", state: integrityReading, needs: "SELECT on msdb.dbo.suspect_pages",
		grants: []string{"dbo.suspect_pages"},
		specs:  integrityReadings(), read: readIntegrity,
		notes: []string{
			"Bad pages are told where the login may SELECT from msdb.dbo.suspect_pages: those that the server came across.",
			"last_checkdb is told from SQL Server 2016 SP2, 2017 CU9 and 2019 on; in an availability group, of its primary.",
			"An age to begin with: last_checkdb younger than 14d.",
		},
	}
}

func integrityReadings() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "suspect_pages", Type: fact.TypeText, Behind: integrityReading,
			Unseen: []fact.Value{fact.Text(suspectsFull)},
			Doc:    "Whether msdb.dbo.suspect_pages has room; nearly full from 900 rows on, and full with 1000.",
		},
		{
			Name: badPages, Type: fact.TypeSet, Rule: fact.Rule{Op: fact.Subset}, Severity: fact.Fail, Keep: "empty",
			Behind: "suspect_pages", Partial: true,
			Doc: "The pages of the database that could not be read or have a wrong checksum, and nobody has mended: file:page.",
		},
		{
			Name: "mended_pages", Type: fact.TypeInt, Of: "pages",
			Rule: fact.Rule{Op: fact.Ignore}, Behind: integrityReading, Partial: true,
			Doc: "How many pages of it were bad, and were restored, repaired or deallocated.",
		},
		{
			Name: checkDBReading, Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Behind: integrityReading,
			Unseen: []fact.Value{fact.Text(notThere)},
			Doc:    "read, or not checked where this version does not tell when CHECKDB last found nothing.",
		},
		{
			Name: "last_checkdb", Type: fact.TypeTime, Rule: fact.Rule{Op: fact.AtLeast, Duration: time.Hour},
			Severity: fact.Note, Behind: checkDBReading, Partial: true,
			Doc: "When DBCC CHECKDB last found nothing; 1900-01-01 when never; absent of a database that is not started.",
		},
	}
}

// integrity is what was read, by the databases' ids.
type integrity struct {
	rows        int
	bad, mended map[int64]map[string]bool // pages
	checked     map[string]time.Time      // by name, in the server's own time
	ids         map[string]int64
}

func readIntegrity(ctx context.Context, v *visit) ([]fact.Reading, error) {
	in := integrity{
		bad: map[int64]map[string]bool{}, mended: map[int64]map[string]bool{},
		checked: map[string]time.Time{}, ids: map[string]int64{},
	}
	if _, err := v.batch(ctx, integrityQuery, in.addPage, in.addDatabase); err != nil {
		return nil, err
	}
	return in.readings(v), nil
}

func (in *integrity) addPage(rows *stdsql.Rows) error {
	var database, file, page, event stdsql.NullInt64
	if err := rows.Scan(&database, &file, &page, &event); err != nil {
		return err
	}
	in.rows++
	pages := in.mended
	switch event.Int64 {
	case 4, 5, 7: // restored, repaired, deallocated
	default: // 1, 2 and 3, and whatever may come
		pages = in.bad
	}
	if pages[database.Int64] == nil {
		pages[database.Int64] = map[string]bool{}
	}
	pages[database.Int64][fmt.Sprintf("%d:%d", file.Int64, page.Int64)] = true
	return nil
}

func (in *integrity) addDatabase(rows *stdsql.Rows) error {
	var id stdsql.NullInt64
	var name stdsql.NullString
	var at stdsql.NullTime
	if err := rows.Scan(&id, &name, &at); err != nil {
		return err
	}
	in.ids[name.String] = id.Int64
	if at.Valid {
		in.checked[name.String] = at.Time
	}
	return nil
}

func (in *integrity) readings(v *visit) []fact.Reading {
	log, history := suspectsRoom, wasRead
	switch {
	case in.rows >= mostSuspects:
		log = suspectsFull
	case in.rows >= manySuspects:
		log = suspectsMany
	}
	if len(in.checked) == 0 { // master is always started, and everybody sees it
		history = notThere
	}
	all := []fact.Reading{
		probes.Read("", "suspect_pages", fact.Text(log)), probes.Read("", checkDBReading, fact.Text(history)),
	}
	seen := map[string]bool{}
	for _, d := range v.databases {
		item, chosen := v.probe.item(d.name, v.databases)
		id, known := in.ids[d.name]
		if seen[item] || !known || d.of.Valid && !chosen { // a snapshot comes and goes
			continue
		}
		seen[item] = true
		bad := make([]string, 0, len(in.bad[id]))
		for page := range in.bad[id] {
			bad = append(bad, page)
		}
		all = append(all, probes.Read(item, badPages, fact.SetOf(bad...)))
		if n := len(in.mended[id]); n > 0 {
			all = append(all, probes.Read(item, "mended_pages", fact.Int(n)))
		}
		if at, told := in.checked[d.name]; told && d.isBackedUp() {
			all = append(all, probes.Read(item, "last_checkdb", fact.Time(in.when(at, v.offset))))
		}
	}
	return all
}

// when turns the server's time into UTC, but for the day that stands for never.
func (in *integrity) when(at time.Time, offset time.Duration) time.Time {
	if !at.After(never()) {
		return never()
	}
	return at.Add(-offset)
}

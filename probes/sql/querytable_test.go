package sql

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/fact"
	"postpatch/probes/lab/estate"
)

// withJobs is a host with a user's table.
func withJobs(change func(*estate.Table)) estate.Host {
	jobs := estate.Table{
		Columns: estate.Columns{
			{Name: "name", Type: "nvarchar(200)"},
			{Name: "status", Type: "char(10)"},
			{Name: "cost", Type: "decimal(9,3)"},
			{Name: "at", Type: "datetime"},
			{Name: "done", Type: "bit"},
			{Name: "share", Type: "float"},
		},
		Rows: [][]any{
			{"Nightly", "ready", 12.5, "2026-11-20 03:12:44.120", true, 0.1},
			{"Prices", nil, nil, nil, nil, nil},
		},
	}
	if change != nil {
		change(&jobs)
	}
	return changed(func(s *estate.SQL) {
		s.Databases["Orders"] = estate.Database{Tables: map[string]estate.Table{"dbo.Jobs": jobs}}
	})
}

func jobsOf(query string) map[string]any {
	return map[string]any{"query": query, "key": "name", "database": []string{"Orders"}}
}

func TestRowsOfATable(t *testing.T) {
	got, err := asked(t, withJobs(nil), jobsOf("SELECT * FROM dbo.Jobs WITH (NOLOCK) ORDER BY name DESC"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{" query": "ok", " count": "2", "row/Nightly present": "true", "row/Prices present": "true"}
	for column, value := range map[string]string{
		"status": "ready", "cost": "12.500", "at": "2026-11-20T03:12:44.12", "done": "true", "share": "0.1",
	} {
		want["row/Nightly/"+column+" value"], want["row/Prices/"+column+" value"] = value, "null"
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// A table and a database may have any name, and so may what stands in a key.
func TestHostileNames(t *testing.T) {
	keys := []string{
		"a]b", "it's", `"x"`, "a\r\nb", "a/b", "row/", "' OR 1=1 --", "\x1b[31m", "ключ", strings.Repeat("k", 200),
	}
	for _, database := range []string{"it's [mine]; DROP", "a\nb", `"`, "]"} {
		rows := make([][]any, len(keys))
		for i, key := range keys {
			rows[i] = []any{key, "[" + key + "]"}
		}
		h := changed(func(s *estate.SQL) {
			s.Databases = map[string]estate.Database{database: {Tables: map[string]estate.Table{"dbo.t": {
				Columns: estate.Columns{{Name: "k", Type: "nvarchar(200)"}, {Name: "a ] b\n", Type: "nvarchar(202)"}}, Rows: rows,
			}}}}
		})
		got, err := asked(t, h, map[string]any{"query": "SELECT * FROM t", "key": "K", "database": []string{database}})
		if err != nil {
			t.Errorf("%q: %v", database, err)
			continue
		}
		for _, key := range keys {
			if got["row/"+key+"/a ] b\n value"] != "["+key+"]" {
				t.Errorf("%q: %q is not in %q", database, key, got)
			}
		}
		if got[" count"] != fmt.Sprint(len(keys)) {
			t.Errorf("%q: %s rows", database, got[" count"])
		}
	}
}

// Whatever comes through by a hole in lint has no effect: what writes is rolled back.
func TestWritesAreRolledBack(t *testing.T) {
	s := serve(t, withJobs(nil), selfSigned(t, 7))
	state := func(t *testing.T) map[string]string {
		t.Helper()
		observed, err := build(t, jobsOf("SELECT name, status, @@TRANCOUNT AS open_transactions FROM dbo.Jobs")).
			Observe(t.Context(), s.target())
		if err != nil {
			t.Fatal(err)
		}
		return readings(observed)
	}
	before := state(t)
	if before["row/Nightly/open_transactions value"] != "1" {
		t.Errorf("it does not run in a transaction: %q", before)
	}
	for _, query := range []string{
		"DELETE FROM dbo.Jobs",
		"UPDATE dbo.Jobs SET status = 'gone' OUTPUT inserted.name",
		"INSERT dbo.Jobs (name) VALUES ('new') SELECT name FROM dbo.Jobs",
		"SELECT name INTO dbo.Copy FROM dbo.Jobs SELECT name FROM dbo.Copy",
		"DELETE FROM dbo.Jobs SELECT 1/0 AS name",
		"DELETE FROM dbo.Jobs SELECT name FROM dbo.Nothing",
		"EXEC ('DELETE FROM dbo.Jobs')",
		"BEGIN TRANSACTION DELETE FROM dbo.Jobs COMMIT SELECT 'x' AS name",
		"BEGIN TRANSACTION DELETE FROM dbo.Jobs SELECT 'x' AS name",
		"DELETE FROM dbo.Jobs WAITFOR DELAY '01:00:00'",
	} {
		if onlyReads(query) == nil {
			t.Errorf("lint lets %q through", query)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		p := probe{params: params{Encrypt: "true", Key: "name", Databases: []string{"Orders"}}, query: query}
		_, _ = p.Observe(ctx, s.target())
		cancel()
		if d := cmp.Diff(before, state(t)); d != "" {
			t.Errorf("%s had an effect (-before +after):\n%s", query, d)
		}
	}
	observed, err := build(t, jobsOf("SELECT name FROM dbo.Copy")).Observe(t.Context(), s.target())
	if got := readings(observed)[" query"]; err != nil || got != "failed 208" {
		t.Errorf("the copy was made: %s, %v", got, err)
	}
}

// What somebody else holds is not waited for until the check's end.
func TestLockedTable(t *testing.T) {
	var observed []fact.Reading
	var err error
	synctest.Test(t, func(t *testing.T) {
		target, end := inMemory(t, withJobs(func(t *estate.Table) { t.Locked = true }), selfSigned(t, 7))
		defer end()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		observed, err = build(t, jobsOf("SELECT name FROM dbo.Jobs")).Observe(ctx, target)
	})
	if got := readings(observed)[" query"]; err != nil || got != "waiting 1222" {
		t.Errorf("query is %q, %v", got, err)
	}
}

// What is larger than anybody compares is not kept, and says what to do.
func TestLongValue(t *testing.T) {
	h := withJobs(func(t *estate.Table) {
		t.Columns = estate.Columns{{Name: "name", Type: "nvarchar(50)"}, {Name: "text", Type: "nvarchar(max)"}}
		t.Rows = [][]any{{"a", "short"}, {"b", strings.Repeat("x", 1<<20)}}
	})
	got, err := asked(t, h, jobsOf("SELECT * FROM dbo.Jobs"))
	want := "reading text of row 2: a value of "
	if err == nil || !strings.Contains(err.Error(), want) || got[" query"] != "" {
		t.Errorf("got %v and %v, want … %s", got, err, want)
	}
}

// The last row may be the one that fails: then there is none.
func TestErrorBehindRows(t *testing.T) {
	got, err := asked(t, withJobs(nil), jobsOf("SELECT name, 1 / (LEN(name) - 6) AS x FROM dbo.Jobs"))
	want := map[string]string{" query": "failed 8134", " query_error": "Divide by zero error encountered."}
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Errorf("%v, (-want +got):\n%s", err, d)
	}
}

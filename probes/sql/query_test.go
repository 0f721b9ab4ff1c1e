package sql

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/lab/estate"
)

// asked is what a query came to, but for the way in and the time it took.
func asked(t *testing.T, h estate.Host, args map[string]any) (map[string]string, error) {
	t.Helper()
	return askedOf(t, serve(t, h, selfSigned(t, 7)), build(t, args))
}

func askedOf(t *testing.T, s *server, p probes.Probe) (map[string]string, error) {
	t.Helper()
	observed, err := p.Observe(t.Context(), s.target())
	if n := s.dialled.Load(); n != 1 {
		t.Errorf("dialled %d times, want once", n)
	}
	got := readings(observed)
	for _, name := range []string{" login", " encryption"} {
		delete(got, name)
	}
	leavesNone(t)
	return got, err
}

const everyDatabase = "SELECT name, state_desc AS state, is_read_only FROM sys.databases WHERE database_id > 4"

func TestRowsOfAQuery(t *testing.T) {
	one := map[string]string{" query": "ok", " count": "1", "row/state value": "ONLINE"}
	for name, c := range map[string]struct {
		args map[string]any
		want map[string]string
	}{
		"by their key": {
			map[string]any{"query": everyDatabase, "key": "NAME"},
			map[string]string{
				" query": "ok", " count": "2",
				"row/Orders present": "true", "row/Orders/state value": "ONLINE", "row/Orders/is_read_only value": "false",
				"row/Stock present": "true", "row/Stock/state value": "ONLINE", "row/Stock/is_read_only value": "false",
			},
		},
		"some columns": {
			map[string]any{"query": everyDatabase + " AND name = 'Orders'", "key": "name", "columns": []string{"State"}},
			map[string]string{" query": "ok", " count": "1", "row/Orders present": "true", "row/Orders/State value": "ONLINE"},
		},
		"one without a key": {map[string]any{"query": "SELECT state_desc AS state FROM sys.databases WHERE name = 'Stock'"}, one},
		"from a file": {
			map[string]any{"query_file": probes.File{
				Name: "a.sql",
				Text: "\ufeff-- of the shop\r\nSELECT state_desc AS state\r\nFROM sys.databases WHERE name = 'Stock';\r\n-- end",
			}}, one,
		},
		"none": {
			map[string]any{"query": everyDatabase + " AND name = 'x'", "key": "name"},
			map[string]string{" query": "ok", " count": "0"},
		},
		"in a database": {
			map[string]any{"query": "SELECT DB_NAME() AS name", "database": []string{"orders"}},
			map[string]string{" query": "ok", " count": "1", "row/name value": "Orders"},
		},
		"in no database": {
			map[string]any{"query": "SELECT DB_NAME() AS name"},
			map[string]string{" query": "ok", " count": "1", "row/name value": "master"},
		},
		"a number": {
			map[string]any{"query": "SELECT compatibility_level AS level FROM sys.databases WHERE name = 'Stock'"},
			map[string]string{" query": "ok", " count": "1", "row/level value": "160", "row/level number": "160"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := asked(t, healthy(), c.args)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// What a part tells is told beside the rows, where the suite names it.
func TestPartsBesideAQuery(t *testing.T) {
	got, err := asked(t, healthy(), map[string]any{
		"query": "SELECT 1 AS one", "database": []string{"Orders"}, "part": []string{"backups"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{
		" version": "16.0.4165.4", "Orders state": "ONLINE", "Orders backup_type": "none", "row/one value": "1", "Orders answer": "",
	} {
		if got[key] != want {
			t.Errorf("%s: got %q, want %q", key, got[key], want)
		}
	}
}

// That a query fails is a reading, as its users have it; that it cannot be asked, or
// that its rows cannot be compared, is none.
func TestTroubleWithAQuery(t *testing.T) {
	of := func(state string) estate.Host {
		return changed(func(s *estate.SQL) { s.Databases["Orders"] = estate.Database{State: state} })
	}
	denied := func(what string) estate.Host { return changed(func(s *estate.SQL) { s.Denied = []string{what} }) }
	orders := []string{"Orders"}
	for name, c := range map[string]struct {
		host  estate.Host
		args  map[string]any
		query string // the reading
		err   string // that there is none
	}{
		"no such table":     {args: map[string]any{"query": "SELECT a FROM dbo.Nothing"}, query: "failed 208"},
		"no such column":    {args: map[string]any{"query": "SELECT a FROM sys.databases"}, query: "failed 207"},
		"no T-SQL":          {args: map[string]any{"query": "SELECT FROM WHERE"}, query: "failed 156"},
		"no such database":  {args: map[string]any{"query": "SELECT 1 AS a", "database": []string{"x]; --"}}, query: "failed 911"},
		"a lost database":   {host: of("SUSPECT"), args: map[string]any{"query": "SELECT 1 AS a", "database": orders}, query: "failed 926"},
		"one that is being": {host: of("RECOVERING"), args: map[string]any{"query": "SELECT 1 AS a", "database": orders}, query: "waiting 922"},
		"no memory":         {host: changed(func(s *estate.SQL) { s.Fault = "error" }), args: map[string]any{"query": "SELECT 1 AS a"}, query: "failed 701"},
		"a denied table": {
			host: denied("msdb.dbo.backupset"), args: map[string]any{"query": "SELECT type FROM msdb.dbo.backupset"},
			err: "the login may not; it needs SELECT",
		},
		"no key of that name": {args: map[string]any{"query": everyDatabase, "key": "id"}, err: `there is no column "id" among ["name" "state" "is_read_only"]`},
		"no such one":         {args: map[string]any{"query": everyDatabase, "key": "name", "columns": []string{"x"}}, err: `there is no column "x"`},
		"a key twice":         {args: map[string]any{"query": everyDatabase, "key": "state"}, err: `two rows have the state "ONLINE"`},
		"a key that is null": {
			host: of("OFFLINE"), args: map[string]any{
				"query": "SELECT collation_name FROM sys.databases WHERE name = 'Orders'", "key": "collation_name",
			},
			err: "a row has no collation_name: choose a key that each one has, or leave it out by WHERE",
		},
		"an empty key":      {args: map[string]any{"query": "SELECT '' AS name", "key": "name"}, err: "a row has no name"},
		"rows and no key":   {args: map[string]any{"query": everyDatabase}, err: "2 rows: return one, or name the key"},
		"a column twice":    {args: map[string]any{"query": "SELECT name, 1 AS NAME FROM sys.databases", "key": "name"}, err: `reading column 2 of the query: another one is called "NAME", too`},
		"a nameless column": {args: map[string]any{"query": "SELECT 1"}, err: "reading column 1 of the query: it has no name"},
		"a slash in a name": {args: map[string]any{"query": "SELECT 1 AS [a/b]"}, err: `"a/b" holds a /`},
		"a long key":        {args: map[string]any{"query": "SELECT '" + strings.Repeat("k", 2000) + "' AS name", "key": "name"}, err: "has 2000 bytes, more than 1024"},
		"a million rows":    {host: changed(func(s *estate.SQL) { s.Fault = "endless" }), args: map[string]any{"query": everyDatabase, "key": "name"}, err: "more than 2000 rows: narrow the query by WHERE"},
		"a million values": {
			host: changed(func(s *estate.SQL) { s.Fault = "endless" }),
			args: map[string]any{
				"query": "SELECT name" + strings.Repeat(", 1 AS c%d", 30) + " FROM sys.databases", "key": "name",
			},
			err: "more than 20000 values",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if c.host.SQL == nil {
				c.host = healthy()
			}
			for i := 1; strings.Contains(c.args["query"].(string), "%d"); i++ {
				c.args["query"] = strings.Replace(c.args["query"].(string), "%d", fmt.Sprint(i), 1)
			}
			got, err := asked(t, c.host, c.args)
			if got[" query"] != c.query {
				t.Errorf("query is %q, want %q (%v)", got[" query"], c.query, got)
			}
			if told := got[" query_error"] != ""; told != (c.query != "") {
				t.Errorf("the error is %q", got[" query_error"])
			}
			if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
				t.Fatalf("got error %v, want … %s", err, c.err)
			}
			if err != nil && (len(err.Error()) > 600 || strings.ContainsAny(err.Error(), "\r\n")) {
				t.Errorf("the error is no line: %q", err)
			}
		})
	}
}

// A query that lint lets through and that yet has two results, which no known one has.
func TestSeveralResults(t *testing.T) {
	p := probe{params: params{Encrypt: "true"}, query: "SELECT 1 AS a SELECT 2 AS b"}
	got, err := askedOf(t, serve(t, healthy(), selfSigned(t, 7)), p)
	if err == nil || !strings.Contains(err.Error(), "more than one result") || got[" query"] != "" {
		t.Errorf("got %v and %v", got, err)
	}
}

// A query that does not end is taken back in time, so that the server ends it and what it
// began, and the check still has the time to hear of that.
func TestQueryWithoutAnEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target, end := inMemory(t, healthy(), selfSigned(t, 7))
		defer end()
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		p := probe{params: params{Encrypt: "true"}, query: "WAITFOR DELAY '01:00:00' SELECT 1 AS a"}
		_, err := p.Observe(ctx, target)
		const want = ": running the query: no answer in time"
		if !errors.Is(err, context.DeadlineExceeded) || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("got %v", err)
		}
		if ctx.Err() != nil {
			t.Error("nothing was left of the check's time")
		}
	})
}

// A server can come to a stop at any point of the way to the rows.
func TestQueryEndsWhereverTheServerStops(t *testing.T) {
	p, through := build(t, map[string]any{"query": everyDatabase, "key": "name"}), false
	for stop := int32(1); !through && stop < 100; stop++ {
		observed, err := stopping(t, p, stop)
		through = err == nil
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("stopped at look %d: got %v, want the deadline", stop, err)
		}
		if got := readings(observed); err != nil && got[" query"] != "" {
			t.Errorf("stopped at look %d: got %v", stop, got)
		}
	}
	if !through {
		t.Error("the server never got through")
	}
}

func TestParametersOfAQuery(t *testing.T) {
	file := probes.File{Name: "a.sql", Text: "SELECT 1 AS a"}
	for name, c := range map[string]struct {
		args  map[string]any
		field string
	}{
		"a query that writes":        {map[string]any{"query": "DELETE FROM t"}, "query"},
		"a file that writes":         {map[string]any{"query_file": probes.File{Name: "a.sql", Text: "DROP TABLE t"}}, "query_file"},
		"a file with nothing in it":  {map[string]any{"query_file": probes.File{Name: "a.sql"}}, "query_file"},
		"both":                       {map[string]any{"query": "SELECT 1 AS a", "query_file": file}, "query_file"},
		"a key and no query":         {map[string]any{"key": "a"}, "key"},
		"columns and no query":       {map[string]any{"columns": []string{"a"}}, "columns"},
		"two databases":              {map[string]any{"query": "SELECT 1 AS a", "database": []string{"a", "b"}}, "database"},
		"the key among the columns":  {map[string]any{"query": "SELECT 1 AS a", "key": "a", "columns": []string{"A"}}, "columns"},
		"a column twice":             {map[string]any{"query": "SELECT 1 AS a", "columns": []string{"b", "B"}}, "columns"},
		"blanks alone for the query": {map[string]any{"query": " \n "}, "query"},
	} {
		_, err := Kind.Build(c.args)
		var field *probes.FieldError
		if !errors.As(err, &field) || field.Field != c.field {
			t.Errorf("%s: got %v, want a problem of %s", name, err, c.field)
		}
	}
}

// The same value is always the same text.
func TestCells(t *testing.T) {
	at := time.Date(2026, 11, 20, 3, 12, 44, 120_000_000, time.UTC)
	guid := []byte{0x78, 0x56, 0x34, 0x12, 0xbc, 0x9a, 0xf0, 0xde, 1, 2, 3, 4, 5, 6, 7, 8}
	for _, c := range []struct {
		value any
		typ   string
		want  string
	}{
		{true, "BIT", "true"},
		{int64(-5), "INT", "-5"},
		{5.0, "FLOAT", "5"},
		{0.1, "FLOAT", "0.1"},
		{float64(float32(0.1)), "REAL", "0.1"},
		{float64(float32(0.1)), "FLOAT", "0.10000000149011612"},
		{1e20, "FLOAT", "100000000000000000000"},
		{-1e300, "FLOAT", "-1e+300"},
		{1e-7, "FLOAT", "0.0000001"},
		{[]byte("12.3400"), "DECIMAL", "12.3400"},
		{[]byte("-0.5000"), "MONEY", "-0.5000"},
		{"on        ", "NCHAR", "on"},
		{"on ", "NVARCHAR", "on "},
		{at, "DATETIME", "2026-11-20T03:12:44.12"},
		{at, "DATE", "2026-11-20"},
		{at, "TIME", "03:12:44.12"},
		{at.In(time.FixedZone("", 3600)), "DATETIMEOFFSET", "2026-11-20T03:12:44.12Z"},
		{guid, "UNIQUEIDENTIFIER", "12345678-9ABC-DEF0-0102-030405060708"},
		{[]byte{0, 0xab}, "VARBINARY", "0x00AB"},
		{[]byte{}, "IMAGE", "0x"},
		{[]byte{1}, "HIERARCHYID", "0x01"},
		{"a\nb\x00", "NVARCHAR", "a\nb\x00"},
	} {
		got, err := cellOf(c.value, c.typ)
		if err != nil || got.Text != c.want || got.Null {
			t.Errorf("%v as %s: got %+v and %v, want %q", c.value, c.typ, got, err, c.want)
		}
	}
	if got, err := cellOf(nil, "INT"); err != nil || !got.Null {
		t.Errorf("null: got %+v and %v", got, err)
	}
	for name, c := range map[string]struct {
		value any
		typ   string
	}{
		"a long text":   {strings.Repeat("a", longestValue+1), "NVARCHAR"},
		"long bytes":    {make([]byte, longestValue), "VARBINARY"},
		"a text cut":    {strings.Repeat("a", longestSent/2), "NVARCHAR"},
		"a variant":     {[]byte("12"), "SQL_VARIANT"},
		"a broken GUID": {[]byte("12"), "UNIQUEIDENTIFIER"},
		"another type":  {struct{}{}, "INT"},
	} {
		if got, err := cellOf(c.value, c.typ); err == nil {
			t.Errorf("%s: got %d bytes", name, len(got.Text))
		}
	}
}

// A port that was given to another instance leads to rows that are nobody's.
func TestQueryOfAnotherInstance(t *testing.T) {
	h := changed(func(s *estate.SQL) { s.Instance = "STOCK" })
	for _, parts := range [][]string{nil, {"answers"}} {
		args := map[string]any{"query": everyDatabase, "key": "name", "instance": "SHOP", "port": 1433, "part": parts}
		got, err := asked(t, h, args)
		want := map[string]string{" instance": "STOCK", " right_instance": "no, it is STOCK"}
		if d := cmp.Diff(want, got); d != "" || err != nil {
			t.Errorf("%v: %v, (-want +got):\n%s", parts, err, d)
		}
		args["instance"] = "stock"
		if got, err = asked(t, h, args); got[" query"] != "ok" || got[" right_instance"] != "yes" {
			t.Errorf("%v: got %v and %v", parts, got, err)
		}
	}
}

// What a check reports is what it says that it does.
func TestReports(t *testing.T) {
	s := serve(t, healthy(), selfSigned(t, 7))
	for _, args := range []map[string]any{
		nil,
		{"database": []string{"Orders"}, "part": []string{"backups"}},
		{"query": everyDatabase, "key": "name"},
		{"query": everyDatabase, "key": "name", "instance": "MSSQLSERVER"},
		{"query": everyDatabase, "key": "name", "part": []string{"answers"}},
	} {
		p := build(t, args)
		observed, err := p.Observe(t.Context(), s.target())
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range observed {
			if !p.(probes.Chooser).Reports(r.Key.Name) {
				t.Errorf("%v: %s is reported", args, r.Key.Name)
			}
		}
	}
	p := build(t, map[string]any{"query": everyDatabase, "key": "name"}).(probes.Chooser)
	for _, name := range []string{"version", "state", "backup_history", "last_backup", "answer"} {
		if p.Reports(name) {
			t.Errorf("a query is said to report %s", name)
		}
	}
}

// A value of no sort is a number to a suite unless it is a whole one.
func TestNumbersOfRows(t *testing.T) {
	spec, found := Kind.Reading("number")
	if !found || spec.Type != fact.TypeInt {
		t.Errorf("number is %+v", spec)
	}
}

package tds_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"

	mssql "github.com/microsoft/go-mssqldb"

	"postpatch/probes/lab/estate"
)

// number is the first value of a query, as a number.
func number(t *testing.T, q interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}, text string,
) int64 {
	t.Helper()
	var n sql.NullInt64
	if err := q.QueryRowContext(t.Context(), text).Scan(&n); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return n.Int64
}

func wantNumber(t *testing.T, what string, got, want int64) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %d, want %d", what, got, want)
	}
}

func wantError(t *testing.T, what string, err error, want int32) {
	t.Helper()
	var answer mssql.Error
	if !errors.As(err, &answer) || answer.Number != want {
		t.Errorf("%s: got %v, want %d", what, err, want)
	}
}

const countJobs = "SELECT COUNT(*) FROM Orders.dbo.Jobs"

// A driver's transaction leaves nothing after its rollback, and all after its commit.
func TestTransaction(t *testing.T) {
	db := open(t, serve(t, withTables()), plain+"&database=Orders")
	for _, commit := range []bool{false, true} {
		tx, err := db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		result, err := tx.ExecContext(t.Context(),
			"INSERT INTO Jobs (id, name) VALUES (8, 'x'), (9, @p1); UPDATE Jobs SET size = 1 WHERE id > 7", "y")
		if err != nil {
			t.Fatal(err)
		}
		changed, _ := result.RowsAffected()
		wantNumber(t, "rows changed", changed, 4)
		wantNumber(t, "within", number(t, tx, countJobs), 5)
		wantNumber(t, "@@TRANCOUNT", number(t, tx, "SELECT @@TRANCOUNT"), 1)
		want := int64(3)
		if end := tx.Rollback; commit {
			want, end = 5, tx.Commit
			err = end()
		} else {
			err = end()
		}
		if err != nil {
			t.Fatal(err)
		}
		wantNumber(t, fmt.Sprintf("after the end, commit %t", commit), number(t, db, countJobs), want)
		wantNumber(t, "@@TRANCOUNT", number(t, db, "SELECT @@TRANCOUNT"), 0)
	}
	wantNumber(t, "joined", number(t, db,
		"DELETE j OUTPUT deleted.id FROM Jobs j JOIN Runs r ON r.job = j.id WHERE r.at < '20261120'"), 3)
	wantNumber(t, "after DELETE", number(t, db, countJobs), 4)
}

// A batch may end the transaction that it runs in, and begin another one.
func TestBatchEndsTransaction(t *testing.T) {
	db := open(t, serve(t, withTables()), plain)
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = tx.ExecContext(t.Context(),
		"DELETE FROM Orders.dbo.Jobs WHERE id = 1; COMMIT; DELETE FROM Orders.dbo.Jobs; BEGIN TRAN")
	if err != nil {
		t.Fatal(err)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	wantNumber(t, "after a commit in the middle", number(t, db, countJobs), 0)
}

// Who writes keeps the others out, but for those who read what is not committed.
func TestLocks(t *testing.T) {
	l := serve(t, withTables())
	writer, reader := open(t, l, plain), open(t, l, plain)
	tx, err := writer.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(t.Context(), "DELETE FROM Orders.dbo.Jobs"); err != nil {
		t.Fatal(err)
	}
	_, err = reader.ExecContext(t.Context(), "SET LOCK_TIMEOUT 0; "+countJobs)
	wantError(t, "at once", err, 1222)
	wantNumber(t, "NOLOCK", number(t, reader, countJobs+" WITH (NOLOCK)"), 0)
	wantNumber(t, "the level", number(t, reader, "SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED; "+countJobs), 0)
	_, err = reader.ExecContext(t.Context(), "SET TRANSACTION ISOLATION LEVEL SNAPSHOT; "+countJobs)
	wantError(t, "SNAPSHOT", err, 3952)
	done := make(chan int64)
	go func() { done <- number(t, reader, countJobs) }() // waits
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	wantNumber(t, "when the writer is gone", <-done, 3)
}

// A connection that goes takes what it had not committed along.
func TestLostConnectionRollsBack(t *testing.T) {
	l := serve(t, withTables())
	writer, reader := open(t, l, plain), open(t, l, plain)
	if _, err := writer.ExecContext(t.Context(), "BEGIN TRAN; DELETE FROM Orders.dbo.Jobs"); err != nil {
		t.Fatal(err)
	}
	_ = writer.Close()
	wantNumber(t, "afterwards", number(t, reader, countJobs), 3)
}

// A pool's connection is as new when it is handed on.
func TestResetConnection(t *testing.T) {
	db := open(t, serve(t, withTables()), plain)
	_, err := db.ExecContext(t.Context(),
		"USE Orders; SET XACT_ABORT ON; BEGIN TRAN; DELETE FROM Jobs; SELECT * INTO #t FROM Runs")
	if err != nil {
		t.Fatal(err)
	}
	var name string
	if err := db.QueryRowContext(t.Context(), "SELECT DB_NAME()").Scan(&name); err != nil || name != "master" {
		t.Errorf("got %s and %v", name, err)
	}
	wantNumber(t, "@@TRANCOUNT", number(t, db, "SELECT @@TRANCOUNT"), 0)
	wantNumber(t, "rows", number(t, db, countJobs), 3)
	_, err = db.ExecContext(t.Context(), "SELECT * FROM #t")
	wantError(t, "#t", err, 208)
}

// answers runs a batch on a connection of its own and returns the first value of each
// of its results, and the numbers of its errors.
func answers(t *testing.T, db *sql.DB, text string) string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), text)
	var words []string
	note := func(err error) {
		if answer, isSQL := errors.AsType[mssql.Error](err); isSQL {
			words = append(words, fmt.Sprintf("error %d", answer.Number))
		}
	}
	if err != nil {
		note(err)
		return strings.Join(words, ", ")
	}
	defer func() { _ = rows.Close() }()
	for {
		columns, _ := rows.Columns()
		for rows.Next() {
			cells := make([]any, len(columns))
			for i := range cells {
				cells[i] = new(any)
			}
			if err := rows.Scan(cells...); err != nil {
				t.Fatal(err)
			}
			words = append(words, fmt.Sprint(*cells[0].(*any)))
		}
		note(rows.Err())
		if !rows.NextResultSet() {
			return strings.Join(words, ", ")
		}
	}
}

// TestErrorsInBatches holds what the server does after an error.
func TestErrorsInBatches(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"a statement's own", "SELECT 1; SELECT 1/0; DELETE FROM Jobs", "1, error 8134 | 0"},
		{"a conversion ends the batch", "SELECT 1; SELECT CAST('x' AS int); DELETE FROM Jobs", "1, error 245 | 3"},
		{"and the transaction", "BEGIN TRAN; DELETE FROM Jobs; SELECT 1; SELECT CAST('x' AS int)", "1, error 245 | 3"},
		{"a missing table", "SELECT 1; SELECT * FROM none; DELETE FROM Jobs", "1, error 208 | 3"},
		{"XACT_ABORT", "SET XACT_ABORT ON; SELECT 1; SELECT 1/0; DELETE FROM Jobs", "1, error 8134 | 3"},
		{"caught", "BEGIN TRY SELECT 1; SELECT 1/0; SELECT 2 END TRY BEGIN CATCH SELECT ERROR_NUMBER() END CATCH SELECT 3", "1, 8134, 3"},
		{
			"doomed", "SET XACT_ABORT ON; BEGIN TRAN; BEGIN TRY DELETE FROM Jobs; SELECT 1/0 END TRY BEGIN CATCH " +
				"SELECT XACT_STATE(); BEGIN TRY DELETE FROM Runs END TRY BEGIN CATCH SELECT ERROR_NUMBER() END CATCH; ROLLBACK; " +
				"SELECT COUNT(*) FROM Jobs END CATCH", "-1, 3930, 3",
		},
		{
			"left doomed", "SET XACT_ABORT ON; BEGIN TRAN; BEGIN TRY DELETE FROM Jobs; SELECT 1/0 END TRY BEGIN CATCH SELECT 1 END CATCH",
			"1, error 3998",
		},
		{"from a text inside", "BEGIN TRY EXEC ('SELECT * FROM none') END TRY BEGIN CATCH SELECT ERROR_NUMBER() END CATCH", "208"},
		{"a text inside alone", "EXEC ('SELECT * FROM none; DELETE FROM Runs'); DELETE Jobs WHERE id IN (SELECT job FROM Runs)", "error 208 | 1"},
		{"thrown on", "BEGIN TRY SELECT 1/0 END TRY BEGIN CATCH THROW END CATCH; DELETE FROM Jobs", "error 8134 | 3"},
		{"a procedure that is not there", "EXEC none; DELETE FROM Jobs", "error 2812 | 0"},
		{"@@ERROR", "DECLARE @e int; SELECT 1/0; SET @e = @@ERROR; DELETE FROM Jobs WHERE @e = 8134", "error 8134 | 0"},
		{"@@ROWCOUNT", "SELECT id FROM Jobs WHERE id < 3; SELECT @@ROWCOUNT", "1, 2, 2"},
		{
			"a savepoint", "BEGIN TRAN; DELETE FROM Jobs WHERE id = 1; SAVE TRAN a; DELETE FROM Jobs; ROLLBACK TRAN a; " +
				"SELECT COUNT(*) FROM Jobs; ROLLBACK; SELECT COUNT(*) FROM Jobs", "2, 3",
		},
		{"nested", "BEGIN TRAN; BEGIN TRAN; COMMIT; SELECT @@TRANCOUNT; ROLLBACK; SELECT @@TRANCOUNT", "1, 0"},
		{
			"made and dropped", "CREATE TABLE T (a int NOT NULL, b nvarchar(3)); INSERT T VALUES (1, 'x'), (2, 'y'); " +
				"UPDATE T SET b = 'z' OUTPUT inserted.a WHERE a = 2; SELECT b FROM T; DROP TABLE T; SELECT OBJECT_ID('T')",
			"2, x, z, <nil>",
		},
		{"INTO", "SELECT id, name INTO Copy FROM Jobs; SELECT COUNT(*) FROM Copy; TRUNCATE TABLE Copy; SELECT COUNT(*) FROM Copy; DROP TABLE Copy", "3, 0"},
		{"implicit", "SET IMPLICIT_TRANSACTIONS ON; DELETE FROM Jobs; SELECT @@TRANCOUNT; ROLLBACK; SELECT COUNT(*) FROM Jobs; ROLLBACK", "1, 3"},
		{
			"INSERT of a procedure", "CREATE TABLE #v (i int, n nvarchar(50), v int, c nvarchar(99)); INSERT #v EXEC xp_msver; " +
				"SELECT n FROM #v WHERE i = 2", "ProductVersion",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			db := open(t, serve(t, withTables()), plain+"&database=Orders")
			got := answers(t, db, c.text)
			if want, after, said := strings.Cut(c.want, " | "); got != want {
				t.Errorf("got %s, want %s", got, want)
			} else if rows := fmt.Sprint(number(t, db, countJobs)); said && rows != after {
				t.Errorf("%s rows are left, want %s", rows, after)
			}
		})
	}
}

// What a login may not: the reading stays.
func TestWritesWithheld(t *testing.T) {
	h := withTables()
	h.SQL.Denied = []string{"write"}
	db := open(t, serve(t, h), plain+"&database=Orders")
	wantNumber(t, "reading", number(t, db, countJobs), 3)
	for text, want := range map[string]int32{
		"DELETE FROM Jobs": 229, "INSERT Jobs VALUES (1, 'x', 1)": 229, "CREATE TABLE T (a int)": 262,
		"SELECT * INTO T FROM Jobs": 262, "DROP TABLE Jobs": 229,
	} {
		_, err := db.ExecContext(t.Context(), text)
		wantError(t, text, err, want)
	}
	h = withTables()
	orders := h.SQL.Databases["Orders"]
	orders.ReadOnly = true
	h.SQL.Databases["Orders"] = orders
	_, err := open(t, serve(t, h), plain).ExecContext(t.Context(), "DELETE FROM Orders.dbo.Jobs")
	wantError(t, "a database that is read-only", err, 3906)
}

// A table that the estate describes anew is as it says.
func TestTableIsDescribedAnew(t *testing.T) {
	l := serve(t, withTables())
	db := open(t, l, plain)
	if _, err := db.ExecContext(t.Context(), "DELETE FROM Orders.dbo.Jobs"); err != nil {
		t.Fatal(err)
	}
	l.set(withTables())
	wantNumber(t, "the same again", number(t, db, countJobs), 0)
	h := withTables()
	h.SQL.Databases["Orders"].Tables["dbo.Jobs"] = estate.Table{
		Columns: estate.Columns{{Name: "id", Type: "int"}}, Rows: [][]any{{1}, {2}},
	}
	l.set(h)
	wantNumber(t, "another one", number(t, db, countJobs), 2)
	h = withTables()
	h.SQL.Databases["Orders"].Tables["dbo.Jobs"] = estate.Table{
		Columns: estate.Columns{{Name: "id", Type: "int"}}, Locked: true,
	}
	l.set(h)
	_, err := db.ExecContext(t.Context(), "SET LOCK_TIMEOUT 1; "+countJobs)
	wantError(t, "locked for ever", err, 1222)
}

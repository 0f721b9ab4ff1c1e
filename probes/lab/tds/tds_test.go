package tds_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	mssql "github.com/microsoft/go-mssqldb"

	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/tds"
)

// open logs in as the driver does; options are parameters of its URL.
func open(t testing.TB, l *lab, options string) *sql.DB {
	t.Helper()
	h := l.get()
	return openAs(t, l, url.UserPassword(h.SQL.User, h.SQL.Password), options)
}

func openAs(t testing.TB, l *lab, user *url.Userinfo, options string) *sql.DB {
	t.Helper()
	dsn := url.URL{Scheme: "sqlserver", User: user, Host: l.address, RawQuery: options}
	db, err := sql.Open("sqlserver", dsn.String())
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

const plain = "encrypt=disable"

func TestEncryption(t *testing.T) {
	for _, c := range []struct {
		name, setting, options string
		version                string
		encrypted, fails       string
	}{
		{name: "none", options: "encrypt=disable", encrypted: "FALSE"},
		{name: "the login alone", options: "encrypt=false&TrustServerCertificate=true", encrypted: "FALSE"},
		{name: "everything", options: "encrypt=true&TrustServerCertificate=true", encrypted: "TRUE"},
		{name: "TDS 8", options: "encrypt=strict", encrypted: "TRUE"},
		{
			name: "TDS 8 on a server before 2022", version: "15.0.4420.2",
			options: "encrypt=strict", fails: "TLS Handshake failed",
		},
		{name: "an untrusted certificate", options: "encrypt=true", fails: "certificate"},
		{
			name: "required by the server", setting: "required",
			options: "encrypt=false&TrustServerCertificate=true", encrypted: "TRUE",
		},
		{name: "required and refused", setting: "required", options: "encrypt=disable", fails: "EOF"},
		{name: "not to be had", setting: "none", options: "encrypt=true", fails: "does not support encryption"},
		{name: "not to be had nor needed", setting: "none", options: "encrypt=false", encrypted: "FALSE"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := healthy()
			h.SQL.Encrypt = c.setting
			if c.version != "" {
				h.SQL.Version = c.version
			}
			var got string
			l := serve(t, h)
			if c.options == "encrypt=strict" { // which never trusts blindly
				c.options += "&serverCertificate=" + url.QueryEscape(l.pem)
			}
			err := open(t, l, c.options).
				QueryRowContext(t.Context(), "SELECT encrypt_option FROM sys.dm_exec_connections").Scan(&got)
			if c.fails != "" {
				if err == nil || !strings.Contains(err.Error(), c.fails) {
					t.Fatalf("got %v, want an error with %q", err, c.fails)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got != c.encrypted {
				t.Errorf("encrypt_option is %s, want %s", got, c.encrypted)
			}
		})
	}
}

func TestLogin(t *testing.T) {
	for _, c := range []struct {
		name     string
		change   func(*estate.SQL)
		password string
		options  string
		numbers  []int32
		state    uint8
		class    uint8
	}{
		{name: "bad password", password: "guess", numbers: []int32{18456}, state: 1, class: 14},
		{
			name: "script upgrade", change: func(s *estate.SQL) { s.LoginError = 18401 },
			numbers: []int32{18401}, state: 1, class: 14,
		},
		{
			name: "not ready", change: func(s *estate.SQL) { s.LoginError = 17187 },
			numbers: []int32{17187}, state: 1, class: 16,
		},
		{name: "unknown database", options: "&database=Nowhere", numbers: []int32{4060, 18456}, state: 1, class: 11},
		{name: "offline database", options: "&database=Archive", numbers: []int32{4060, 18456}, state: 1, class: 11},
		{name: "a known database", options: "&database=orders"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := healthy()
			if c.change != nil {
				c.change(h.SQL)
			}
			password := h.SQL.Password
			if c.password != "" {
				password = c.password
			}
			db := openAs(t, serve(t, h), url.UserPassword("Probe", password), plain+c.options)
			err := db.PingContext(t.Context())
			if len(c.numbers) == 0 {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			var answer mssql.Error
			if !errors.As(err, &answer) {
				t.Fatalf("got %v, want an error of the server", err)
			}
			var numbers []int32
			for _, e := range answer.All {
				numbers = append(numbers, e.Number)
			}
			if diff := cmp.Diff(c.numbers, numbers); diff != "" {
				t.Errorf("error numbers (-want +got):\n%s", diff)
			}
			if first := answer.All[0]; first.State != c.state || first.Class != c.class {
				t.Errorf("state %d and class %d, want %d and %d", first.State, first.Class, c.state, c.class)
			}
		})
	}
}

// query returns a result as text: the columns with their types, then the rows.
func query(t *testing.T, db *sql.DB, text string, args ...any) ([]string, error) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), text, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	types, err := rows.ColumnTypes()
	if err != nil {
		t.Fatal(err)
	}
	var head []string
	values := make([]any, len(types))
	for i, ct := range types {
		head = append(head, ct.Name()+" "+ct.DatabaseTypeName())
		values[i] = new(any)
	}
	lines := []string{strings.Join(head, ", ")}
	for rows.Next() {
		if err := rows.Scan(values...); err != nil {
			t.Fatal(err)
		}
		var cells []string
		for _, v := range values {
			cell := *v.(*any)
			switch v := cell.(type) {
			case time.Time:
				cell = v.UTC().Format(time.RFC3339)
			case []byte:
				cell = string(v)
			}
			cells = append(cells, fmt.Sprint(cell))
		}
		lines = append(lines, strings.Join(cells, ", "))
	}
	return lines, rows.Err()
}

// exchange is a statement and its result: the columns with their types, then
// the rows.
type exchange struct {
	name, text string
	args       []any
	want       []string
}

func exchanges() []exchange {
	return []exchange{
		{
			name: "properties are variants",
			text: "SELECT SERVERPROPERTY('ProductVersion') AS v, SERVERPROPERTY('EngineEdition') e, " +
				"SERVERPROPERTY('NoSuchThing')",
			want: []string{"v SQL_VARIANT, e SQL_VARIANT,  SQL_VARIANT", "16.0.4165.4, 2, <nil>"},
		},
		{
			name: "nulls leave gaps", text: "SELECT name, collation_name, state FROM master.sys.databases " +
				"WHERE database_id > 4 ORDER BY name DESC",
			want: []string{
				"name NVARCHAR, collation_name NVARCHAR, state TINYINT",
				"Stock, <nil>, 3", "Orders, SQL_Latin1_General_CP1_CI_AS, 0", "Archive, <nil>, 6",
			},
		},
		{
			name: "a parameter travels by sp_executesql", args: []any{"ORDERS", true},
			text: "SELECT database_id, is_read_only, HAS_DBACCESS(name) AS a, @p1 + N'''s' FROM sys.databases " +
				"WHERE name = @p1 AND @p2 = 1",
			want: []string{"database_id INT, is_read_only BIT, a INT,  NVARCHAR", "6, false, 1, ORDERS's"},
		},
		{
			name: "when it started",
			text: "SELECT create_date FROM sys.databases WHERE name IN ('tempdb') -- a comment",
			want: []string{"create_date DATETIME", "2026-11-20T03:12:44Z"},
		},
		{
			name: "the start in UTC",
			text: "select dateadd(minute, datediff(minute, getdate(), getutcdate()), sqlserver_start_time) " +
				"from sys.dm_os_sys_info",
			want: []string{" DATETIME", "2026-11-20T03:12:44Z"},
		},
		{
			name: "settings are taken", text: "SET NOCOUNT ON; SET LOCK_TIMEOUT 1000 " +
				"SELECT TOP (1) [name] FROM sys.databases d ORDER BY database_id",
			want: []string{"name NVARCHAR", "master"},
		},
		{
			name: "a row longer than a packet", text: "SELECT TRY_CAST('x' AS bigint), CONVERT(nvarchar(4000), @p1, 0) AS long",
			args: []any{strings.Repeat("käse", 900)},
			want: []string{" BIGINT, long NVARCHAR", "<nil>, " + strings.Repeat("käse", 900)},
		},
		{
			name: "no rows", text: "SELECT * FROM sys.dm_exec_connections WHERE NOT (session_id IS NOT NULL OR 1 <> 1)",
			want: []string{"session_id INT, net_transport NVARCHAR, encrypt_option NVARCHAR, auth_scheme NVARCHAR"},
		},
	}
}

func TestQueries(t *testing.T) {
	db := open(t, serve(t, healthy()), plain)
	for _, c := range exchanges() {
		t.Run(c.name, func(t *testing.T) {
			got, err := query(t, db, c.text, c.args...)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestVersionBanner(t *testing.T) {
	for v, want := range map[string]string{
		"16.0.4165.4": "SQL Server 2022 (RTM-CU16) (KB5048033) - 16.0.4165.4 (X64)",
		"15.0.4420.2": "SQL Server 2019", "14.0.1.2": "SQL Server 2017", "13.0.1.2": "SQL Server 2016",
		"12.0.1.2": "SQL Server 2014", "10.50.1.2": "SQL Server 2008 R2", "17.0.1.2": "SQL Server 2025",
	} {
		h := healthy()
		h.SQL.Version = v
		var got string
		var now time.Time
		err := open(t, serve(t, h), plain).
			QueryRowContext(t.Context(), "SELECT @@VERSION, SYSDATETIME()").Scan(&got, &now)
		if err != nil || !strings.Contains(got, want) {
			t.Errorf("%s: got %q and %v, want %q in it", v, got, err, want)
		}
		if d := time.Since(now); d < -time.Minute || d > time.Minute {
			t.Errorf("SYSDATETIME is %s off", d)
		}
	}
}

func TestErrors(t *testing.T) {
	db := open(t, serve(t, healthy()), plain)
	for text, number := range map[string]int32{
		"SELECT 1 FROM sys.no_such_view":      208,
		"SELECT nothing FROM sys.databases":   207,
		"SELECT FROM":                         156,
		"SELECT 'open":                        105,
		"DROP DATABASE Orders":                3701,
		"SELECT 1 FROM Archive.sys.databases": 942,
		"USE Stock":                           945,
		"USE Nowhere":                         911,
		"SELECT NO_SUCH_FUNCTION(1)":          195,
		"SELECT @missing":                     137,
		"sp_nothing":                          2812,
		"SELECT " + strings.Repeat("(", 100):  191,
	} {
		_, err := query(t, db, text)
		var answer mssql.Error
		if !errors.As(err, &answer) || answer.Number != number {
			t.Errorf("%s: got %v, want error %d", text, err, number)
		}
	}
	if got, err := query(t, db, "USE Orders; SELECT DB_NAME()"); err != nil || got[1] != "Orders" {
		t.Errorf("after all errors: got %v and %v", got, err)
	}
}

func TestAttentionInterrupts(t *testing.T) {
	l := serve(t, healthy())
	conn, err := open(t, l, plain).Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	l.whenAsked(cancel)
	if _, err := conn.ExecContext(ctx, "WAITFOR DELAY '00:10:00'"); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want the cancelled context", err)
	}
	var one int
	if err := conn.QueryRowContext(t.Context(), "SELECT 1").Scan(&one); err != nil || one != 1 {
		t.Errorf("on the same connection: got %d and %v", one, err)
	}
}

// TestAttentionBeforeTheRequestIsBegun holds that an attention ends its own request also
// when it is read before that is begun, and no later one.
func TestAttentionBeforeTheRequestIsBegun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := tds.NewSession(healthy())
		wait := func(want time.Duration) {
			t.Helper()
			start := time.Now()
			if err := s.Batch("WAITFOR DELAY '00:10:00'"); err != nil {
				t.Error(err)
			}
			if took := time.Since(start); took != want {
				t.Errorf("a wait of 10 minutes took %s, want %s", took, want)
			}
		}
		attend := func() {
			t.Helper()
			if err := s.Attend(); err != nil {
				t.Error(err)
			}
		}
		s.Hear()
		wait(0)
		attend()
		wait(10 * time.Minute)
		s.Hear() // too late for the one that was waited for
		attend()
		wait(10 * time.Minute)
	})
}

func TestFaults(t *testing.T) {
	for fault, want := range map[estate.Fault]string{
		"error": "701", "garbage": "", "drop": "EOF", "silent": "deadline",
	} {
		t.Run(string(fault), func(t *testing.T) {
			h := healthy()
			h.SQL.Fault = fault
			db := open(t, serve(t, h), plain+"&connection+timeout=1")
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			var one int
			err := db.QueryRowContext(ctx, "SELECT 1").Scan(&one)
			var answer mssql.Error
			switch {
			case err == nil:
				t.Fatal("no error")
			case errors.As(err, &answer):
				if fmt.Sprint(answer.Number) != want {
					t.Errorf("got %v, want %s", err, want)
				}
			case want != "deadline" && !strings.Contains(err.Error(), want):
				t.Errorf("got %v, want %s", err, want)
			}
		})
	}
}

func TestEndlessAnswerCanBeLeft(t *testing.T) {
	h := healthy()
	h.SQL.Fault = "endless"
	l := serve(t, h)
	db := open(t, l, plain)
	rows, err := db.QueryContext(t.Context(), "SELECT name FROM sys.databases")
	if err != nil {
		t.Fatal(err)
	}
	for range 100 {
		if !rows.Next() {
			t.Fatalf("the answer ended: %v", rows.Err())
		}
	}
	if err := rows.Close(); err != nil {
		t.Fatal(err)
	}
	l.set(healthy())
	if err := db.PingContext(t.Context()); err != nil {
		t.Errorf("after the interrupted answer: %v", err)
	}
}

// A host that is changed under a connection is seen at the next answer.
func TestHostIsAskedAnew(t *testing.T) {
	l := serve(t, healthy())
	db := open(t, l, plain)
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	h := healthy()
	h.SQL.Databases["Stock"] = estate.Database{State: "ONLINE"}
	l.set(h)
	var state string
	err = conn.QueryRowContext(t.Context(), "SELECT state_desc FROM sys.databases WHERE name = 'stock'").Scan(&state)
	if err != nil || state != "ONLINE" {
		t.Errorf("got %q and %v", state, err)
	}
}

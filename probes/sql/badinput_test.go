package sql

import (
	"errors"
	"fmt"
	"net"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	mssql "github.com/microsoft/go-mssqldb"

	"postpatch/probes/fact"
	"postpatch/probes/lab/estate"
)

// A server that answers with another type than it should, or with a null, in one column
// after the other: it is an error, or what is reported is that server's word. Nothing
// panics, and a database that the suite names does not go.
func TestEachColumnOfAnotherKind(t *testing.T) {
	h := healthy()
	s := serve(t, h, selfSigned(t, 7))
	p := build(t, map[string]any{"database": []string{"Orders"}})
	whole, err := p.Observe(t.Context(), s.target())
	if err != nil {
		t.Fatal(err)
	}
	columns := int(s.simulator.Counts().Columns)
	for _, fault := range []estate.Fault{estate.WrongType, estate.Nulls} {
		failed := 0
		for column := range columns {
			h := changed(func(s *estate.SQL) { s.Fault = estate.Fault(fmt.Sprintf("%s %d", fault, column)) })
			observed, err := p.Observe(t.Context(), serve(t, h, selfSigned(t, 7)).target())
			switch {
			case err == nil && fault == estate.Nulls:
				if diff := cmp.Diff(items(whole), items(observed)); diff != "" {
					t.Errorf("%s in column %d: %s", fault, column, diff)
				}
			case err == nil: // a number is a name, too
				if !items(observed)["Orders"] {
					t.Errorf("%s in column %d: %v", fault, column, observed)
				}
			case !strings.Contains(err.Error(), damaged):
				t.Errorf("%s in column %d: %v", fault, column, err)
			default:
				failed++
			}
			leavesNone(t)
		}
		if failed == 0 || failed == columns {
			t.Errorf("%s: %d of %d columns are an error", fault, failed, columns)
		}
	}
}

func items(observed []fact.Reading) map[string]bool {
	m := map[string]bool{}
	for _, r := range observed {
		m[r.Key.Item] = true
	}
	return m
}

// An answer without an end is none, however much time there is, and what it fills is
// bounded.
func TestAnswerWithoutEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target, stop := inMemory(t, changed(func(s *estate.SQL) { s.Fault = "endless" }), selfSigned(t, 7))
		defer stop()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		observed, err := build(t, nil).Observe(t.Context(), target)
		runtime.ReadMemStats(&after)
		if err == nil || !strings.HasSuffix(err.Error(), "more than 32767, which is more than an instance can have") {
			t.Errorf("got %v", err)
		}
		if items(observed)["Orders"] {
			t.Errorf("reports databases: %v", observed)
		}
		if more := int64(after.HeapAlloc) - int64(before.HeapAlloc); more > 128<<20 {
			t.Errorf("%d MiB more are held", more>>20)
		}
	})
}

// SQL Server takes any character in a name, up to 128 of them.
func TestNamesOfDatabases(t *testing.T) {
	names := []string{
		"Orders]; DROP DATABASE [Orders", "O'Brien", `say "cheese"`, "[in brackets]", "two\nlines", "a\ttab", " blanks ",
		"per%cent", "back\\slash", "\u202eright to left", strings.Repeat("\U0001f5c4", 64), strings.Repeat("x", 128), "ſ", "{{ host }}",
		"-- not a comment", "null", "\u0000", "é", "e\u0301",
	}
	h := changed(func(s *estate.SQL) {
		s.Databases = map[string]estate.Database{}
		for _, name := range names {
			s.Databases[name] = estate.Database{}
		}
	})
	for _, named := range []bool{true, false} {
		args := map[string]any{}
		if named {
			args["database"] = names[:len(names)-3]
		}
		observed, err := build(t, args).Observe(t.Context(), serve(t, h, selfSigned(t, 7)).target())
		if err != nil {
			t.Fatal(err)
		}
		got := readings(observed)
		for i, name := range names {
			reading := "other_state"
			if named && i < len(names)-3 {
				reading = "state"
			}
			if got[name+" "+reading] != "ONLINE" {
				t.Errorf("%q: %s is %q", name, reading, got[name+" "+reading])
			}
		}
	}
}

// Some errors of the driver's panic when they are read.
func TestErrorsAreLegible(t *testing.T) {
	err := fmt.Errorf("connecting: %w", errors.New("no"))
	if legible(&err); err.Error() != "connecting: no" {
		t.Errorf("got %v", err)
	}
	err = mssql.StreamError{}
	if legible(&err); err.Error() != "Invalid TDS stream" {
		t.Errorf("got %v", err)
	}
}

// The driver's own errors that have no type are told as what they are.
func TestDamageIsTold(t *testing.T) {
	d := newDoor(t.Context(), probe{}, (&server{}).target())
	d.in = true
	for _, c := range []struct {
		err  error
		want string
	}{
		{errors.New("Invalid size for INTNTYPE: 3"), damaged + "Invalid size for INTNTYPE: 3"},
		{mssql.StreamError{InnerError: errors.New("EOF")}, damaged + "Invalid TDS stream: EOF"},
		{mssql.Error{Number: 229, Message: "denied"}, "mssql: denied (229)"},
	} {
		if got := d.plain(t.Context(), c.err).Error(); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
	near, far := net.Pipe()
	defer func() { _, _ = near.Close(), far.Close() }()
	d.conn = &limited{Conn: near, stop: func() bool { return true }}
	if _, err := d.conn.Read(make([]byte, 1)); !errors.Is(err, errEndless) {
		t.Errorf("after too much: %v", err)
	}
	if got := d.plain(t.Context(), errors.New("Invalid")).Error(); got != "its answer does not end: more than 32 MiB" {
		t.Errorf("got %q", got)
	}
}

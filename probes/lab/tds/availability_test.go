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

func inGroup(role string) estate.Host {
	h := healthy()
	h.SQL.Databases = map[string]estate.Database{"Orders": {}}
	h.SQL.Groups = map[string]estate.Group{"AG1": {
		Role: role, Databases: map[string]estate.Copy{"Orders": {}},
		Replicas:  map[string]estate.Replica{"SQL01": {}, "SQL02": {Mode: "ASYNCHRONOUS_COMMIT"}},
		Listeners: map[string]estate.Listener{"shop": {Addresses: map[string]string{"10.0.0.5": "ONLINE"}}},
	}}
	h.SQL.Linked = map[string]estate.Linked{"ERP": {}, "hop": {Error: 18456}}
	return h
}

// TestGroupViews holds the answers to what SQL Server would say.
func TestGroupViews(t *testing.T) {
	as := func(version string) estate.Host {
		h := inGroup("PRIMARY")
		h.SQL.Version = version
		return h
	}
	denied := func(what string) estate.Host {
		h := inGroup("PRIMARY")
		h.SQL.Denied = []string{what}
		return h
	}
	const replicas = "SELECT r.replica_server_name, s.role_desc, s.operational_state_desc " +
		"FROM sys.availability_replicas AS r JOIN sys.dm_hadr_availability_replica_states AS s ON s.replica_id = r.replica_id"
	const copies = "SELECT is_local, synchronization_state_desc, synchronization_health_desc " +
		"FROM sys.dm_hadr_database_replica_states"
	for _, c := range []struct {
		name  string
		host  estate.Host
		query string
		want  string
	}{
		{"the primary sees all", inGroup("PRIMARY"), replicas, "SQL01 PRIMARY ONLINE, SQL02 SECONDARY <nil>"},
		{"a secondary itself", inGroup("SECONDARY"), replicas, "SQL01 SECONDARY ONLINE"},
		{"copies of all", inGroup("PRIMARY"), copies, "true SYNCHRONIZED HEALTHY, false SYNCHRONIZING HEALTHY"},
		{"copies here", inGroup("SECONDARY"), copies, "true SYNCHRONIZED HEALTHY"},
		{"while there is no primary", inGroup("RESOLVING"), copies, "true NOT SYNCHRONIZING NOT_HEALTHY"},
		{"a column that came later", as("12.0.6179.1"), "SELECT is_distributed FROM sys.availability_groups", "207"},
		{"and is there", as("13.0.6300.2"), "SELECT is_distributed, basic_features FROM sys.availability_groups", "false false"},
		{"lag", as("12.0.6179.1"), "SELECT secondary_lag_seconds FROM sys.dm_hadr_database_replica_states", "207"},
		{"no definitions", denied("VIEW ANY DEFINITION"), "SELECT name FROM sys.availability_groups", ""},
		{"no state", denied("VIEW SERVER STATE"), copies, "297"},
		{"the port of the endpoint", inGroup("PRIMARY"), "SELECT e.state_desc, t.port FROM sys.database_mirroring_endpoints AS e " +
			"JOIN sys.tcp_endpoints AS t ON t.endpoint_id = e.endpoint_id", "STARTED 5022"},
		{"who may not read", inGroup("SECONDARY"), "SELECT HAS_DBACCESS('Orders'), state_desc FROM sys.databases WHERE name = 'Orders'", "0 ONLINE"},
		{"nor enter", inGroup("SECONDARY"), "USE Orders", "976"},
		{"nor know whether", inGroup("RESOLVING"), "USE Orders", "983"},
		{"linked servers", inGroup("PRIMARY"), "SELECT name, provider FROM sys.servers WHERE is_linked = 1", "ERP MSOLEDBSQL, hop MSOLEDBSQL"},
		{"the instance itself", inGroup("PRIMARY"), "SELECT name FROM sys.servers WHERE server_id = 0", "SQL01"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if d := cmp.Diff(c.want, asked(t, c.host, c.query)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// asked is what a query brings: its rows, or the number of the error.
func asked(t *testing.T, h estate.Host, query string, args ...any) string {
	t.Helper()
	var answer mssql.Error
	rows, err := open(t, serve(t, h), plain).QueryContext(t.Context(), query, args...)
	if errors.As(err, &answer) {
		return fmt.Sprint(answer.Number)
	}
	if err != nil {
		t.Fatal(err)
	}
	all, err := rowsOf(t, rows, time.DateTime)
	if err != nil && !errors.As(err, &answer) {
		t.Fatal(err)
	}
	if answer.Number != 0 {
		return fmt.Sprint(answer.Number)
	}
	return strings.Join(all, ", ")
}

// TestGUID holds that the driver reads a uniqueidentifier as the server means it.
func TestGUID(t *testing.T) {
	var id mssql.UniqueIdentifier
	var text string
	row := open(t, serve(t, inGroup("PRIMARY")), plain).QueryRowContext(t.Context(),
		"SELECT group_id, CAST(group_id AS nvarchar(36)) FROM sys.availability_groups")
	if err := row.Scan(&id, &text); err != nil || id.String() != text {
		t.Errorf("got %v and %q, %v", id, text, err)
	}
}

func TestLinkedServer(t *testing.T) {
	for name, want := range map[string]string{"ERP": "", "erp": "", "hop": "18456", "none": "7202"} {
		if got := asked(t, inGroup("PRIMARY"), "sys.sp_testlinkedserver", name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if got := asked(t, inGroup("PRIMARY"), "sp_who"); got != "2812" {
		t.Errorf("no such procedure: got %q", got)
	}
}

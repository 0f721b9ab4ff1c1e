package tds

import (
	"maps"
	"slices"
	"strings"
	"time"

	"postpatch/probes/lab/estate"
)

// services are those of the instance, as Windows shows them.
func services(sql estate.SQL) map[string]estate.SQLService {
	instance := orElse(sql.Instance, "MSSQLSERVER")
	engine, agent := "MSSQL$"+instance, "SQLAgent$"+instance
	if sql.Instance == "" {
		engine, agent = "MSSQLSERVER", "SQLSERVERAGENT"
	}
	const binn = `"C:\Program Files\Microsoft SQL Server\MSSQL\Binn\`
	all := map[string]estate.SQLService{
		"SQL Server (" + instance + ")": {
			Account: `NT Service\` + engine, File: binn + `sqlservr.exe" -s` + instance, Started: started(sql),
		},
		"SQL Server Agent (" + instance + ")": {
			Account: `NT Service\` + agent, File: binn + `SQLAGENT.EXE" -i ` + instance, Started: started(sql),
		},
	}
	for name, s := range sql.Server.Services {
		usual := all[name]
		s.Account, s.File = orElse(s.Account, usual.Account), orElse(s.File, usual.File)
		if s.Started.IsZero() {
			s.Started = usual.Started
		}
		all[name] = s
	}
	return all
}

// servicesTable is sys.dm_server_services.
// Source: Microsoft, "sys.dm_server_services (Transact-SQL)".
func (sc scope) servicesTable() table {
	text := colType{kind: kindText, size: 256, nullable: true}
	number := colType{kind: kindInt, nullable: true}
	t := table{columns: []column{
		tableColumn("servicename", text), tableColumn("startup_type", number), tableColumn("startup_type_desc", text),
		tableColumn("status", number), tableColumn("status_desc", text), tableColumn("process_id", number),
		tableColumn("last_startup_time", colType{kind: kindDateTimeOffset, nullable: true}),
		tableColumn("service_account", text), tableColumn("filename", text),
		tableColumn("is_clustered", colType{kind: kindText, size: 1}), tableColumn("cluster_nodename", text),
	}}
	all := services(sc.sql)
	states := []string{
		"stopped", "start pending", "stop pending", "running", "continue pending", "pause pending", "paused",
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		s := all[name]
		start, state := orElse(s.Start, "auto"), orElse(s.State, "running")
		var since, process, node any
		if state == "running" {
			since, process = s.Started, int64(4000+len(t.rows))
		}
		clustered := "N"
		if s.Clustered {
			clustered, node = "Y", orElse(sc.sql.Server.Node, sc.machine())
		}
		t.rows = append(t.rows, []any{
			name, 2 + index(start, "auto", "manual", "disabled"), start,
			1 + index(state, states...), state, process, since, s.Account, s.File, clustered, node,
		})
	}
	return t
}

// dumpsTable is sys.dm_server_memory_dumps.
// Source: Microsoft, "sys.dm_server_memory_dumps (Transact-SQL)".
func (sc scope) dumpsTable() table {
	t := table{columns: []column{
		tableColumn("filename", colType{kind: kindText, size: 256}),
		tableColumn("creation_time", colType{kind: kindDateTimeOffset}),
		tableColumn("size_in_bytes", colType{kind: kindBigInt, nullable: true}),
	}}
	for _, at := range sc.sql.Server.Dumps {
		name := `C:\Program Files\Microsoft SQL Server\MSSQL\Log\SQLDump` + at.Format(time.DateOnly) + ".mdmp"
		t.rows = append(t.rows, []any{name, at, int64(4 << 20)})
	}
	return t
}

// listenersTable is sys.dm_tcp_listener_states. What the number of a state is, Microsoft's
// page has told in two ways: 1 and 2 at first, now 0 and 1.
// Source: Microsoft, "sys.dm_tcp_listener_states (Transact-SQL)".
func (sc scope) listenersTable() table {
	t := table{columns: []column{
		tableColumn("listener_id", colType{kind: kindInt}), tableColumn("ip_address", colType{kind: kindText, size: 48}),
		tableColumn("is_ipv4", colType{kind: kindBit}), tableColumn("port", colType{kind: kindInt}),
		tableColumn("type", colType{kind: kindTinyInt}), tableColumn("type_desc", colType{kind: kindText, size: 20}),
		tableColumn("state", colType{kind: kindTinyInt}), tableColumn("state_desc", colType{kind: kindText, size: 16}),
		tableColumn("start_time", colType{kind: kindDateTime}),
	}}
	all := sc.sql.Server.Listeners
	if all == nil {
		port := sc.sql.Listens()
		all = []estate.SQLListener{{Port: port}, {Address: "::", Port: port}, {Address: "127.0.0.1", Port: 1434}}
		if sc.sql.Server.HADR {
			all = append(all, estate.SQLListener{Port: 5022, Type: "DATABASE_MIRRORING"})
		}
	}
	for i, l := range all {
		address, kind, state := orElse(l.Address, "0.0.0.0"), orElse(l.Type, "TSQL"), orElse(l.State, "ONLINE")
		t.rows = append(t.rows, []any{
			int64(i + 1), address, !strings.Contains(address, ":"), int64(l.Port),
			index(kind, "TSQL", "SERVICE_BROKER", "DATABASE_MIRRORING"), kind,
			index(state, "ONLINE", "PENDING_RESTART"), state, started(sc.sql),
		})
	}
	return t
}

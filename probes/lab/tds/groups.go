package tds

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"postpatch/probes/lab/estate"
)

// groupViews are the views of availability groups. The catalogue views are empty for a
// login without VIEW ANY DEFINITION; the others want the server's state.
// Source: Microsoft, the pages of the views.
func groupViews() []view {
	return []view{
		{name: "sys.availability_groups", build: scope.groupsTable},
		{name: "sys.availability_replicas", build: scope.replicasTable},
		{name: "sys.availability_databases_cluster", build: scope.groupDatabases},
		{name: "sys.availability_group_listeners", build: scope.groupListeners},
		{name: "sys.availability_group_listener_ip_addresses", build: scope.addressesTable},
		{name: "sys.database_mirroring_endpoints", build: scope.mirroringEndpoints},
		{name: "sys.tcp_endpoints", build: scope.tcpEndpoints},
		{name: "sys.dm_hadr_availability_group_states", needs: viewPerformance, build: scope.groupStates},
		{name: "sys.dm_hadr_availability_replica_states", needs: viewPerformance, build: scope.replicaStates},
		{name: "sys.dm_hadr_database_replica_states", needs: viewPerformance, build: scope.copyStates},
	}
}

const viewAnyDefinition = "VIEW ANY DEFINITION"

// The types of the columns.
func guids() colType     { return colType{kind: kindGUID, nullable: true} }
func word60() colType    { return colType{kind: kindText, size: 60, nullable: true} }
func flag() colType      { return colType{kind: kindBit, nullable: true} }
func amount() colType    { return colType{kind: kindBigInt, nullable: true} }
func intOrNull() colType { return colType{kind: kindInt, nullable: true} }

// group is an availability group as the instance knows it.
type group struct {
	estate.Group
	name  string
	id    guid
	local string // the name of the replica here
}

func (sc scope) groups() []group {
	var all []group
	local, _ := sc.ownProperty("servername").(string)
	for _, name := range slices.Sorted(maps.Keys(sc.sql.Groups)) {
		g := group{Group: sc.sql.Groups[name], name: name, id: guidOf("group", name), local: local}
		g.Role = orElse(g.Role, "PRIMARY")
		if !slices.ContainsFunc(g.names(), g.isLocal) && g.Role != "NONE" {
			g.Replicas = maps.Clone(g.Replicas)
			if g.Replicas == nil {
				g.Replicas = map[string]estate.Replica{}
			}
			g.Replicas[local] = estate.Replica{}
		}
		all = append(all, g)
	}
	return all
}

// names are the replicas' names.
func (g group) names() []string { return slices.Sorted(maps.Keys(g.Replicas)) }

func (g group) isLocal(replica string) bool { return strings.EqualFold(replica, g.local) }

func (g group) replicaID(name string) guid { return guidOf("replica", g.name, strings.ToUpper(name)) }

func (g group) databaseID(name string) guid { return guidOf("database", g.name, name) }

// sees lists the replicas whose state the instance knows: all of them where it is the
// primary, or else itself.
// Source: Microsoft, "sys.dm_hadr_availability_replica_states (Transact-SQL)".
func (g group) sees() []string {
	return slices.DeleteFunc(g.names(), func(n string) bool {
		return g.Role != "PRIMARY" && !g.isLocal(n) || g.Role == "NONE"
	})
}

// visible is a table that only those see who may.
func (sc scope) visible(t table) table {
	if sc.isDenied(viewAnyDefinition) {
		t.rows = nil
	}
	return t
}

// major keeps of a table the columns that the instance's version has.
func (sc scope) major(t table, since map[string]int) table {
	var keep []int
	for i, c := range t.columns {
		if version(sc.sql.Version).part(0) >= since[c.name] {
			keep = append(keep, i)
		}
	}
	out := table{}
	for _, i := range keep {
		out.columns = append(out.columns, t.columns[i])
	}
	for _, row := range t.rows {
		var kept []any
		for _, i := range keep {
			kept = append(kept, row[i])
		}
		out.rows = append(out.rows, kept)
	}
	return out
}

func (sc scope) groupsTable() table {
	t := table{columns: []column{
		tableColumn("group_id", colType{kind: kindGUID}), tableColumn("name", sysname()),
		tableColumn("basic_features", flag()), tableColumn("is_distributed", flag()),
		tableColumn("cluster_type_desc", word60()), tableColumn("is_contained", flag()),
	}}
	for _, g := range sc.groups() {
		t.rows = append(t.rows, []any{
			g.id, g.name, g.Kind == "basic", g.Kind == "distributed", orElse(g.Cluster, "wsfc"), g.Kind == "contained",
		})
	}
	return sc.visible(sc.major(t, map[string]int{
		"basic_features": 13, "is_distributed": 13, "cluster_type_desc": 14, "is_contained": 15,
	}))
}

func (sc scope) replicasTable() table {
	t := table{columns: []column{
		tableColumn("replica_id", guids()), tableColumn("group_id", guids()),
		tableColumn("replica_server_name", colType{kind: kindText, size: 256, nullable: true}),
		tableColumn("availability_mode_desc", word60()), tableColumn("failover_mode_desc", word60()),
		tableColumn("secondary_role_allow_connections_desc", word60()), tableColumn("seeding_mode_desc", word60()),
	}}
	for _, g := range sc.groups() {
		for _, name := range g.names() {
			r := g.Replicas[name]
			t.rows = append(t.rows, []any{
				g.replicaID(name), g.id, name, orElse(r.Mode, "SYNCHRONOUS_COMMIT"), orElse(r.Failover, "AUTOMATIC"),
				orElse(r.Connections, "NO"), orElse(r.Seeding, "MANUAL"),
			})
		}
	}
	return sc.visible(sc.major(t, map[string]int{"seeding_mode_desc": 13}))
}

func (sc scope) groupDatabases() table {
	t := table{columns: []column{
		tableColumn("group_id", guids()), tableColumn("group_database_id", guids()), tableColumn("database_name", sysname()),
	}}
	for _, g := range sc.groups() {
		for _, name := range slices.Sorted(maps.Keys(g.Databases)) {
			t.rows = append(t.rows, []any{g.id, g.databaseID(name), name})
		}
	}
	return t // anybody with VIEW ANY DATABASE sees it
}

func (sc scope) groupStates() table {
	t := table{columns: []column{
		tableColumn("group_id", colType{kind: kindGUID}),
		tableColumn("primary_replica", colType{kind: kindText, size: 128, nullable: true}),
		tableColumn("synchronization_health_desc", word60()),
	}}
	for _, g := range sc.groups() {
		var primary any
		worst := "HEALTHY"
		for _, name := range g.sees() {
			worst = worse(worst, g.health(name))
			if g.isLocal(name) && g.Role == "PRIMARY" {
				primary = name
			}
		}
		if g.Role == "SECONDARY" { // one of the others
			others := slices.DeleteFunc(g.names(), g.isLocal)
			if len(others) > 0 {
				primary = others[0]
			}
		}
		t.rows = append(t.rows, []any{g.id, primary, worst})
	}
	return t
}

func (sc scope) replicaStates() table {
	t := table{columns: []column{
		tableColumn("replica_id", guids()), tableColumn("group_id", guids()), tableColumn("is_local", flag()),
		tableColumn("role_desc", word60()), tableColumn("operational_state_desc", word60()),
		tableColumn("connected_state_desc", word60()), tableColumn("recovery_health_desc", word60()),
		tableColumn("synchronization_health_desc", word60()), tableColumn("last_connect_error_number", intOrNull()),
	}}
	for _, g := range sc.groups() {
		for _, name := range g.sees() {
			r := g.Replicas[name]
			role, operational, recovery := any("SECONDARY"), any(nil), any(nil)
			if g.isLocal(name) {
				role, operational, recovery = g.Role, orElse(r.Operational, "ONLINE"), sc.recoveryHealth(g)
			}
			var failed any
			if r.ConnectError != 0 {
				failed = int64(r.ConnectError)
			}
			t.rows = append(t.rows, []any{
				g.replicaID(name), g.id, g.isLocal(name), role, operational, orElse(r.Connection, "CONNECTED"), recovery,
				g.health(name), failed,
			})
		}
	}
	return t
}

// recoveryHealth sums up the states of the databases here.
func (sc scope) recoveryHealth(g group) string {
	for name := range g.Databases {
		if _, db, found := findDatabase(sc.sql, name); found && db.State != "ONLINE" {
			return "ONLINE_IN_PROGRESS"
		}
	}
	return "ONLINE"
}

// copyOf is the copy of a database that a replica has; false where it has none.
func (g group) copyOf(replica, database string) (estate.Copy, bool) {
	r := g.Replicas[replica]
	c := r.Copies[database]
	if g.isLocal(replica) {
		c = g.Databases[database]
	}
	healthy := "SYNCHRONIZED"
	if r.Mode == "ASYNCHRONOUS_COMMIT" && (!g.isLocal(replica) || g.Role != "PRIMARY") {
		healthy = "SYNCHRONIZING"
	}
	if c.Suspended || r.Connection == "DISCONNECTED" || g.Role == "RESOLVING" {
		healthy = "NOT SYNCHRONIZING"
	}
	c.State = orElse(c.State, healthy)
	return c, !c.Unjoined && r.Mode != "CONFIGURATION_ONLY"
}

// copyHealth is how the server holds a copy's state against the replica's mode.
// Source: Microsoft, "sys.dm_hadr_database_replica_states (Transact-SQL)".
func (g group) copyHealth(replica string, c estate.Copy) string {
	switch {
	case c.State == "SYNCHRONIZED", c.State == "SYNCHRONIZING" && g.Replicas[replica].Mode == "ASYNCHRONOUS_COMMIT":
		return "HEALTHY"
	case c.State == "SYNCHRONIZING":
		return "PARTIALLY_HEALTHY"
	default:
		return "NOT_HEALTHY"
	}
}

func (g group) health(replica string) string {
	worst := "HEALTHY"
	for database := range g.Databases {
		if c, joined := g.copyOf(replica, database); joined {
			worst = worse(worst, g.copyHealth(replica, c))
		}
	}
	return worst
}

func worse(a, b string) string {
	order := []string{"NOT_HEALTHY", "PARTIALLY_HEALTHY", "HEALTHY"}
	return order[min(slices.Index(order, a), slices.Index(order, b))]
}

func (sc scope) copyStates() table {
	number, moment := amount(), colType{kind: kindDateTime, nullable: true}
	t := table{columns: []column{
		tableColumn("database_id", intOrNull()), tableColumn("group_id", guids()), tableColumn("replica_id", guids()),
		tableColumn("group_database_id", guids()), tableColumn("is_local", flag()),
		tableColumn("is_primary_replica", flag()),
		tableColumn("synchronization_state_desc", word60()), tableColumn("synchronization_health_desc", word60()),
		tableColumn("database_state_desc", word60()), tableColumn("is_suspended", flag()),
		tableColumn("suspend_reason_desc", word60()), tableColumn("log_send_queue_size", number),
		tableColumn("redo_queue_size", number), tableColumn("last_commit_time", moment),
		tableColumn("secondary_lag_seconds", number),
	}}
	for _, g := range sc.groups() {
		for _, replica := range g.sees() {
			for _, name := range slices.Sorted(maps.Keys(g.Databases)) {
				if c, joined := g.copyOf(replica, name); joined {
					t.rows = append(t.rows, sc.copyRow(g, replica, name, c))
				}
			}
		}
	}
	return sc.major(t, map[string]int{"is_primary_replica": 12, "secondary_lag_seconds": 13})
}

func (sc scope) copyRow(g group, replica, database string, c estate.Copy) []any {
	isLocal := g.isLocal(replica)
	isPrimary := isLocal && g.Role == "PRIMARY"
	var reason, state, committed, send, redo, lag any
	if c.Suspended {
		reason = orElse(c.Reason, "SUSPEND_FROM_USER")
	}
	if isLocal {
		_, db, _ := findDatabase(sc.sql, database)
		state = cmp.Or(db.State, "ONLINE")
	}
	if !c.Committed.IsZero() {
		committed = c.Committed
	}
	if !isPrimary {
		send, redo, lag = int64(c.SendQueue), int64(c.RedoQueue), int64(c.Lag/time.Second)
	}
	id := int64(slices.Index(databases(sc.sql), database) + 1)
	return []any{
		id, g.id, g.replicaID(replica), g.databaseID(database), isLocal, isPrimary, c.State, g.copyHealth(replica, c),
		state, c.Suspended, reason, send, redo, committed, lag,
	}
}

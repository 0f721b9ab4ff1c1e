package sql

import (
	"context"
	"strings"

	"postpatch/probes"
	"postpatch/probes/fact"
)

// availabilityPart is what the instance knows of its Always On availability groups.
func availabilityPart() part {
	return part{
		name: "availability", state: availabilityState,
		needs: "VIEW SERVER STATE and VIEW ANY DEFINITION", grants: []string{viewServerState, "VIEW ANY DEFINITION"},
		specs: availabilityReadings(), notes: availabilityNotes(), read: readAvailability,
	}
}

// The readings behind which others stand.
const (
	availabilityState = "availability"
	viewReading       = "view"
	copyRole          = "copy_role"
)

// Words of the views, and words for what they do not say.
const (
	rolePrimary   = "PRIMARY"
	roleSecondary = "SECONDARY"
	roleNone      = "none"
	roleUnknown   = "unknown"
	notFromHere   = notChecked + "only the primary sees it"
	notReadable   = "secondary, not readable"
	noEndpoint    = "none seen"
)

func availabilityNotes() []string {
	return []string{
		"Availability groups are told where the login has VIEW SERVER STATE and VIEW ANY DEFINITION.",
		"From 2022 on VIEW SERVER PERFORMANCE STATE is enough of the first.",
		"A secondary sees itself alone: after a failover nothing is wanted of the others here; ask the primary, too.",
		"A failover is a note, since it belongs to a patch night; expect: {role: PRIMARY} makes it a failure.",
		"A database that is not readable on a secondary need not be opened there: opened is not told.",
	}
}

func availabilityReadings() []probes.ReadingSpec {
	all := []probes.ReadingSpec{
		{
			Name: "endpoint", Type: fact.TypeText, Keep: "STARTED", Severity: fact.Fail,
			Doc: "Of the endpoint by which replicas talk: STARTED, STOPPED or DISABLED; none seen.",
		},
		{
			Name: "endpoint_port", Type: fact.TypeInt, Of: "TCP port", Severity: fact.Fail,
			Doc: "The TCP port of that endpoint.",
		},
	}
	all = append(all, groupSpecs()...)
	all = append(all, listenerSpecs()...)
	for i := range all {
		all[i].Behind = availabilityState
	}
	return append(append(all, replicaReadings()...), copyReadings()...)
}

func groupSpecs() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "role", Type: fact.TypeText, Severity: fact.Note, Expect: "one of PRIMARY, SECONDARY, none",
			Waits: []fact.Value{fact.Text("RESOLVING")},
			Doc: "Of an availability group: what this instance is in it: PRIMARY, SECONDARY, RESOLVING while there is no " +
				"primary; none where a distributed group has no part here.",
		},
		{
			Name: "primary", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Evidence: true,
			Doc: "Of an availability group: the instance that is its primary.",
		},
		{
			Name: "group_health", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Evidence: true,
			Doc: "Of an availability group: HEALTHY, PARTIALLY_HEALTHY or NOT_HEALTHY, over what this instance sees.",
		},
		{
			Name: "group_type", Type: fact.TypeText, Severity: fact.Fail,
			Doc: "Of an availability group: basic, distributed, contained or ordinary; from 2017 on with the cluster: WSFC, " +
				"EXTERNAL, NONE.",
		},
	}
}

func listenerSpecs() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "listener", Type: fact.TypeText, Severity: fact.Fail, Expect: "ONLINE", Rule: fact.Rule{Op: fact.Ignore},
			Waits: []fact.Value{fact.Text("ONLINE_PENDING")},
			Doc: "Of a listener: the state of the best of its addresses, since of several subnets the primary's alone is " +
				"ONLINE; none without an address.",
		},
		{
			Name: "listener_port", Type: fact.TypeInt, Of: "TCP port", Severity: fact.Fail, Doc: "Of a listener: its TCP port.",
		},
		{
			Name: "listener_ips", Type: fact.TypeSet, Severity: fact.Fail,
			Doc: "Of a listener: its addresses, but for those of a DHCP server.",
		},
		{
			Name: "listener_states", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.Ignore}, Evidence: true,
			Doc: "Of a listener: each address with its state.",
		},
	}
}

// replicaReadings are first what every node knows, then what a secondary knows of itself
// and the primary of all.
func replicaReadings() []probes.ReadingSpec {
	all := []probes.ReadingSpec{
		{
			Name: viewReading, Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore},
			Unseen: []fact.Value{fact.Text(notFromHere)},
			Doc:    "Of a replica, or another replica's copy: read; or not checked, on a secondary.",
		},
		{
			Name: "availability_mode", Type: fact.TypeText, Severity: fact.Fail,
			Doc: "Of a replica: SYNCHRONOUS_COMMIT, ASYNCHRONOUS_COMMIT or CONFIGURATION_ONLY.",
		},
		{
			Name: "failover_mode", Type: fact.TypeText, Severity: fact.Fail,
			Doc: "Of a replica: AUTOMATIC, MANUAL or EXTERNAL; MANUAL is what a maintenance often leaves behind.",
		},
		{
			Name: "seeding", Type: fact.TypeText, Doc: "Of a replica: AUTOMATIC or MANUAL; from 2016 on.",
		},
		{
			Name: "secondary_connections", Type: fact.TypeText,
			Doc: "Of a replica: who may read it while it is a secondary: NO, READ_ONLY (who says so) or ALL.",
		},
	}
	for i := range all {
		all[i].Behind = availabilityState
	}
	return append(all, []probes.ReadingSpec{
		{
			Name: "connection", Type: fact.TypeText, Severity: fact.Fail, Expect: "CONNECTED", Behind: viewReading,
			Waits: []fact.Value{fact.Text("DISCONNECTED")},
			Doc:   "Of a replica: CONNECTED to the primary, or DISCONNECTED, which a secondary tries to mend by itself.",
		},
		{
			Name: "operational", Type: fact.TypeText, Severity: fact.Fail, Expect: "ONLINE", Behind: viewReading,
			Waits: []fact.Value{fact.Text("PENDING"), fact.Text("PENDING_FAILOVER")},
			Doc:   "Of the replica here: ONLINE, OFFLINE, PENDING, PENDING_FAILOVER, FAILED, FAILED_NO_QUORUM.",
		},
		{
			Name: "recovery_health", Type: fact.TypeText, Severity: fact.Fail, Expect: "ONLINE", Behind: viewReading,
			Waits: []fact.Value{fact.Text("ONLINE_IN_PROGRESS")},
			Doc:   "Of the replica here: ONLINE when all its databases are; ONLINE_IN_PROGRESS.",
		},
		{
			Name: "replica_health", Type: fact.TypeText, Severity: fact.Fail, Expect: "HEALTHY", Behind: viewReading,
			Waits: unhealthy(),
			Doc:   "Of a replica: the worst copy_health of its databases.",
		},
		{
			Name: "connect_error", Type: fact.TypeInt, Of: "error number",
			Rule: fact.Rule{Op: fact.Ignore}, Evidence: true, Behind: viewReading,
			Doc: "Of a replica: the number of the last error in connecting, however long ago.",
		},
	}...)
}

// unhealthy is what a replica is while its copies come up and catch up.
func unhealthy() []fact.Value {
	return []fact.Value{fact.Text("NOT_HEALTHY"), fact.Text("PARTIALLY_HEALTHY")}
}

func copyReadings() []probes.ReadingSpec {
	all := []probes.ReadingSpec{
		{
			Name: "suspended", Type: fact.TypeBool, Severity: fact.Fail, Expect: "false",
			Doc: "Of a copy: whether the movement of its data is suspended, and stays so until somebody resumes it.",
		},
		{
			Name: "suspend_reason", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Evidence: true,
			Doc: "Of a copy: why, such as SUSPEND_FROM_USER or SUSPEND_FROM_REDO.",
		},
		{
			Name: "synchronization", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Evidence: true,
			Doc: "Of a copy: SYNCHRONIZED, SYNCHRONIZING, NOT SYNCHRONIZING, REVERTING or INITIALIZING.",
		},
		{
			Name: "copy_health", Type: fact.TypeText, Severity: fact.Fail, Expect: "HEALTHY", Waits: unhealthy(),
			Doc: "Of a copy: HEALTHY when it is SYNCHRONIZED, or at least SYNCHRONIZING where the replica's mode is " +
				"asynchronous; else PARTIALLY_HEALTHY or NOT_HEALTHY.",
		},
		{
			Name: "log_send_queue", Type: fact.TypeInt, Unit: "KB", Rule: fact.Rule{Op: fact.Ignore},
			Doc: "Of a copy: how much log the primary has not sent to it.",
		},
		{
			Name: "redo_queue", Type: fact.TypeInt, Unit: "KB", Rule: fact.Rule{Op: fact.Ignore},
			Doc: "Of a copy: how much log it has and has not redone.",
		},
		{
			Name: "lag", Type: fact.TypeDuration, Rule: fact.Rule{Op: fact.Ignore},
			Doc: "Of a copy: how far it is behind the primary; from 2016 on.",
		},
		{
			Name: "last_commit", Type: fact.TypeTime, Rule: fact.Rule{Op: fact.Ignore},
			Doc: "Of a copy: when the last transaction was committed that it has.",
		},
	}
	for i := range all {
		all[i].Behind = viewReading
	}
	return append(all, probes.ReadingSpec{
		Name: copyRole, Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Evidence: true, Behind: availabilityState,
		Unseen: []fact.Value{fact.Text(notReadable)},
		Doc: "Of a database in an availability group: what its copy here is: primary, secondary, " + notReadable +
			" or resolving.",
	})
}

// availabilityQuery asks for nine results, which are put together here. What came with a
// later version is asked of that version alone.
// Source: Microsoft, the pages of the views under "Always On Availability Groups Catalog
// Views" and "Always On Availability Groups Dynamic Management Views and Functions".
func availabilityQuery(major int) string {
	since := func(version int, columns string) string {
		if major < version {
			return ""
		}
		return columns
	}
	const group, replica, database = "CAST(group_id AS nvarchar(36)) AS group_id",
		"CAST(replica_id AS nvarchar(36)) AS replica_id",
		"CAST(group_database_id AS nvarchar(36)) AS group_database_id"
	return strings.Join([]string{
		"SELECT " + group + ", name" + since(13, ", basic_features, is_distributed") +
			since(14, ", cluster_type_desc") + since(16, ", is_contained") + " FROM sys.availability_groups",
		"SELECT " + group + ", primary_replica, synchronization_health_desc FROM sys.dm_hadr_availability_group_states",
		"SELECT " + group + ", " + replica + ", replica_server_name, availability_mode_desc, failover_mode_desc," +
			" secondary_role_allow_connections_desc" + since(13, ", seeding_mode_desc") + " FROM sys.availability_replicas",
		"SELECT " + group + ", " + replica + ", is_local, role_desc, operational_state_desc, connected_state_desc," +
			" recovery_health_desc, synchronization_health_desc, last_connect_error_number" +
			" FROM sys.dm_hadr_availability_replica_states",
		"SELECT " + group + ", " + database + ", database_name FROM sys.availability_databases_cluster",
		"SELECT " + group + ", " + replica + ", " + database + ", is_local, synchronization_state_desc," +
			" synchronization_health_desc, is_suspended, suspend_reason_desc, log_send_queue_size, redo_queue_size," +
			" last_commit_time" + since(13, ", secondary_lag_seconds") + " FROM sys.dm_hadr_database_replica_states",
		"SELECT " + group + ", listener_id, dns_name, port FROM sys.availability_group_listeners",
		"SELECT listener_id, ip_address, is_dhcp, state_desc FROM sys.availability_group_listener_ip_addresses",
		"SELECT e.state_desc, t.port FROM sys.database_mirroring_endpoints AS e" +
			" JOIN sys.tcp_endpoints AS t ON t.endpoint_id = e.endpoint_id",
	}, ";\n")
}

// availability is what the views say, a list of rows for each.
type availability struct {
	groups, groupStates, replicas, replicaStates, databases, copies, listeners, addresses, endpoints []record
}

// readAvailability asks where Always On is enabled at all.
func readAvailability(ctx context.Context, v *visit) ([]fact.Reading, error) {
	if !v.hadr {
		return nil, nil
	}
	var a availability
	err := v.readSets(ctx, availabilityQuery(v.major), &a.groups, &a.groupStates, &a.replicas, &a.replicaStates,
		&a.databases, &a.copies, &a.listeners, &a.addresses, &a.endpoints)
	if err != nil {
		return nil, err
	}
	t := newTeller(v, a)
	if t.isHidden() {
		return nil, errNotAllowed
	}
	t.tell()
	return t.readings, nil
}

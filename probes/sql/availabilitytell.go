package sql

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/named"
)

// teller makes readings of the rows.
type teller struct {
	visit    *visit
	rows     availability
	names    map[string]string // of groups, replicas, and databases of groups, by their ids
	local    map[string]record // the state of the replica here, by its group
	twins    named.Twins
	told     map[string]bool // items of databases
	readings []fact.Reading
}

func newTeller(v *visit, a availability) *teller {
	t := &teller{visit: v, rows: a, names: map[string]string{}, local: map[string]record{}, told: map[string]bool{}}
	for _, list := range []struct {
		rows     []record
		id, name string
	}{
		{a.groups, "group_id", "name"},
		{a.replicas, "replica_id", "replica_server_name"},
		{a.databases, "group_database_id", "database_name"},
	} {
		for _, r := range list.rows {
			t.names[r[list.id]] = r[list.name]
		}
		// Twins are numbered in an order that does not hang on the answer's.
		slices.SortFunc(list.rows, func(x, y record) int {
			return cmp.Or(strings.Compare(x[list.name], y[list.name]), strings.Compare(x[list.id], y[list.id]))
		})
	}
	for _, r := range a.replicaStates {
		if r.isSet("is_local") {
			t.local[r["group_id"]] = r
		}
	}
	slices.SortFunc(a.copies, func(x, y record) int {
		return cmp.Or(strings.Compare(t.name(x["group_database_id"]), t.name(y["group_database_id"])),
			strings.Compare(x["group_database_id"], y["group_database_id"]))
	})
	return t
}

// name is the name of an id, or else the id, which all replicas know by the same.
func (t *teller) name(id string) string { return cmp.Or(t.names[id], id) }

// isHidden says whether there are replicas here of groups that nobody named: without
// VIEW ANY DEFINITION the views that have the names are empty.
// Source: Microsoft, "sys.availability_groups (Transact-SQL)", permissions.
func (t *teller) isHidden() bool {
	for group := range t.local {
		if t.names[group] == "" {
			return true
		}
	}
	return false
}

func (t *teller) add(item, reading string, v fact.Value) {
	t.readings = append(t.readings, probes.Read(item, reading, v))
}

// texts adds those of a row's columns that say something, as readings.
func (t *teller) texts(item string, r record, columns ...[2]string) {
	for _, c := range columns {
		if text := r[c[1]]; text != "" {
			t.add(item, c[0], fact.Text(text))
		}
	}
}

// numbers does so with numbers.
func (t *teller) numbers(item string, r record, columns ...[2]string) {
	for _, c := range columns {
		if n, known := r.number(c[1]); known {
			t.add(item, c[0], fact.Int(n))
		}
	}
}

func (t *teller) tell() {
	for _, g := range t.rows.groups {
		t.group(g)
	}
	for _, r := range t.rows.replicas {
		t.replica(r)
	}
	for _, c := range t.rows.copies {
		t.copy(c)
	}
	t.remotesUnseen()
	t.listeners()
	t.endpoint()
}

func (t *teller) group(g record) {
	id := g["group_id"]
	item := t.twins.Item("ag/" + t.name(id))
	t.add(item, "role", fact.Text(t.role(g)))
	for _, s := range t.rows.groupStates {
		if s["group_id"] == id {
			t.texts(item, s, [2]string{"primary", "primary_replica"}, [2]string{"group_health", "synchronization_health_desc"})
		}
	}
	kind := "ordinary"
	for _, k := range [][2]string{
		{"basic", "basic_features"}, {"contained", "is_contained"}, {"distributed", "is_distributed"},
	} {
		if g.isSet(k[1]) {
			kind = k[0]
		}
	}
	if cluster := g["cluster_type_desc"]; cluster != "" {
		kind += ", " + strings.ToUpper(cluster)
	}
	t.add(item, "group_type", fact.Text(kind))
}

// role is the role of the replica here. Of a distributed group only the primaries of the
// two groups in it have one.
func (t *teller) role(g record) string {
	local, known := t.local[g["group_id"]]
	switch {
	case known:
		return cmp.Or(local["role_desc"], roleUnknown)
	case g.isSet("is_distributed"):
		return roleNone
	default:
		return roleUnknown
	}
}

// isPrimary says whether this instance sees all of a group.
func (t *teller) isPrimary(group string) bool { return t.local[group]["role_desc"] == rolePrimary }

func (t *teller) replica(r record) {
	group := r["group_id"]
	item := t.twins.Item("replica/" + t.name(group) + "/" + t.name(r["replica_id"]))
	t.texts(item, r, [2]string{"availability_mode", "availability_mode_desc"},
		[2]string{"failover_mode", "failover_mode_desc"}, [2]string{"seeding", "seeding_mode_desc"},
		[2]string{"secondary_connections", "secondary_role_allow_connections_desc"})
	i := slices.IndexFunc(t.rows.replicaStates, func(s record) bool {
		return s["replica_id"] == r["replica_id"] && s["group_id"] == group
	})
	switch {
	case i >= 0:
		s := t.rows.replicaStates[i]
		t.add(item, viewReading, fact.Text(wasRead))
		t.texts(item, s, [2]string{"connection", "connected_state_desc"},
			[2]string{"operational", "operational_state_desc"}, [2]string{"recovery_health", "recovery_health_desc"},
			[2]string{"replica_health", "synchronization_health_desc"})
		t.numbers(item, s, [2]string{"connect_error", "last_connect_error_number"})
	case !t.isPrimary(group):
		t.add(item, viewReading, fact.Text(notFromHere))
	}
}

func (t *teller) copy(c record) {
	group, database := t.name(c["group_id"]), t.name(c["group_database_id"])
	item := "copy/" + group + "/" + database
	if !c.isSet("is_local") {
		item = "remote/" + group + "/" + t.name(c["replica_id"]) + "/" + database
	}
	item = t.twins.Item(item)
	if c.isSet("is_local") {
		t.database(database, c["group_id"])
	} else {
		t.add(item, viewReading, fact.Text(wasRead))
	}
	if _, known := c["is_suspended"]; known {
		t.add(item, "suspended", fact.Bool(c.isSet("is_suspended")))
	}
	t.texts(item, c, [2]string{"suspend_reason", "suspend_reason_desc"},
		[2]string{"synchronization", "synchronization_state_desc"}, [2]string{"copy_health", "synchronization_health_desc"})
	t.numbers(item, c, [2]string{"log_send_queue", "log_send_queue_size"}, [2]string{"redo_queue", "redo_queue_size"})
	if n, known := c.number("secondary_lag_seconds"); known && 0 <= n && n < 1<<32 {
		t.add(item, "lag", fact.Duration(time.Duration(n)*time.Second))
	}
	if at, err := time.Parse(time.RFC3339Nano, c["last_commit_time"]); err == nil {
		t.add(item, "last_commit", fact.Time(at.Add(-t.visit.offset)))
	}
}

// database tells what the copy here is of the database that the suite and the server
// know, and which of them cannot be opened by right: errors 976 and 978 say the same. Its
// state is ONLINE all the while, and it is not read-only by the word of sys.databases.
// Source: Microsoft, "sys.availability_replicas (Transact-SQL)", secondary_role_allow_connections.
func (t *teller) database(name, group string) {
	i := slices.IndexFunc(t.visit.databases, func(d database) bool { return d.name == name })
	if i < 0 {
		return
	}
	item, _ := t.visit.probe.item(name, t.visit.databases)
	if t.told[item] {
		return
	}
	t.told[item] = true
	role := t.local[group]["role_desc"]
	word := strings.ToLower(cmp.Or(role, roleUnknown))
	if role == roleSecondary && t.visit.databases[i].opened.Int64 != 1 && !t.isReadable(group) {
		word = notReadable
		t.visit.closed[item] = true
	}
	t.add(item, copyRole, fact.Text(word))
}

// isReadable says whether the replica here lets everybody read while it is a secondary.
func (t *teller) isReadable(group string) bool {
	id := t.local[group]["replica_id"]
	return slices.ContainsFunc(t.rows.replicas, func(r record) bool {
		return r["replica_id"] == id && r["secondary_role_allow_connections_desc"] == "ALL"
	})
}

// remotesUnseen names the copies of others that only the primary sees, so that one which
// the primary does not see any more is gone, and one that a secondary does not is not.
func (t *teller) remotesUnseen() {
	for _, r := range t.rows.replicas {
		group := r["group_id"]
		local, known := t.local[group]
		if !known || t.isPrimary(group) || local["replica_id"] == r["replica_id"] ||
			r["availability_mode_desc"] == "CONFIGURATION_ONLY" {
			continue
		}
		for _, d := range t.rows.databases {
			if d["group_id"] == group {
				item := "remote/" + t.name(group) + "/" + t.name(r["replica_id"]) + "/" + t.name(d["group_database_id"])
				t.add(t.twins.Item(item), viewReading, fact.Text(notFromHere))
			}
		}
	}
}

func (t *teller) listeners() {
	best := []string{"ONLINE", "ONLINE_PENDING", "FAILED", "OFFLINE"}
	for _, l := range t.rows.listeners {
		item := t.twins.Item("listener/" + t.name(l["group_id"]) + "/" + l["dns_name"])
		state := roleNone
		ips, states := []string{}, []string{}
		for _, a := range t.rows.addresses {
			if a["listener_id"] != l["listener_id"] {
				continue
			}
			if !a.isSet("is_dhcp") {
				ips = append(ips, a["ip_address"])
			}
			states = append(states, a["ip_address"]+" "+a["state_desc"])
			if state == roleNone || rankIn(best, a["state_desc"]) < rankIn(best, state) {
				state = a["state_desc"]
			}
		}
		t.add(item, "listener", fact.Text(state))
		t.numbers(item, l, [2]string{"listener_port", "port"})
		t.add(item, "listener_ips", fact.SetOf(ips...))
		t.add(item, "listener_states", fact.SetOf(states...))
	}
}

// rankIn is the place of a word; one that is not known comes last.
func rankIn(best []string, word string) int {
	if i := slices.Index(best, word); i >= 0 {
		return i
	}
	return len(best)
}

// endpoint tells of the one endpoint that an instance can have for its replicas. Where
// there are groups and none is seen, the login may not see it.
func (t *teller) endpoint() {
	for _, e := range t.rows.endpoints {
		t.texts("", e, [2]string{"endpoint", "state_desc"})
		t.numbers("", e, [2]string{"endpoint_port", "port"})
		return
	}
	if len(t.rows.groups) > 0 {
		t.add("", "endpoint", fact.Text(noEndpoint))
	}
}

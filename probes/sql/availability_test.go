package sql

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/fact"
	"postpatch/probes/lab/estate"
	"postpatch/runner/runnertest"
)

// grouped is an instance, SQL01, with an availability group that spans three of them.
func grouped(role string, changes ...func(*estate.Group)) estate.Host {
	return changed(func(s *estate.SQL) {
		g := estate.Group{
			Role: role,
			Replicas: map[string]estate.Replica{
				"SQL01": {}, "SQL02": {}, "SQL03": {Mode: "ASYNCHRONOUS_COMMIT", Failover: "MANUAL", Connections: "ALL"},
			},
			Databases: map[string]estate.Copy{"Orders": {}, "Stock": {}},
			Listeners: map[string]estate.Listener{
				"shop": {Addresses: map[string]string{"10.0.0.5": "ONLINE", "10.1.0.5": "OFFLINE"}},
			},
		}
		for _, change := range changes {
			change(&g)
		}
		s.Groups = map[string]estate.Group{"AG1": g}
	})
}

func primary(changes ...func(*estate.Group)) estate.Host   { return grouped("PRIMARY", changes...) }
func secondary(changes ...func(*estate.Group)) estate.Host { return grouped("SECONDARY", changes...) }

// replica changes one replica of the group.
func replica(name string, change func(*estate.Replica)) func(*estate.Group) {
	return func(g *estate.Group) {
		r := g.Replicas[name]
		change(&r)
		g.Replicas[name] = r
	}
}

// here changes the copy of Orders that the instance holds.
func here(c estate.Copy) func(*estate.Group) {
	return func(g *estate.Group) { g.Databases["Orders"] = c }
}

// there changes the copy of Orders on SQL02.
func there(c estate.Copy) func(*estate.Group) {
	return replica("SQL02", func(r *estate.Replica) { r.Copies = map[string]estate.Copy{"Orders": c} })
}

// ofGroups are the readings of what belongs to the groups.
func ofGroups(all map[string]string) []string {
	var lines []string
	for key, value := range all {
		item, _, _ := strings.Cut(key, "/")
		if slices.Contains([]string{"ag", "replica", "copy", "remote", "listener"}, item) ||
			strings.Contains(key, "copy_role") || strings.HasPrefix(key, " endpoint") || key == " availability" {
			lines = append(lines, key+"="+value)
		}
	}
	return slices.Sorted(slices.Values(lines))
}

func TestAvailabilityOfPrimary(t *testing.T) {
	at := at("2026-11-20 02:00:00")
	got := ofGroups(observed(t, primary(here(estate.Copy{Committed: at}), there(estate.Copy{
		Committed: at, SendQueue: 12, RedoQueue: 7, Lag: 3 * time.Second,
	}), replica("SQL03", func(r *estate.Replica) { r.ConnectError = 10060 }))))
	for _, want := range []string{
		" availability=read", " endpoint=STARTED", " endpoint_port=5022",
		"ag/AG1 role=PRIMARY", "ag/AG1 primary=SQL01", "ag/AG1 group_health=HEALTHY", "ag/AG1 group_type=ordinary, WSFC",
		"replica/AG1/SQL01 operational=ONLINE", "replica/AG1/SQL01 recovery_health=ONLINE", "replica/AG1/SQL02 view=read",
		"replica/AG1/SQL02 connection=CONNECTED", "replica/AG1/SQL02 replica_health=HEALTHY",
		"replica/AG1/SQL03 availability_mode=ASYNCHRONOUS_COMMIT", "replica/AG1/SQL03 failover_mode=MANUAL",
		"replica/AG1/SQL03 seeding=MANUAL", "replica/AG1/SQL03 connect_error=10060",
		"replica/AG1/SQL03 secondary_connections=ALL",
		"copy/AG1/Orders suspended=false", "copy/AG1/Orders synchronization=SYNCHRONIZED", "Orders copy_role=primary",
		"remote/AG1/SQL02/Orders copy_health=HEALTHY", "remote/AG1/SQL02/Orders log_send_queue=12",
		"remote/AG1/SQL02/Orders redo_queue=7", "remote/AG1/SQL02/Orders lag=3s",
		"remote/AG1/SQL02/Orders last_commit=2026-11-20T02:00:00Z", "remote/AG1/SQL03/Stock synchronization=SYNCHRONIZING",
		"remote/AG1/SQL03/Stock copy_health=HEALTHY",
		"listener/AG1/shop listener=ONLINE", "listener/AG1/shop listener_port=1433",
		"listener/AG1/shop listener_ips=10.0.0.5, 10.1.0.5",
		"listener/AG1/shop listener_states=10.0.0.5 ONLINE, 10.1.0.5 OFFLINE",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("no %q in %q", want, got)
		}
	}
}

// TestOrderOfReplicas holds that no item hangs on which replica's row comes first.
func TestOrderOfReplicas(t *testing.T) {
	for _, other := range []string{"A", "Z"} {
		got := ofGroups(observed(t, primary(func(g *estate.Group) { g.Replicas = map[string]estate.Replica{other: {}} })))
		for _, want := range []string{"copy/AG1/Orders suspended=false", "remote/AG1/" + other + "/Orders suspended=false"} {
			if !slices.Contains(got, want) {
				t.Errorf("no %q in %q", want, got)
			}
		}
	}
}

// TestAvailabilityOfSecondary holds that a secondary knows the others by their names alone.
func TestAvailabilityOfSecondary(t *testing.T) {
	got := ofGroups(observed(t, secondary()))
	for _, want := range []string{
		"ag/AG1 role=SECONDARY", "ag/AG1 primary=SQL02", "replica/AG1/SQL01 view=read",
		"replica/AG1/SQL02 view=not checked: only the primary sees it", "replica/AG1/SQL02 failover_mode=AUTOMATIC",
		"copy/AG1/Orders copy_health=HEALTHY", "remote/AG1/SQL02/Orders view=not checked: only the primary sees it",
		"Orders copy_role=secondary, not readable",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("no %q in %q", want, got)
		}
	}
	for _, line := range got {
		if strings.HasPrefix(line, "remote/") && !strings.Contains(line, " view=") ||
			strings.HasPrefix(line, "replica/AG1/SQL02 connection") {
			t.Errorf("a secondary tells %q", line)
		}
	}
}

// TestOpenedOnSecondary holds that a database which nobody may read there is no failure,
// and one that should be read is.
func TestOpenedOnSecondary(t *testing.T) {
	connections := func(who string) func(*estate.Group) {
		return replica("SQL01", func(r *estate.Replica) { r.Connections = who })
	}
	for name, c := range map[string]struct {
		host         estate.Host
		opened, copy string
	}{
		"the primary":                    {primary(), "true", "primary"},
		"not readable":                   {secondary(), "", notReadable},
		"by those who say they read":     {secondary(connections("READ_ONLY")), "", notReadable},
		"readable":                       {secondary(connections("ALL")), "true", "secondary"},
		"readable, but it is suspended":  {secondary(connections("ALL"), here(estate.Copy{Suspended: true})), "false", "secondary"},
		"the role is not known yet":      {grouped("RESOLVING"), "false", "resolving"},
		"of no group":                    {healthy(), "true", ""},
		"the login may not see the role": {without(secondary(), viewServerState), "false", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := observed(t, c.host)
			if got["Orders opened"] != c.opened || got["Orders copy_role"] != c.copy || got["Orders state"] != "ONLINE" {
				t.Errorf("opened is %q and the copy %q, want %q and %q", got["Orders opened"], got["Orders copy_role"],
					c.opened, c.copy)
			}
		})
	}
}

func without(h estate.Host, permissions ...string) estate.Host {
	h.SQL.Denied = append(h.SQL.Denied, permissions...)
	return h
}

// as is the host with another version.
func as(version string, h estate.Host) estate.Host {
	h.SQL.Version = version
	return h
}

// TestAvailabilityNotRead holds what a login is told that may not see the groups, and that
// each version is asked for what it has.
func TestAvailabilityNotRead(t *testing.T) {
	const denied = "not checked: needs VIEW SERVER STATE and VIEW ANY DEFINITION"
	for name, c := range map[string]struct {
		host        estate.Host
		state, kind string
	}{
		"2025":                        {as("17.0.1000.7", primary()), "read", "ordinary, WSFC"},
		"2017":                        {as("14.0.3451.2", primary()), "read", "ordinary, WSFC"},
		"2016":                        {as("13.0.6300.2", primary()), "read", "ordinary"},
		"2012":                        {as("11.0.7001.0", primary()), "read", "ordinary"},
		"a version that nobody knows": {as("", primary()), "read", "ordinary"},
		"no VIEW SERVER STATE":        {without(as("15.0.4385.2", primary()), viewServerState), denied, ""},
		"2022 without its own":        {without(primary(), "VIEW SERVER PERFORMANCE STATE"), denied, ""},
		"no VIEW ANY DEFINITION":      {without(primary(), "VIEW ANY DEFINITION"), denied, ""},
		"neither of them":             {without(primary(), viewServerState, "VIEW ANY DEFINITION"), denied, ""},
		"no groups":                   {changed(func(s *estate.SQL) { s.Server.HADR = true }), "read", ""},
		"Always On is not enabled":    {without(healthy(), viewServerState), "read", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := observed(t, c.host)
			if got[" availability"] != c.state || got["ag/AG1 group_type"] != c.kind {
				t.Errorf("got %q with a group of %q, want %q with %q", got[" availability"], got["ag/AG1 group_type"],
					c.state, c.kind)
			}
			if got["Orders state"] != "ONLINE" || got[" backup_history"] != "read" {
				t.Errorf("it costs other parts: %v", got)
			}
		})
	}
}

// judged is what a check of two hosts comes to, before and after the patch.
func judged(t *testing.T, entry string, before, after estate.Host) []string {
	t.Helper()
	var seen [2]runnertest.Seen
	for i, h := range []estate.Host{before, after} {
		s := serve(t, h, selfSigned(t, 7))
		args := map[string]any{"database": []string{"Orders"}}
		seen[i].Readings, seen[i].Err = build(t, args).Observe(t.Context(), s.target())
	}
	if entry == "" {
		entry = "- sql: Orders"
	}
	return runnertest.Told(t, Kind, entry, seen)
}

// TestFailoverIsNoAlarm holds that another role alone fails nothing, in both directions.
func TestFailoverIsNoAlarm(t *testing.T) {
	otherListener := func(g *estate.Group) {
		g.Listeners = map[string]estate.Listener{
			"shop": {Addresses: map[string]string{"10.0.0.5": "OFFLINE", "10.1.0.5": "ONLINE"}},
		}
	}
	busy := func(g *estate.Group) {
		here(estate.Copy{RedoQueue: 400, SendQueue: 20, Lag: time.Minute, Committed: at("2026-11-21 02:00:00")})(g)
	}
	distributed := func(role string) estate.Host {
		h := primary()
		h.SQL.Groups["DAG"] = estate.Group{
			Role: role, Kind: "distributed", Replicas: map[string]estate.Replica{"AG1": {}, "AG2": {}},
		}
		if role == "NONE" {
			g := h.SQL.Groups["AG1"]
			g.Role = "SECONDARY"
			h.SQL.Groups["AG1"] = g
		} else {
			h.SQL.Server.Name = "AG1" // as the local replica of a distributed group is called
		}
		return h
	}
	for name, c := range map[string]struct{ before, after estate.Host }{
		"the primary gave it away":     {primary(), secondary()},
		"the secondary took it":        {secondary(), primary()},
		"into another subnet":          {primary(), secondary(otherListener)},
		"with work to do":              {primary(), secondary(busy)},
		"of two groups one":            {primary(), secondary()},
		"an asynchronous one took it":  {asynchronous("SECONDARY"), asynchronous("PRIMARY")},
		"an asynchronous one gave it":  {asynchronous("PRIMARY"), asynchronous("SECONDARY")},
		"a readable one":               {secondary(allowAll), primary(allowAll)},
		"a distributed group's inside": {distributed("NONE"), distributed("NONE")},
	} {
		t.Run(name, func(t *testing.T) {
			got := judged(t, "", c.before, c.after)
			if d := cmp.Diff([]string{got[0]}, got); d != "" || strings.Contains(got[0], "failing") {
				t.Errorf("told %q", got)
			}
		})
	}
	got := judged(t, "- sql: Orders\n  expect: {role: PRIMARY}", primary(), secondary())
	if d := cmp.Diff([]string{"regressed failing", "ag/AG1 role: regressed PRIMARY -> SECONDARY"}, got); d != "" {
		t.Errorf("a role that the suite expects (-want +got):\n%s", d)
	}
	got = judged(t, "- sql: Orders\n  expect: {state: ONLINE, opened: true, login: ok}", primary(), primary())
	if d := cmp.Diff([]string{"passed"}, got); d != "" {
		t.Errorf("what the suite expects of a database is not asked of a group (-want +got):\n%s", d)
	}
	got = judged(t, "- sql: Orders\n  expect: {suspended: false, connection: CONNECTED}", primary(), secondary())
	if strings.Contains(got[0], "failing") || got[0] == "unknown" {
		t.Errorf("what the suite expects of all, seen from a secondary: told %q", got)
	}
}

func allowAll(g *estate.Group) {
	replica("SQL01", func(r *estate.Replica) { r.Connections = "ALL" })(g)
}

// asynchronous is a group whose replica here commits by itself.
func asynchronous(role string) estate.Host {
	return grouped(role, replica("SQL01", func(r *estate.Replica) { r.Mode = "ASYNCHRONOUS_COMMIT" }))
}

func TestWhatAPatchBreaksOfGroups(t *testing.T) {
	suspended := estate.Copy{Suspended: true, Reason: "SUSPEND_FROM_REDO"}
	orders := func(of string) []string {
		return []string{of + " copy_health: regressed HEALTHY -> NOT_HEALTHY", of + " suspended: regressed false -> true"}
	}
	health := func(name string) string {
		return "replica/AG1/" + name + " replica_health: regressed HEALTHY -> NOT_HEALTHY"
	}
	listener := func(state string) func(*estate.Group) {
		return func(g *estate.Group) {
			g.Listeners = map[string]estate.Listener{
				"shop": {Addresses: map[string]string{"10.0.0.5": state, "10.1.0.5": "OFFLINE"}},
			}
		}
	}
	for name, c := range map[string]struct {
		before, after estate.Host
		want          []string
	}{
		"the data of a secondary do not move": {
			secondary(), secondary(here(suspended)), append(orders("copy/AG1/Orders"), health("SQL01")),
		},
		"the primary sees it of another": {
			primary(), primary(there(suspended)), append(orders("remote/AG1/SQL02/Orders"), health("SQL02")),
		},
		"the new secondary's do not": {
			primary(), secondary(here(suspended)), append(orders("copy/AG1/Orders"), health("SQL01")),
		},
		"the new primary sees what nobody saw before": {
			secondary(), primary(there(suspended)), []string{
				"remote/AG1/SQL02/Orders copy_health: failed  -> NOT_HEALTHY",
				"remote/AG1/SQL02/Orders suspended: failed  -> true",
				"replica/AG1/SQL02 replica_health: failed  -> NOT_HEALTHY",
			},
		},
		"a synchronous one is behind": {
			secondary(), secondary(here(estate.Copy{State: "SYNCHRONIZING"})), []string{
				"copy/AG1/Orders copy_health: regressed HEALTHY -> PARTIALLY_HEALTHY",
				"replica/AG1/SQL01 replica_health: regressed HEALTHY -> PARTIALLY_HEALTHY",
			},
		},
		"there is no primary": {
			primary(), grouped("RESOLVING"), []string{
				"Orders opened: regressed true -> false", "ag/AG1 role: regressed PRIMARY -> RESOLVING",
				"copy/AG1/Orders copy_health: regressed HEALTHY -> NOT_HEALTHY",
				"copy/AG1/Stock copy_health: regressed HEALTHY -> NOT_HEALTHY", health("SQL01"),
			},
		},
		"another replica is away": {
			primary(), primary(replica("SQL02", func(r *estate.Replica) { r.Connection = "DISCONNECTED" })), []string{
				"remote/AG1/SQL02/Orders copy_health: regressed HEALTHY -> NOT_HEALTHY",
				"remote/AG1/SQL02/Stock copy_health: regressed HEALTHY -> NOT_HEALTHY",
				"replica/AG1/SQL02 connection: regressed CONNECTED -> DISCONNECTED", health("SQL02"),
			},
		},
		"no quorum": {
			primary(), primary(replica("SQL01", func(r *estate.Replica) { r.Operational = "FAILED_NO_QUORUM" })),
			[]string{"replica/AG1/SQL01 operational: regressed ONLINE -> FAILED_NO_QUORUM"},
		},
		"the runbook left it on manual": {
			primary(), primary(replica("SQL02", func(r *estate.Replica) { r.Failover = "MANUAL" })),
			[]string{"replica/AG1/SQL02 failover_mode: drifted AUTOMATIC -> MANUAL"},
		},
		"a secondary sees that too": {
			secondary(), secondary(replica("SQL02", func(r *estate.Replica) { r.Failover = "MANUAL" })),
			[]string{"replica/AG1/SQL02 failover_mode: drifted AUTOMATIC -> MANUAL"},
		},
		"a copy was taken out": {
			primary(), primary(there(estate.Copy{Unjoined: true})), []string{
				"remote/AG1/SQL02/Orders: drifted there -> gone",
			},
		},
		"the listener failed": {
			primary(), primary(listener("FAILED")), []string{"listener/AG1/shop listener: regressed ONLINE -> FAILED"},
		},
		"the listener is still coming": {
			primary(), primary(listener("ONLINE_PENDING")),
			[]string{"listener/AG1/shop listener: regressed ONLINE -> ONLINE_PENDING"},
		},
		"the listener has no address": {
			primary(), primary(func(g *estate.Group) { g.Listeners["shop"] = estate.Listener{} }), []string{
				"listener/AG1/shop listener: regressed ONLINE -> none",
				"listener/AG1/shop listener_ips: drifted 10.0.0.5, 10.1.0.5 -> ",
			},
		},
		"the endpoint is stopped": {
			primary(), with(primary(), func(s *estate.SQL) { s.Endpoint.State = "STOPPED" }),
			[]string{"endpoint: regressed STARTED -> STOPPED"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := judged(t, "", c.before, c.after)
			if !strings.Contains(got[0], "failing") {
				t.Errorf("the check is %q", got[0])
			}
			lines := slices.Sorted(slices.Values(got[1:]))
			if d := cmp.Diff(slices.Sorted(slices.Values(c.want)), lines); d != "" {
				t.Errorf("told (-want +got):\n%s", d)
			}
		})
	}
}

func with(h estate.Host, change func(*estate.SQL)) estate.Host {
	change(h.SQL)
	return h
}

// TestLostSightOfGroups holds that a login which lost a permission leaves the check
// unknown, and that what it saw before is not gone.
func TestLostSightOfGroups(t *testing.T) {
	got := judged(t, "", primary(), without(primary(), "VIEW ANY DEFINITION"))
	if got[0] != "unknown" {
		t.Errorf("told %q", got)
	}
	got = judged(t, "", primary(), with(primary(), func(s *estate.SQL) { s.Groups = nil }))
	if !strings.Contains(got[0], "failing") {
		t.Errorf("all groups are gone: told %q", got)
	}
}

// TestWaitsForGroups holds which words mean that a replica is on its way.
func TestWaitsForGroups(t *testing.T) {
	for reading, words := range map[string][]string{
		"role": {"RESOLVING"}, "connection": {"DISCONNECTED"}, "operational": {"PENDING", "PENDING_FAILOVER"},
		"recovery_health": {"ONLINE_IN_PROGRESS"}, "replica_health": {"NOT_HEALTHY", "PARTIALLY_HEALTHY"},
		"copy_health": {"NOT_HEALTHY", "PARTIALLY_HEALTHY"}, "listener": {"ONLINE_PENDING"}, "suspended": nil,
	} {
		spec, _ := Kind.Reading(reading)
		var got []string
		for _, v := range spec.Waits {
			got = append(got, v.String())
		}
		if d := cmp.Diff(words, got); d != "" {
			t.Errorf("%s waits for (-want +got):\n%s", reading, d)
		}
	}
}

// TestHostileGroups holds that names of any sort make items of their own, that rows which
// say nothing tell nothing, and that no two readings have one key.
func TestHostileGroups(t *testing.T) {
	long := strings.Repeat("x", 128)
	host := changed(func(s *estate.SQL) {
		s.Groups = map[string]estate.Group{}
		for _, name := range []string{"a]b'; DROP", "a/b", "a", "ag1", "AG1", "line\nbreak\x00", long} {
			s.Groups[name] = estate.Group{
				Databases: map[string]estate.Copy{"b/Orders": {}, "Orders": {}},
				Replicas:  map[string]estate.Replica{"SQL02": {}, "b": {}},
				Listeners: map[string]estate.Listener{"[x]": {DHCP: true, Addresses: map[string]string{"": ""}}},
			}
		}
	})
	s := serve(t, host, selfSigned(t, 7))
	all, err := build(t, nil).Observe(t.Context(), s.target())
	if err != nil {
		t.Fatal(err)
	}
	keys := map[fact.Key]bool{}
	for _, r := range all {
		folded := r.Key
		folded.Item = strings.ToLower(folded.Item)
		if keys[folded] {
			t.Errorf("twice: %q", r.Key)
		}
		keys[folded] = true
	}
	if n := len(slices.Collect(maps.Keys(keys))); n < 300 {
		t.Errorf("got %d readings", n)
	}
	a := availability{
		groups: []record{{}, {"group_id": "1"}}, replicas: []record{{}}, copies: []record{{}, {"is_local": "true"}},
		replicaStates: []record{{"is_suspended": "?"}}, listeners: []record{{}},
		addresses: []record{{}}, endpoints: []record{{}},
	}
	teller := newTeller(&visit{closed: map[string]bool{}}, a)
	teller.tell()
	for _, r := range teller.readings {
		if spec, declared := Kind.Reading(r.Key.Name); !declared || spec.Type != r.Value.Type() {
			t.Errorf("%v is not declared so", r)
		}
	}
}

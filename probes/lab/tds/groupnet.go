package tds

import (
	"cmp"
	"maps"
	"slices"
)

func (g group) listenerID(name string) guid { return guidOf("listener", g.name, name) }

func (sc scope) groupListeners() table {
	t := table{columns: []column{
		tableColumn("group_id", guids()), tableColumn("listener_id", colType{kind: kindText, size: 36, nullable: true}),
		tableColumn("dns_name", colType{kind: kindText, size: 63, nullable: true}),
		tableColumn("port", intOrNull()), tableColumn("is_conformant", flag()),
	}}
	for _, g := range sc.groups() {
		for _, name := range slices.Sorted(maps.Keys(g.Listeners)) {
			port := int64(cmp.Or(g.Listeners[name].Port, 1433))
			t.rows = append(t.rows, []any{g.id, g.listenerID(name), name, port, true})
		}
	}
	return sc.visible(t)
}

func (sc scope) addressesTable() table {
	t := table{columns: []column{
		tableColumn("listener_id", colType{kind: kindText, size: 36, nullable: true}),
		tableColumn("ip_address", colType{kind: kindText, size: 48, nullable: true}),
		tableColumn("is_dhcp", flag()), tableColumn("state_desc", word60()),
	}}
	for _, g := range sc.groups() {
		for _, name := range slices.Sorted(maps.Keys(g.Listeners)) {
			l := g.Listeners[name]
			for _, address := range slices.Sorted(maps.Keys(l.Addresses)) {
				t.rows = append(t.rows, []any{g.listenerID(name), address, l.DHCP, l.Addresses[address]})
			}
		}
	}
	return sc.visible(t)
}

// firstOwnEndpoint is the first id that is not the system's.
const firstOwnEndpoint = 65536

func (sc scope) mirroringEndpoints() table {
	t := table{columns: []column{
		tableColumn("name", sysname()), tableColumn("endpoint_id", colType{kind: kindInt}),
		tableColumn("state_desc", word60()),
	}}
	if len(sc.sql.Groups) > 0 {
		t.rows = [][]any{{"Hadr_endpoint", int64(firstOwnEndpoint), orElse(sc.sql.Endpoint.State, "STARTED")}}
	}
	return sc.visible(t)
}

func (sc scope) tcpEndpoints() table {
	t := table{columns: []column{
		tableColumn("name", sysname()), tableColumn("endpoint_id", colType{kind: kindInt}),
		tableColumn("state_desc", word60()), tableColumn("port", colType{kind: kindInt}),
	}}
	t.rows = [][]any{{"TSQL Default TCP", int64(4), "STARTED", int64(0)}}
	if len(sc.sql.Groups) > 0 {
		state, port := orElse(sc.sql.Endpoint.State, "STARTED"), int64(cmp.Or(sc.sql.Endpoint.Port, 5022))
		t.rows = append(t.rows, []any{"Hadr_endpoint", int64(firstOwnEndpoint), state, port})
	}
	return sc.visible(t)
}

// closedCopy says why a database of an availability group cannot be opened here. Nobody
// of those who log in to the lab says that he only wants to read.
// Source: Microsoft, "MSSQLSERVER_976", "Database engine events and errors".
func (sc scope) closedCopy(database string) error {
	for _, g := range sc.groups() {
		if _, isIn := g.Databases[database]; !isIn || g.Role == "PRIMARY" {
			continue
		}
		c, _ := g.copyOf(g.local, database)
		for _, name := range g.names() {
			switch r := g.Replicas[name]; {
			case !g.isLocal(name):
			case g.Role == "RESOLVING":
				return failf(983, 14, "Unable to access availability database '%s' because the database replica is not in "+
					"the PRIMARY or SECONDARY role.", database)
			case r.Connections == "READ_ONLY":
				return failf(978, 14, "The target database ('%s') is in an availability group and is currently accessible for "+
					"connections when the application intent is set to read only.", database)
			case r.Connections != "ALL" || c.Suspended:
				return failf(976, 14, "The target database, '%s', is participating in an availability group and is currently "+
					"not accessible for queries.", database)
			}
		}
	}
	return nil
}

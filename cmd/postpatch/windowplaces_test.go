package main

import (
	"maps"
	"slices"
	"time"

	"postpatch/probes/lab/estate"
)

func connectionFaults() []fault {
	rows := func(class string, change func(r map[string]any)) func(*guest) deed {
		return does(func(h *estate.Host) {
			all := slices.Clone(h.WMI[cim+class])
			for i := range all {
				all[i] = maps.Clone(all[i])
				change(all[i])
			}
			h.WMI[cim+class] = all
		})
	}
	return []fault{
		{name: "network public", at: "network", is: rows("NetConnectionProfile", func(r map[string]any) {
			r["NetworkCategory"] = 0
		})},
		{name: "address lost", at: "network", is: rows("NetIPAddress", func(r map[string]any) {
			r["IPAddress"], r["PrefixLength"], r["PrefixOrigin"], r["SuffixOrigin"] = "169.254.18.4", 16, 2, 4
		})},
		{name: "address from DHCP", at: "network", is: rows("NetIPInterface", func(r map[string]any) { r["Dhcp"] = 1 })},
		{name: "firewall off", at: "network", is: func(g *guest) deed {
			return func(*estate.Host, time.Duration) { g.profiles(0) }
		}},
		{name: "other DNS servers", at: "network", is: rows("DNSClientServerAddress", func(r map[string]any) {
			r["ServerAddresses"] = []any{"8.8.8.8"}
		})},
		{name: "port closed", at: "tcp*|network", is: does(func(h *estate.Host) { delete(h.TCP, 3389) })},
		{name: "nobody listens any more", at: "network", is: does(func(h *estate.Host) {
			gone := func(r map[string]any) bool { return r["LocalPort"] == 445 }
			h.WMI[cim+"NetTCPConnection"] = slices.DeleteFunc(slices.Clone(h.WMI[cim+"NetTCPConnection"]), gone)
		})},
		{name: "secure channel broken", role: "member", at: "domain", is: does(func(h *estate.Host) {
			h.Collectors["domain"] = outside(h, columns{"Part": "channel", "Holds": false})
		})},
		{name: "no domain controller", role: "web", at: "domain", is: does(func(h *estate.Host) {
			h.Collectors["domain"] = outside(h, columns{"Part": "dc", "Answers": false, "Reason": "It is not operational."})
		})},
	}
}

// outside is a member's view of its domain, with one part that is otherwise.
func outside(h *estate.Host, wrong columns) []columns {
	now := time.Now().UTC()
	rows := []columns{
		{"Part": "now", "Now": now},
		{
			"Part": "time", "Type": "NT5DS", "Servers": "time.windows.com,0x8", "PolicyType": nil, "PolicyServers": nil,
			"LastSample": nil,
		},
		{"Part": "channel", "Holds": true},
		{"Part": "site", "Site": "Default-First-Site-Name", "Fixed": nil},
		{
			"Part": "dc", "Answers": true, "Name": "dc01.corp.test", "Time": now, "Before": now, "After": now, "Reason": nil,
		},
		{"Part": "policy", "Start": h.OS.Boot.Add(time.Minute), "End": h.OS.Boot.Add(72 * time.Second)},
		{"Part": "gpos", "Names": []any{"Default Domain Policy", "LocalGPO"}},
	}
	for i, r := range rows {
		if r["Part"] == wrong["Part"] {
			rows[i] = wrong
		}
	}
	return rows
}

func roleFaults() []fault {
	sql := func(change func(s *estate.SQL)) func(*guest) deed {
		return does(func(h *estate.Host) {
			own := *h.SQL
			own.Databases = maps.Clone(own.Databases)
			change(&own)
			h.SQL = &own
		})
	}
	class := func(name string, change func(r map[string]any)) func(*guest) deed {
		return does(func(h *estate.Host) {
			all := slices.Clone(h.WMI[name])
			for i := range all {
				all[i] = maps.Clone(all[i])
				change(all[i])
			}
			h.WMI[name] = all
		})
	}
	const replication = "root/MicrosoftActiveDirectory:MSAD_ReplNeighbor"
	return []fault{
		{name: "login refused", role: "sql", at: "sql*", is: sql(func(s *estate.SQL) { s.LoginError = 18456 })},
		{name: "scripts for ever", role: "sql", at: "sql*", is: sql(func(s *estate.SQL) { s.LoginError = 18401 })},
		{name: "database suspect", role: "sql", at: "sql*", is: sql(func(s *estate.SQL) {
			s.LoginError = 0
			db := s.Databases["Orders"]
			db.State = "SUSPECT"
			s.Databases["Orders"] = db
		})},
		{name: "database gone", role: "sql", at: "sql*", is: sql(func(s *estate.SQL) { delete(s.Databases, "Orders") })},
		{name: "scripts failed", role: "sql", at: "sql*|eventlog", is: does(func(h *estate.Host) {
			set(h, sqlServer, func(s *estate.Service) { s.State, s.ExitCode = stateStopped, 1066 })
			writeEvent(h, sqlServer, 912, "Script level upgrade for database 'master' failed")
		})},
		{name: "directory not in step", role: "dc", at: "adds", is: func(g *guest) deed {
			return func(*estate.Host, time.Duration) { g.direct(false) }
		}},
		{name: "replication fails", role: "dc", at: "adds", is: class(replication, func(r map[string]any) {
			r["NumConsecutiveSyncFailures"], r["LastSyncResult"] = 6, 1722
		})},
		{name: "zone not served", role: "dc", at: "dnsserver", is: class(zones, func(r map[string]any) {
			r["Shutdown"] = true
		})},
		{name: "zone unknown", role: "dc", at: "dns*", is: does(func(h *estate.Host) {
			h.Collectors["reach"] = []columns{{"how": "dns", "to": "dns_servers", "address": "127.0.0.1", "rcode": "SERVFAIL"}}
		})},
		{name: "page fails", role: "web", at: "http*", is: does(func(h *estate.Host) {
			h.HTTP = []estate.Site{{Pages: map[string]estate.Page{"/health": {Status: 500}}}}
		})},
		{name: "site down", role: "web", at: "iis|http*", is: ended("W3SVC", stateStopped, 1068)},
		{name: "group offline", role: "cluster", at: "cluster", is: class(clusters+"ResourceGroup", func(r map[string]any) {
			r["State"] = 1
		})},
		{name: "resource failed", role: "cluster", at: "cluster", is: class(clusters+"Resource", func(r map[string]any) {
			r["State"] = 4
		})},
		{name: "other node down", role: "cluster", at: "cluster", is: class(clusters+"Node", func(r map[string]any) {
			if r["Name"] == "NODE2" {
				r["State"] = 1
			}
		})},
	}
}

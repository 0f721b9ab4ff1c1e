package main

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"postpatch/probes/lab/estate"
)

// member is a plain member server, of which every guest is made.
var member = sync.OnceValue(func() estate.Host {
	e, err := estate.Parse("night", []byte("estate: night\nhosts: {h: {profile: windows-server-2022}}\n"))
	if err != nil {
		panic(err)
	}
	return e.Hosts(estate.Before)[0]
})

// nightChecks are the suite's: what every server has, and what each role has besides.
func nightChecks(roles map[string][]string, names []string) string {
	checks := []string{
		"- os: {}", "- services: {}", "- updates: [hotfixes, history]", "- pending_reboot: {}", "- eventlog: {}",
		"- network: {}", "- disk: {}", "- domain: {}", "- device: {}", "- task: {}", "- share: {}",
		"- process: lsass.exe", "- tcp: [135, 445, 3389]", "- service: [LanmanServer, Spooler]",
	}
	for _, name := range names {
		checks = append(checks, fmt.Sprintf("- certificate: %q\n    hosts: [%s]", strings.ToLower(name), name))
	}
	of := func(role string, more ...string) {
		for _, check := range more {
			if len(roles[role]) > 0 {
				checks = append(checks, check+"\n    hosts: [\"tag:"+role+"\"]")
			}
		}
	}
	of("web", "- service: W3SVC\n    id: iis", "- http: 'http://{{ host.name }}/health'\n    expect: {status: 200}")
	of("sql", "- sql: {database: Orders}", "- service: MSSQLSERVER\n    id: engine")
	of("dc", "- adds: {}", "- dnsserver: {}", "- dns: {name: corp.test, type: [SOA, NS], from: host}")
	of("cluster", "- cluster: {}")
	return "  " + strings.Join(checks, "\n  ") + "\n"
}

type columns = map[string]any

// furnish makes the server what it is.
func (g *guest) furnish() {
	h := &g.host
	for name := range h.Services {
		if !isNeeded(name) {
			delete(h.Services, name)
		}
	}
	own := func(name string, s estate.Service) {
		s.State = stateRunning
		if s.Mode == "" {
			s.Mode = "Auto"
		}
		h.Services[name] = s
	}
	own("Agent", estate.Service{Account: `CORP\svc-agent`, Path: `C:\Agent\agent.exe`})
	own("Backup", estate.Service{Delayed: true, DependsOn: []string{"Agent"}})
	for i := range g.d.IntN(8) {
		s := estate.Service{Path: fmt.Sprintf(`C:\Apps\%d\app.exe`, i), Delayed: g.d.chance(20), Trigger: g.d.chance(10)}
		own(fmt.Sprintf("App%02d", i), s)
	}
	for _, port := range []int{135, 139, 445, 3389, 5985, 47001} {
		h.TCP[port] = ""
	}
	h.WMI["Win32_Volume"] = []columns{
		{"Name": `C:\`, "FileSystem": "NTFS", "Capacity": 136365211648, "FreeSpace": 98234507264},
		{"Name": `D:\`, "Label": "Data", "FileSystem": "NTFS", "Capacity": 549755813888, "FreeSpace": 213674622976},
	}
	h.WMI["Win32_QuickFixEngineering"] = hotfixes("KB5053995", g.last)
	h.WMI["Win32_Share"] = []columns{
		{"Name": "ADMIN$", "Path": `C:\Windows`, "Type": 2147483648},
		{"Name": "C$", "Path": `C:\`, "Type": 2147483648},
		{"Name": "Orders", "Path": `D:\Orders`, "Type": 0},
	}
	h.Collectors["shares"] = shares("Orders")
	h.Collectors["updatehistory"] = updateHistory(g, g.last)
	h.Collectors["tasks"] = tasks(3, true, 0)
	h.Registry[secureBoot] = columns{"UEFISecureBootEnabled": 1}
	g.connect()
	switch g.role {
	case "web":
		own("W3SVC", estate.Service{})
		h.TCP[80] = ""
		h.HTTP = []estate.Site{{Pages: map[string]estate.Page{"/health": {Status: 200}}}}
	case "sql":
		own(sqlServer, estate.Service{Account: `CORP\svc-sql`})
		own("SQLSERVERAGENT", estate.Service{DependsOn: []string{sqlServer}})
		h.SQL = &estate.SQL{
			User: "probe", Password: "lab", Version: "16.0.4165.4", Level: "RTM", Update: "CU16", KB: "KB5048033",
			Edition: "Standard Edition (64-bit)", Encrypt: "none", Databases: map[string]estate.Database{
				"master": {State: "ONLINE", Access: "MULTI_USER"},
				"Orders": {State: "ONLINE", Access: "MULTI_USER", Recovery: "FULL"},
			},
		}
	case "dc":
		own("NTDS", estate.Service{})
		own("DNS", estate.Service{})
		own("Netlogon", estate.Service{})
		g.direct(true)
		g.resolve(40)
	case "cluster":
		own("ClusSvc", estate.Service{})
		g.join("NODE1", 0)
	}
	g.listen()
}

// isNeeded says of a service of Windows that a server keeps it here: each sort of start
// is there, and a thousand windows are played the faster the fewer they are.
func isNeeded(name string) bool {
	return slices.Contains([]string{
		"BITS", "CDPSvc", "DPS", "Dnscache", "EventLog", "LanmanServer", "MSDTC", "RpcSs", "Spooler", "TermService",
		"W32Time", "WinRM", "sppsvc",
	}, name)
}

const (
	secureBoot = `HKLM\SYSTEM\CurrentControlSet\Control\SecureBoot\State`
	cim        = "root/StandardCimv2:MSFT_"
	clusters   = "root/MSCluster:MSCluster_"
	zones      = "root/MicrosoftDNS:MicrosoftDNS_Zone"
)

func hotfixes(kbs ...string) []columns {
	var rows []columns
	for _, kb := range kbs {
		rows = append(rows, columns{"HotFixID": kb})
	}
	return rows
}

func updateHistory(g *guest, kb string) []columns {
	return []columns{
		{"Part": "total", "Count": 12},
		{
			"Part": "entry", "Title": "2026-11 Cumulative Update (" + kb + ")", "UpdateID": kb, "Operation": 1, "Result": 2,
			"Date": g.host.OS.Boot.Add(-time.Hour), "HResult": 0, "Unmapped": 0,
		},
		{"Part": "agent", "Searched": g.host.OS.Boot, "Installed": g.host.OS.Boot},
	}
}

// Everyone may read.
const everyoneReads = "AQAEgAAAAAAAAAAAAAAAABQAAAACABwAAQAAAAAAFACpABIAAQEAAAAAAAEAAAAA"

func shares(names ...string) []columns {
	rows := []columns{{"part": "server", "state": stateRunning}}
	for _, name := range names {
		rows = append(rows, columns{"part": "share", "name": name, "security": everyoneReads})
	}
	return rows
}

// tasks are the scheduler's: its state 1 is disabled, 3 ready, 4 running.
func tasks(state int, enabled bool, result int64) []columns {
	last := time.Date(2026, 11, 23, 22, 0, 0, 0, time.UTC)
	task := columns{
		"kind": "task", "path": `\Shop\Prices`, "state": state, "enabled": enabled, "result": result, "missed": 0,
		"last": last, "next": last.AddDate(0, 0, 30), "deletes": false, "error": "",
	}
	return []columns{task, {"kind": "end", "seen": 1, "told": 1, "cut": false}}
}

// connect lays the network: one adapter with an address set by hand.
func (g *guest) connect() {
	h := &g.host
	const index, private, domain = 6, 1, 2
	h.WMI[cim+"NetAdapter"] = []columns{{
		"Name": "Ethernet0", "InterfaceDescription": "vmxnet3 Ethernet Adapter", "InterfaceIndex": index, "Hidden": false,
		"IMFilter": false, "State": 2, "InterfaceAdminStatus": 1, "InterfaceOperationalStatus": 1, "MediaConnectState": 1,
		"NetworkAddresses": []any{"005056A31C2D"}, "PermanentAddress": "005056A31C2D",
		"InterfaceGuid": "{6B29FC40-CA47-1067-B31D-00DD01066201}",
	}}
	h.WMI[cim+"NetIPInterface"] = []columns{
		{"InterfaceIndex": index, "AddressFamily": 2, "NlMtu": 1500, "Dhcp": 0, "Store": 1},
	}
	h.WMI[cim+"NetIPAddress"] = []columns{{
		"InterfaceIndex": index, "IPAddress": "10.20.0.22", "PrefixLength": 24, "PrefixOrigin": 1, "SuffixOrigin": 1,
		"AddressState": 4, "SkipAsSource": false, "Store": 1,
	}}
	h.WMI[cim+"NetRoute"] = []columns{
		{"InterfaceIndex": index, "DestinationPrefix": "0.0.0.0/0", "NextHop": "10.20.0.1", "Protocol": 3, "Store": 1},
	}
	h.WMI[cim+"DNSClientServerAddress"] = []columns{
		{"InterfaceIndex": index, "AddressFamily": 2, "ServerAddresses": []any{"10.20.0.2", "10.20.0.3"}},
	}
	h.WMI[cim+"DNSClient"] = []columns{{"InterfaceIndex": index, "ConnectionSpecificSuffix": "corp.test"}}
	h.WMI[cim+"DNSClientGlobalSetting"] = []columns{{"SuffixSearchList": []any{"corp.test"}}}
	h.WMI[cim+"NetConnectionProfile"] = []columns{{"InterfaceIndex": index, "NetworkCategory": domain}}
	h.WMI[cim+"NetTCPSetting"] = []columns{
		{"DynamicPortRangeStartPort": 49152, "DynamicPortRangeNumberOfPorts": 16384},
	}
	g.profiles(1)
}

// profiles are the firewall's.
func (g *guest) profiles(enabled int) {
	var rows []columns
	for _, name := range []string{"Domain", "Private", "Public"} {
		row := columns{"Name": name, "Enabled": enabled, "DefaultInboundAction": 0, "DefaultOutboundAction": 0}
		rows = append(rows, row)
	}
	g.host.WMI[cim+"NetFirewallProfile"] = rows
}

// listen opens the server's ports, and some that Windows hands out by chance.
func (g *guest) listen() {
	h := &g.host
	var tcp []columns
	open := func(port, pid int) {
		tcp = append(tcp, columns{"LocalAddress": "0.0.0.0", "LocalPort": port, "OwningProcess": pid, "State": 2})
	}
	for port := range h.TCP {
		open(port, 4)
	}
	for range 3 + g.d.IntN(5) {
		open(49152+g.d.IntN(16384), 4)
	}
	h.WMI[cim+"NetTCPConnection"] = tcp
	udp := []columns{{"LocalAddress": "0.0.0.0", "LocalPort": 123, "OwningProcess": 4}}
	for range g.d.IntN(5) {
		udp = append(udp, columns{"LocalAddress": "0.0.0.0", "LocalPort": 49152 + g.d.IntN(16384), "OwningProcess": 4})
	}
	h.WMI[cim+"NetUDPEndpoint"] = udp
}

// direct makes it a domain controller that is, or is not yet, of use.
func (g *guest) direct(ready bool) {
	h, opcode, sysvol := &g.host, 23, 1
	if !ready {
		opcode, sysvol = 24, 0
	}
	h.WMI["Win32_ComputerSystem"] = []columns{{"DomainRole": 4}}
	now := time.Now().UTC()
	h.Collectors["adds"] = []columns{
		{"Part": "now", "Now": now},
		{"Part": "netlogon", "SysvolReady": sysvol},
		{"Part": "ldap", "Answers": true, "Reason": nil, "Synchronized": ready, "Catalog": true, "Name": g.name},
		{"Part": "ping", "Opcode": opcode, "Flags": 127996},
		{"Part": "roles", "Schema": false, "Naming": false, "Pdc": false, "Rid": true, "Infrastructure": false},
	}
	h.WMI["root/microsoftdfs:DfsrReplicatedFolderInfo"] = []columns{
		{"ReplicationGroupName": "Domain System Volume", "ReplicatedFolderName": "SYSVOL Share", "State": 4},
	}
	h.WMI["root/MicrosoftActiveDirectory:MSAD_ReplNeighbor"] = []columns{{
		"NamingContextDN": "DC=corp,DC=test", "SourceDsaCN": "DC02", "IsDeletedSourceDsa": false,
		"TimeOfLastSyncSuccess": now.Add(-10 * time.Minute), "NumConsecutiveSyncFailures": 0, "LastSyncResult": 0,
	}}
	if ready {
		g.offer("SYSVOL", "NETLOGON")
	} else {
		g.offer()
	}
}

// offer has it share no others than these and its own.
func (g *guest) offer(names ...string) {
	rows := g.host.WMI["Win32_Share"][:3:3]
	for _, name := range names {
		rows = append(rows, columns{"Name": name, "Path": `C:\Windows\SYSVOL\` + name, "Type": 0})
	}
	g.host.WMI["Win32_Share"] = rows
	g.host.Collectors["shares"] = shares(append([]string{"Orders"}, names...)...)
}

// resolve makes it a DNS server of the domain's zone, at a serial.
func (g *guest) resolve(serial int) {
	h := &g.host
	h.WMI["root/MicrosoftDNS:MicrosoftDNS_Server"] = []columns{
		{"Forwarders": []any{"10.0.0.53"}, "ListenAddresses": nil, "NoRecursion": false},
	}
	h.WMI[zones] = []columns{{
		"Name": "corp.test", "ZoneType": 1, "DsIntegrated": true, "Paused": false, "Shutdown": false, "AutoCreated": false,
		"MasterServers": nil, "LastSuccessfulXfr": 0,
	}}
	h.Collectors["reach"] = []columns{{
		"how": "dns", "to": "dns_servers", "address": "127.0.0.1", "records": []any{
			fmt.Sprintf("corp.test. 3600 IN SOA dc01.corp.test. admin.corp.test. %d 900 600 86400 3600", serial),
			"corp.test. 3600 IN NS dc01.corp.test.",
		},
	}}
}

// join makes it a node of a cluster whose groups are a node's.
func (g *guest) join(owner string, state int) {
	h := &g.host
	node := strings.ToUpper(strings.TrimSuffix(g.name, ".corp.test"))
	h.WMI[clusters+"Cluster"] = []columns{{"Name": "CLU", "QuorumTypeValue": 2}}
	h.WMI[clusters+"Node"] = []columns{
		{"Name": node, "State": 0, "NodeWeight": 1, "DynamicWeight": 1, "NodeDrainStatus": 0},
		{"Name": "NODE2", "State": 0, "NodeWeight": 1, "DynamicWeight": 1, "NodeDrainStatus": 0},
	}
	h.WMI[clusters+"Network"] = []columns{{"Name": "Cluster Network 1", "State": 3}}
	h.WMI[clusters+"ResourceGroup"] = []columns{
		{"Name": "Cluster Group", "State": 0, "GroupType": 1, "OwnerNode": owner},
		{"Name": "DB", "State": state, "GroupType": 9999, "OwnerNode": owner},
	}
	h.WMI[clusters+"Resource"] = []columns{
		{"Name": "DB Name", "State": 2, "Type": "Network Name", "OwnerGroup": "DB", "CoreResource": false},
	}
	h.WMI[clusters+"ClusterSharedVolume"] = []columns{
		{"Name": `C:\ClusterStorage\Volume1`, "FaultState": 0, "BackupState": 0},
	}
}

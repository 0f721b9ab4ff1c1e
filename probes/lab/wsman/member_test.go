package wsman

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/host"
	"postpatch/probes/host/packed"
	"postpatch/probes/lab/estate"
)

func member() estate.Host {
	return estate.Host{
		Name: "srv01.corp.test", Member: true,
		OS: estate.OS{Build: 20348, UBR: 4294, Boot: time.Date(2026, 11, 23, 2, 5, 0, 0, time.UTC)},
		Services: map[string]estate.Service{
			"RpcSs":        {State: "Running", Path: `C:\Windows\System32\svchost.exe -k rpcss -p`},
			"Netlogon":     {State: "Running", Type: "Share Process", Path: `C:\Windows\system32\lsass.exe`},
			"SamSs":        {State: "Running", Type: "Share Process", Path: `C:\Windows\system32\lsass.exe`},
			"Quoted":       {State: "Running", Path: `"C:\Program Files\Shop\Shop.exe" -run`},
			"Stopped":      {State: "Stopped", Path: `C:\Windows\System32\spoolsv.exe`},
			"LanmanServer": {State: "Running"},
		},
	}
}

// A DHCP server that runs listens where clients ask it, and one that does not does not.
func TestMembersEndpoints(t *testing.T) {
	for state, want := range map[string][]string{"Running": {"137", "138", "67"}, "Stopped": {"137", "138"}} {
		h := member()
		h.Services["DHCPServer"] = estate.Service{State: state}
		got := namesOf(t, h, standardCimv2, "SELECT LocalPort FROM MSFT_NetUDPEndpoint", "LocalPort")
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: ports (-want +got):\n%s", state, d)
		}
	}
}

// namesOf are the values of a column that a query finds.
func namesOf(t *testing.T, h estate.Host, namespace, query, column string) []string {
	t.Helper()
	found, _, err := run(h, namespace, query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	var all []string
	for _, r := range found.rows {
		all = append(all, plain(r.get(column)))
	}
	return all
}

func TestProcessesFollowFromServices(t *testing.T) {
	got := namesOf(t, member(), cimv2, "SELECT Name FROM Win32_Process WHERE SessionId=0", "Name")
	count := func(name string) (n int) {
		for _, one := range got {
			if one == name {
				n++
			}
		}
		return n
	}
	for name, want := range map[string]int{
		"System": 1, "lsass.exe": 1, "svchost.exe": 2, "Shop.exe": 1, "spoolsv.exe": 0, "services.exe": 1,
	} {
		if count(name) != want {
			t.Errorf("%d processes %s, want %d: %v", count(name), name, want, got)
		}
	}
	pid := namesOf(t, member(), cimv2, "SELECT ProcessId FROM Win32_Process WHERE Name='lsass.exe'", "ProcessId")
	of := namesOf(t, member(), cimv2, "SELECT * FROM Win32_Service WHERE Name='SamSs'", "ProcessId")
	if !slices.Equal(pid, of) {
		t.Errorf("lsass is %v, and runs as %v", of, pid)
	}
}

// Only a host that is a member has these classes, what the estate writes stands in
// their place, and a role's namespace stays absent.
func TestMembersClasses(t *testing.T) {
	const shares = "SELECT Name FROM Win32_Share"
	own, network, plainHost := member(), member(), member()
	own.WMI = map[string][]map[string]any{"win32_share": {{"Name": "Scans"}}}
	network.WMI = map[string][]map[string]any{`root\StandardCimv2:MSFT_NetAdapter`: {{"Name": "LAN"}}}
	plainHost.Member = false
	if got := namesOf(t, member(), cimv2, shares, "Name"); !slices.Equal(got, []string{"ADMIN$", "C$", "IPC$"}) {
		t.Errorf("shares %v", got)
	}
	if got := namesOf(t, own, cimv2, shares, "Name"); !slices.Equal(got, []string{"Scans"}) {
		t.Errorf("own shares %v", got)
	}
	adapters := namesOf(t, network, standardCimv2, "SELECT Name FROM MSFT_NetAdapter", "Name")
	if !slices.Equal(adapters, []string{"LAN"}) {
		t.Errorf("own adapters %v", adapters)
	}
	for name, tt := range map[string]struct {
		host             estate.Host
		namespace, class string
		want             error
	}{
		"no member":                        {plainHost, cimv2, "Win32_Share", errNoClass},
		"no member's namespace":            {plainHost, standardCimv2, "MSFT_NetAdapter", errNoNamespace},
		"addresses of no adapter":          {network, standardCimv2, "MSFT_NetIPAddress", errNoClass},
		"printers beside an own network":   {network, standardCimv2, "MSFT_PrinterDriver", nil},
		"a class that nobody wrote":        {member(), standardCimv2, "MSFT_NetNat", errNoClass},
		"a role that is not installed":     {member(), "root/MSCluster", "MSCluster_Cluster", errNoNamespace},
		"any spelling of the namespace":    {member(), `ROOT\standardcimv2`, "msft_netadapter", nil},
		"any spelling of Remote Desktop's": {member(), `root\CIMV2\TerminalServices`, "Win32_TSGeneralSetting", nil},
	} {
		if _, _, err := run(tt.host, tt.namespace, "SELECT * FROM "+tt.class); !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", name, err, tt.want)
		}
	}
}

// cellsOf are the texts of columns of the rows that a collector answers.
func cellsOf(t *testing.T, h estate.Host, q packed.Question, columns ...string) []string {
	t.Helper()
	rows, err := new(process).answer(h, q)
	if err != nil {
		return []string{"error: " + err.Error()}
	}
	var all []string
	for _, r := range rows {
		var texts []string
		for _, column := range columns {
			if c := r.Get(column); c.List == nil {
				texts = append(texts, c.Text)
			} else {
				texts = append(texts, strings.Join(c.List, "+"))
			}
		}
		all = append(all, strings.TrimSpace(strings.Join(texts, " ")))
	}
	return all
}

func ask(collector, arg string, values ...string) packed.Question {
	return packed.Question{Collector: collector, Args: []packed.Arg{{Name: arg, Values: values}}}
}

func TestMembersCollectors(t *testing.T) {
	own, plainHost, dhcp, alone := member(), member(), member(), member()
	own.Collectors = map[string][]map[string]any{"tasks": {{"path": `\Own`}}}
	plainHost.Member = false
	dhcp.Services = map[string]estate.Service{"dhcpserver": {State: "Running"}, "w3svc": {State: "Stopped"}}
	alone.Name = "srv01"
	for name, tt := range map[string]struct {
		host    estate.Host
		q       packed.Question
		columns []string
		want    []string
	}{
		"files": {
			member(), ask("files", "path", `%SystemRoot%\System32\drivers\http.sys`, `c:\windows\system32\DRIVERS\n*.sys`,
				`%windir%`, `%windir%\MEMORY.DMP`, `C:\Shop\shop.exe`, `%Shop%\x`, `\\fs01\x`, `D:`, `C:\Shop\*`),
			[]string{"asked", "name", "there", "folder", "version", "problem"},
			[]string{
				`%SystemRoot%\System32\drivers\http.sys  true false 10.0.20348.4294`,
				`c:\windows\system32\DRIVERS\n*.sys ntfs.sys true false 10.0.20348.4294`, "%windir%  true true",
				`%windir%\MEMORY.DMP  false`, `C:\Shop\shop.exe  false`,
				`%Shop%\x     it is no full path of this host: %Shop%\x`,
				`\\fs01\x     it is no full path of this host: \\fs01\x`, `D:     it is no full path of this host: D:`,
				`C:\Shop\*  false`,
			},
		},
		"certificates": {
			member(), ask("certificates", "store", "my", "Root", "CA", "WebHosting"),
			[]string{"store", "there", "count", "subject", "issuer", "names"},
			[]string{
				"my true 1", "my   CN=srv01.corp.test CN=Lab Root CA MBGCD3NydjAxLmNvcnAudGVzdA==", "Root true 1",
				"Root   CN=Lab Root CA CN=Lab Root CA", "CA true 0", "WebHosting false",
			},
		},
		"tasks outside Windows' own": {
			member(),
			packed.Question{Collector: "tasks", Args: []packed.Arg{
				{Name: "name", Values: []string{`\*`}}, {Name: "except", Values: []string{`\microsoft\*`, `*core`}},
			}},
			[]string{"kind", "path", "seen", "told"},
			[]string{`task \MicrosoftEdgeUpdateTaskMachineUA`, "end  3 1"},
		},
		"the estate's own tasks": {own, ask("tasks", "name", `\*`), []string{"path"}, []string{`\Own`}},
		"no member's tasks":      {plainHost, ask("tasks", "name", `\*`), nil, []string{"error: no such collector"}},
		"a role that is there":   {dhcp, ask("dhcp", "x"), nil, []string{"error: no such collector"}},
		"a role that is not":     {member(), ask("dhcp", "x"), nil, nil},
		"a web server that stands still": {
			dhcp, ask("iis", "x"),
			[]string{"part", "present", "w3svc", "state"},
			[]string{"host true Stopped", "binding", "site   Stopped", "pool   Stopped"},
		},
		"no web server":   {member(), ask("iis", "x"), []string{"part", "present"}, []string{"host false"}},
		"shares":          {member(), ask("shares", "name", "x"), []string{"part", "state"}, []string{"server Running"}},
		"missing":         {member(), ask("updatemissing", "source", "managed"), []string{"Part", "Selection", "Total"}, []string{"search 1 0"}},
		"a workgroup":     {alone, ask("domain", "x"), []string{"Part", "Type"}, []string{"now", "time NTP"}},
		"its gateway":     {member(), reachOf("ping", "gateway"), []string{"address", "received"}, []string{netGateway(member()) + " 1"}},
		"nobody's":        {plainHost, reachOf("ping", "gateway"), []string{"address"}, []string{""}},
		"somebody else's": {member(), reachOf("ping", "10.9.9.9"), []string{"address", "received", "error"}, []string{"10.9.9.9 0 TimedOut"}},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, cellsOf(t, tt.host, tt.q, tt.columns...)); d != "" {
				t.Errorf("rows (-want +got):\n%s", d)
			}
		})
	}
}

func reachOf(how, to string) packed.Question {
	return packed.Question{Collector: "reach", Args: []packed.Arg{
		{Name: "how", Values: []string{how}}, {Name: "to", Values: []string{to}}, {Name: "count", Values: []string{"1"}},
	}}
}

// A member's clock is its domain controller's, and its secure channel holds.
func TestMembersDomain(t *testing.T) {
	rows, err := new(process).answer(member(), packed.Question{Collector: "domain"})
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string]host.Row{}
	for _, r := range rows {
		parts[r.Get("Part").Text] = r
	}
	dc := parts["dc"]
	if parts["channel"].Get("Holds").Text != "true" || dc.Get("Answers").Text != "true" ||
		dc.Get("Time").Text != parts["now"].Get("Now").Text || dc.Get("Name").Text != "dc01.corp.test" {
		t.Errorf("rows %v", rows)
	}
}

//go:build real && linux

package main

import (
	"bytes"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/cmd/postpatch/realtest"
	"postpatch/probes/lab"
	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/netfaults"
	"postpatch/runner/report"
	"postpatch/runner/report/jsonl"
)

// networkFault is one row of examples/network-faults.md.
type networkFault struct {
	name, about string
	fault       netfaults.Fault
}

func networkFaults() []networkFault {
	not := func(which func(netfaults.Packet) bool) func(netfaults.Packet) bool {
		return func(p netfaults.Packet) bool { return !which(p) }
	}
	icmp, udp := netfaults.Of(netfaults.ICMP), netfaults.Of(netfaults.UDP)
	return []networkFault{
		{"no fault", "Everything passes.", netfaults.Healthy()},
		{"a long way", "Each packet takes 100 ms to the server.", netfaults.Delay(100 * time.Millisecond)},
		{"losses", "Every fifth packet of a connection is lost.", netfaults.Only(not(icmp), netfaults.Lose(5))},
		{"ping suffers", "Every second echo is lost, and nothing else.", netfaults.Only(icmp, netfaults.Lose(2))},
		{"no ping", "A firewall drops ICMP.", netfaults.Only(icmp, netfaults.Blackhole())},
		{"no UDP", "A firewall drops UDP.", netfaults.Only(udp, netfaults.Blackhole())},
		{"a narrow way", "A router takes no more than 1400 bytes, and says so.", netfaults.Narrow(1400, true)},
		{
			"an MTU black hole", "A router takes no more than 1400 bytes, and says nothing: what is small passes.",
			netfaults.Narrow(1400, false),
		},
		{"stalls", "Each connection gets 600 bytes of the server, and then nothing more.", netfaults.Stall(600)},
		{"a port is closed", "A firewall drops what is for WinRM.", netfaults.Only(netfaults.Port(5985), netfaults.Blackhole())},
		{"refused", "A firewall refuses connections in the server's place.", netfaults.Refuse()},
		{"reset", "Each connection is reset when the server says its first word.", netfaults.Reset()},
		{"one way", "What the server answers is lost.", netfaults.Only(netfaults.FromServer, netfaults.Blackhole())},
		{"unreachable", "A router says that it knows no way to the host.", netfaults.Unreachable()},
		{"prohibited", "A firewall says that it lets nothing pass.", netfaults.Prohibited()},
		{"a black hole", "Everything is lost.", netfaults.Blackhole()},
	}
}

// faultChecks are the checks whose kind's ways through the network the tables show: all that go out from
// the runner, and one that asks the host. Each has a host of its own.
func faultChecks() map[string]string {
	return map[string]string{
		"dns":         "dns: www.fault.test",
		"dhcp_answer": "dhcp_answer: {}",
		"host":        "service: Spooler",
		"http":        "http: /",
		"imap":        "imap: 143",
		"kerberos":    "kerberos: {account: probe}",
		"ldap":        "ldap: 389",
		"ntp":         "ntp: {}",
		"path":        "path: {port: 443}, timeout: 1m",
		"ping":        "ping: {}",
		"pop3":        "pop3: 110",
		"radius":      "radius: {}",
		"rdp":         "rdp: {}",
		"rpc":         "rpc: [netlogon, drsuapi]",
		"smb":         "smb: {}",
		"smtp":        "smtp: 25",
		"snmp":        "snmp: sysName",
		"sql":         "sql: Orders",
		"tcp":         "tcp: 443",
		"tls":         "tls: 9443",
		"udp":         `udp: {port: 69, hex: "0001 626f6f74 00 6f6374657400", match: '^hello'}`,
		"winrm":       "winrm: 5985",
	}
}

// faultEstate is one server that answers to as many names as there are checks, so that
// each is judged by itself.
func faultEstate() string {
	var names []string
	for _, kind := range slices.Sorted(maps.Keys(faultChecks())) {
		names = append(names, faultHost(kind))
	}
	all := strings.Join(names, ", ")
	return `estate: faults
realm: FAULT.TEST
hosts:
  srv.fault.test:
    aliases: [` + all + `]
    profile: windows-server-2022
    winrm: {http: true, user: 'FAULT\probe', password: lab}
    http: [{tls: {names: [` + all + `]}, pages: {/: {body: "` + strings.Repeat("it works, ", 300) + `"}}}]
    tls: {9443: {}}
    smtp: {banner: mail ready, extensions: [STARTTLS], tls: {names: [` + all + `]}}
    mail: {users: {probe@fault.test: lab}, imap: {}, pop3: {}, tls: {names: [` + all + `]}}
    dns: {records: [www.fault.test. 300 IN A 10.0.0.5]}
    dhcp: {}
    kdc: {}
    ldap: {}
    ntp: {}
    radius: {secret: lab, status: true}
    rdp: {}
    rpc:
      interfaces:
        12345678-1234-abcd-ef00-01234567cffb: {port: 49670}
        e3514235-4b06-11d1-ab04-00c04fc2dcd2: {port: 49668, version: 4.0}
    smb: {shares: {SYSVOL: {}, NETLOGON: {}}}
    snmp: {values: {1.3.6.1.2.1.1.5.0: srv}}
    sql: {user: probe, password: lab, databases: {Orders: {state: ONLINE}}}
    udp: {69: hello}
`
}

func faultHost(kind string) string { return strings.ReplaceAll(kind, "_", "-") + ".fault.test" }

func faultSuite() string {
	text := "suite: faults\ntimeout: 10s\nhosts:\n"
	checks := ""
	for _, kind := range slices.Sorted(maps.Keys(faultChecks())) {
		text += "  - " + faultHost(kind) + "\n"
		checks += "  - {" + faultChecks()[kind] + ", hosts: [" + faultHost(kind) + "]}\n"
	}
	return text + "checks:\n" + checks
}

// TestNetworkFaults holds that the table of examples/network-faults.md is what the program
// says of each fault of the network. With POSTPATCH_UPDATE=1 it writes the table anew.
func TestNetworkFaults(t *testing.T) {
	file, err := filepath.Abs("../../examples/network-faults.md")
	if err != nil {
		t.Fatal(err)
	}
	if !realtest.OwnNetwork(t) {
		return
	}
	n := faultyNetwork(t)
	var table strings.Builder
	table.WriteString(aboutFaults)
	for i, f := range networkFaults() {
		n.Set(f.fault)
		if err := n.Forget(); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&table, "\n## %s\n%s\n\n| | outcome | what it says |\n|---|---|---|\n", capital(f.name), f.about)
		args := []string{"verify", "--baseline", "before", "--name", fmt.Sprintf("fault-%d", i)}
		if i == 0 {
			runFaulty(t, "capture", "--name", "before")
		}
		for _, h := range runFaulty(t, args...) {
			kind, _, _ := strings.Cut(h.Host, ".")
			outcome, says := toldOf(h)
			t.Logf("%s: %s took %s", f.name, h.Host, h.Took.Round(10*time.Millisecond))
			fmt.Fprintf(&table, "| %s | %s | %s |\n", kind, outcome, says)
		}
		t.Logf("%s: %d packets met it", f.name, n.Faults())
		if i > 0 && n.Faults() == 0 {
			t.Errorf("%s: no packet has met the fault", f.name)
		}
	}
	if os.Getenv("POSTPATCH_UPDATE") != "" {
		write(t, file, table.String())
		return
	}
	stored, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(stored), table.String()); d != "" {
		t.Errorf("the table is not what comes out (-table +now); POSTPATCH_UPDATE=1 writes it anew:\n%s", d)
	}
}

const aboutFaults = `# What postpatch says of faults in the network

The same healthy server each time, and between it and the runner a router that does what the headline says.
Before the patch there was no fault. Each check has a host of its own; ` + "`host`" + ` asks the host through WinRM for
a service. A test with real packets keeps these tables (` + "`TestNetworkFaults`" + `); times are left out.
`

// faultyNetwork starts the lab behind a network, in a folder with what leads to it.
func faultyNetwork(t *testing.T) *netfaults.Network {
	t.Helper()
	e, err := estate.Parse("faults", []byte(faultEstate()))
	if err != nil {
		t.Fatal(err)
	}
	e.Network = netip.MustParsePrefix("10.77.2.0/24")
	n, err := netfaults.New(e.Address(0))
	if err != nil {
		t.Fatal(err)
	}
	var l *lab.Lab
	err = n.Do(func() (err error) {
		l, err = lab.Start(t.Context(), e, lab.Options{RealPorts: true})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Chdir(t.TempDir())
	writeAddresses(t, l)
	write(t, "faults.suite.yaml", faultSuite())
	write(t, "credentials.yaml", `credentials:
  - {hosts: '*', for: [sql], user: probe, password: {env: PATCH_PASSWORD}, sql: {insecure: true}}
  - {hosts: '*.fault.test', for: [snmp], password: {env: PUBLIC}}
  - {hosts: '*.fault.test', for: [radius], password: {env: PATCH_PASSWORD}}
  - {hosts: '*', for: [winrm], user: 'FAULT\probe', password: {env: PATCH_PASSWORD}, winrm: {auth: ntlm}}
`)
	return n
}

// runFaulty runs the program, and returns what it says of the hosts, in their order.
func runFaulty(t *testing.T, args ...string) []report.Host {
	t.Helper()
	var out, talk bytes.Buffer
	all := append([]string{args[0], "faults.suite.yaml"}, args[1:]...)
	code := run(t.Context(), append(all, "--credentials", "credentials.yaml", "--connect-to", "lab.json",
		"--ca", "lab.ca.pem", "--json", "out.jsonl"), app{stdout: &out, stderr: &talk, getenv: func(name string) string {
		return map[string]string{"PATCH_PASSWORD": "lab", "PUBLIC": "public"}[name]
	}})
	if code == 2 || code != 0 && args[0] == "capture" {
		t.Fatalf("%s: exit %d\n%s%s", args[0], code, &out, &talk)
	}
	content, err := os.ReadFile("out.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	var heard hostsHeard
	if err := jsonl.Replay(bytes.NewReader(content), &heard); err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(heard.hosts, func(a, b report.Host) int { return strings.Compare(a.Host, b.Host) })
	return heard.hosts
}

// toldOf is the outcome of a host's only check, and its words for it.
func toldOf(h report.Host) (outcome, says string) {
	c := h.Checks[0]
	var words []string
	for _, f := range c.Findings {
		if f.Severity == "note" {
			continue
		}
		now := f.Now
		if !f.HasNow {
			now = "gone"
		}
		words = append(words, strings.TrimSpace(f.Item+" "+f.Reading)+": "+f.Before+" → "+now)
	}
	for _, e := range c.Evidence {
		words = append(words, e.Reading+": "+e.Value)
	}
	for _, text := range []string{h.Unreachable, h.Problem, c.Error} {
		if text != "" && !slices.Contains(words, text) {
			words = append(words, text)
		}
	}
	says = strings.Join(slices.Compact(words), "; ")
	says = regexp.MustCompile(`:\d{5}->`).ReplaceAllString(says, ":…->")
	says = regexp.MustCompile(`\b\d+(\.\d+)?(ms|s)\b`).ReplaceAllString(says, "…")
	return string(c.Outcome), strings.NewReplacer("|", `\|`, "\n", " ").Replace(says)
}

func capital(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

// hostsHeard is a report that keeps the hosts.
type hostsHeard struct{ hosts []report.Host }

func (h *hostsHeard) Start(report.Run) error      { return nil }
func (h *hostsHeard) Host(host report.Host) error { h.hosts = append(h.hosts, host); return nil }
func (h *hostsHeard) Finish(report.Summary) error { return nil }

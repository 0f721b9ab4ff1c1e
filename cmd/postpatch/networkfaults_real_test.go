//go:build real && linux

package main

import (
	"bytes"
	"fmt"
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

// faultEstate is one server that answers to as many names as there are checks, so that
// each is judged by itself.
func faultEstate() string {
	names := []string{
		"dns.fault.test", "host.fault.test", "http.fault.test", "imap.fault.test", "path.fault.test", "ping.fault.test",
		"smtp.fault.test", "sql.fault.test", "tcp.fault.test", "tls.fault.test",
	}
	all := strings.Join(names, ", ")
	return `estate: faults
hosts:
  srv.fault.test:
    aliases: [` + all + `]
    profile: windows-server-2022
    winrm: {http: true, user: 'FAULT\probe', password: lab}
    http: [{tls: {names: [` + all + `]}, pages: {/: {body: "` + strings.Repeat("it works, ", 300) + `"}}}]
    tls: {636: {}}
    smtp: {banner: mail ready, extensions: [STARTTLS], tls: {names: [` + all + `]}}
    mail: {users: {probe@fault.test: lab}, imap: {}, tls: {names: [` + all + `]}}
    dns: {records: [www.fault.test. 300 IN A 10.0.0.5]}
    sql: {user: probe, password: lab, databases: {Orders: {state: ONLINE}}}
`
}

const faultSuite = `suite: faults
timeout: 10s
hosts:
  - dns.fault.test
  - host.fault.test
  - http.fault.test
  - imap.fault.test
  - path.fault.test
  - ping.fault.test
  - smtp.fault.test
  - sql.fault.test
  - tcp.fault.test
  - tls.fault.test
checks:
  - {service: Spooler, hosts: [host.fault.test]}
  - {dns: www.fault.test, hosts: [dns.fault.test]}
  - {http: /, hosts: [http.fault.test]}
  - {imap: 143, hosts: [imap.fault.test]}
  - {path: {port: 443}, timeout: 1m, hosts: [path.fault.test]}
  - {ping: {}, hosts: [ping.fault.test]}
  - {smtp: 25, hosts: [smtp.fault.test]}
  - {sql: Orders, hosts: [sql.fault.test]}
  - {tcp: 443, hosts: [tcp.fault.test]}
  - {tls: 636, hosts: [tls.fault.test]}
`

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
	write(t, "faults.suite.yaml", faultSuite)
	write(t, "credentials.yaml", `credentials:
  - {hosts: '*', for: [sql], user: probe, password: {env: PATCH_PASSWORD}, sql: {insecure: true}}
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
		return map[string]string{"PATCH_PASSWORD": "lab"}[name]
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

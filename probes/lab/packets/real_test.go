//go:build real

package packets_test

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"postpatch/probes/lab"
	"postpatch/probes/lab/estate"
)

// TestOtherClients lets Net-SNMP's, FreeRADIUS' and chrony's own clients ask the lab.
func TestOtherClients(t *testing.T) {
	e, err := estate.Parse("test", []byte(`
estate: clients
hosts:
  dc01.corp.test:
    ntp: {}
    snmp: {community: c0mmunity, values: {1.3.6.1.2.1.2.1.0: "7", 1.3.6.1.2.1.25.1.6.0: "[gauge] 42"}}
    radius: {secret: s3cret, users: {probe: swordfish}, status: true}
`))
	if err != nil {
		t.Fatal(err)
	}
	l, err := lab.Start(context.WithoutCancel(t.Context()), e, lab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	at := l.Routes()["dc01.corp.test"].Ports
	run := func(stdin, name string, args ...string) string {
		t.Helper()
		command := exec.CommandContext(t.Context(), name, args...)
		command.Stdin = strings.NewReader(stdin)
		out, err := command.CombinedOutput()
		t.Logf("%s %q: %v", name, args, err) // radclient fails where an answer is no
		return string(out)
	}
	has := func(text string, want ...string) {
		t.Helper()
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("want %q in\n%s", w, text)
			}
		}
	}
	snmp := []string{"-v2c", "-On", "-t", "20", "-r", "0"}
	has(run("", "snmpget", append(snmp, "-c", "c0mmunity", at["udp/161"], "1.3.6.1.2.1.1.2.0", "1.3.6.1.2.1.1.3.0",
		"1.3.6.1.2.1.1.5.0", "1.3.6.1.2.1.2.1.0", "1.3.6.1.2.1.25.1.6.0", "1.3.6.1.2.1.99.0")...),
		".1.3.6.1.2.1.1.2.0 = OID: .1.3.6.1.4.1.311.1.1.3.1.2\n", ".1.3.6.1.2.1.1.3.0 = Timeticks: (",
		`.1.3.6.1.2.1.1.5.0 = STRING: "dc01.corp.test"`+"\n", ".1.3.6.1.2.1.2.1.0 = INTEGER: 7\n",
		".1.3.6.1.2.1.25.1.6.0 = Gauge32: 42\n", ".1.3.6.1.2.1.99.0 = No Such Instance")
	ask := func(kind, packet string) string {
		return run(packet+"\n", "radclient", "-x", "-t", "20", "-r", "1", at["udp/1812"], kind, "s3cret")
	}
	const signed = ", Message-Authenticator = 0x00"
	has(ask("auth", "User-Name = probe, User-Password = swordfish"+signed), "Received Access-Accept",
		"Message-Authenticator = 0x")
	has(ask("auth", "User-Name = probe, User-Password = trout"+signed), "Received Access-Reject")
	has(ask("auth", "User-Name = probe, MS-CHAP-Password = trout"), "Received Access-Reject")
	has(ask("status", "Message-Authenticator = 0x00"), "Received Access-Accept")
	host, port, err := net.SplitHostPort(at["udp/123"])
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(t.TempDir(), "chrony.conf")
	text := "server " + host + " port " + port + " iburst\ncmdport 0\nbindcmdaddress /\npidfile " + config + ".pid\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	has(run("", "chronyd", "-x", "-Q", "-t", "60", "-u", "root", "-f", config),
		"System clock wrong by", "seconds (ignored)")
}

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"postpatch/probes/lab"
)

// budgetEstate is one host with everything that a typical suite looks at.
const budgetEstate = `estate: budget
realm: SHOP.TEST
hosts:
  web01.shop.test:
    profile: windows-server-2022
    winrm: {http: true, tls: true, user: 'SHOP\probe', password: open-sesame, cbt: strict}
    services: {W3SVC: {state: Running, mode: Auto, account: LocalSystem}}
    http: [{port: 80, pages: {/health: {body: healthy}}}]
    smtp: {banner: mail ready}
    dns: {records: [shop.test. 3600 IN SOA a. b. 1 2 3 4 5, www.shop.test. 300 IN A 10.0.0.5]}
    sql: {user: probe, password: open-sesame, databases: {master: {state: ONLINE}, Orders: {state: ONLINE}}}
states: {before: {}}
`

// budgetSuite has 32 checks of ten kinds.
func budgetSuite() string {
	var b strings.Builder
	b.WriteString("suite: shop\nhosts: [web01.shop.test]\nchecks:\n")
	for _, kind := range []string{"os", "services", "pending_reboot", "disk"} {
		fmt.Fprintf(&b, "  - %s: {}\n", kind)
	}
	for _, service := range []string{
		"W3SVC", "Spooler", "Dnscache", "EventLog", "LanmanServer", "LanmanWorkstation", "MpsSvc", "Netlogon", "RpcSs",
		"Schedule", "TermService", "W32Time", "WinRM", "Winmgmt", "BITS", "wuauserv",
	} {
		fmt.Fprintf(&b, "  - service: %s\n", service)
	}
	for _, port := range []int{25, 53, 80, 1433, 5985} {
		fmt.Fprintf(&b, "  - tcp: %d\n", port)
	}
	b.WriteString("  - http: \"http://web01.shop.test/health\"\n  - {http: \"http://web01.shop.test/none\", id: none}\n" +
		"  - smtp: 25\n  - dns: www.shop.test\n  - {dns: shop.test, id: zone}\n  - sql: Orders\n  - {sql: master, id: master}\n")
	return b.String()
}

// TestMessageBudget counts what a typical host costs, all through the program:
// at most six SOAP messages on one connection for everything together, and one
// request more where the account is proved to the connection; a second one on the
// first hosts of a run, where the domain may count a wrong password.
func TestMessageBudget(t *testing.T) {
	checks := strings.Count(budgetSuite(), "\n  - ")
	if checks != 32 {
		t.Fatalf("the suite has %d checks", checks)
	}
	for name, c := range map[string]struct {
		entry string
		how   string
		proof int
	}{
		"Kerberos":        {"user: probe@shop.test\n    winrm: {krb5_conf: lab.krb5.conf}", "WinRM by Kerberos, sealed", 1},
		"Kerberos in TLS": {"user: probe@shop.test\n    winrm: {tls: true, ca_file: lab.ca.pem, krb5_conf: lab.krb5.conf}", "WinRM by Kerberos in TLS", 1},
		"NTLM":            {"user: SHOP\\probe\n    winrm: {auth: ntlm}", "WinRM by NTLM, sealed", 1},
		"Basic in TLS":    {"user: SHOP\\probe\n    winrm: {auth: basic, tls: true, ca_file: lab.ca.pem}", "WinRM by Basic in TLS", 0},
	} {
		t.Run(name, func(t *testing.T) {
			estate := filepath.Join(t.TempDir(), "budget.estate.yaml")
			write(t, estate, budgetEstate)
			l := startTestLab(t, estate)
			t.Chdir(t.TempDir())
			write(t, "shop.suite.yaml", budgetSuite())
			write(t, "credentials.yaml", "credentials:\n"+
				"  - {hosts: '*', for: [sql], user: probe, password: {env: PATCH_PASSWORD}, sql: {insecure: true}}\n"+
				"  - hosts: '*'\n    for: [winrm]\n    password: {env: PATCH_PASSWORD}\n    "+c.entry+"\n")
			writeAddresses(t, l)
			var out, talk bytes.Buffer
			code := run(t.Context(), []string{
				"capture", "shop.suite.yaml", "--credentials", "credentials.yaml", "--connect-to", "lab.json", "-v",
			}, app{stdout: &out, stderr: &talk, getenv: func(name string) string {
				return map[string]string{"PATCH_PASSWORD": "open-sesame"}[name]
			}})
			if code != 0 && code != 1 { // what fails on this host is not asked here
				t.Fatalf("exit %d\n%s%s", code, out.String(), talk.String())
			}
			if !strings.Contains(out.String(), c.how) {
				t.Errorf("it does not say %q:\n%s", c.how, out.String())
			}
			stats := l.Stats("web01.shop.test")
			messages := 0
			for _, n := range stats.WinRM.Messages {
				messages += n
			}
			port := map[bool]string{true: "tcp/5986", false: "tcp/5985"}[strings.Contains(c.how, "TLS")]
			sessions := stats.Connections[port]
			if port == "tcp/5985" {
				sessions-- // the check of the port itself
			}
			if messages == 0 || messages > 6 || stats.WinRM.Requests != messages+c.proof || sessions != 1 {
				t.Errorf("%d messages %v in %d requests on %d connections, want at most 6 on 1", messages,
					stats.WinRM.Messages, stats.WinRM.Requests, sessions)
			}
			if stats.WinRM.Shells != 0 {
				t.Errorf("%d shells are left", stats.WinRM.Shells)
			}
			t.Logf("%d messages: %v", messages, stats.WinRM.Messages)
		})
	}
}

// writeAddresses writes what leads to a lab, as `postpatch lab --addresses` does.
func writeAddresses(t *testing.T, l *lab.Lab) {
	t.Helper()
	addresses, err := json.Marshal(l.Addresses("lab.ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, "lab.json", string(addresses))
	write(t, "lab.ca.pem", string(l.CA()))
	write(t, "lab.krb5.conf", l.Krb5Conf())
}

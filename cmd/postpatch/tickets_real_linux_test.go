//go:build real

package main

import (
	"strings"
	"testing"

	"postpatch/cmd/postpatch/realtest"
	"postpatch/probes/kerberos"
	"postpatch/probes/rpc"
)

// TestRealTickets asks a domain controller for tickets and interfaces, and then one with
// one fault after the other.
func TestRealTickets(t *testing.T) {
	if !realtest.OwnNetwork(t) {
		return
	}
	samba := realtest.StartSamba(t)
	samba.Tool(t, "user", "create", "probe", "Swordfish-1")
	samba.Tool(t, "user", "create", "leaver", "Swordfish-1")
	samba.Tool(t, "user", "disable", "leaver")
	good := controller(t, samba, `CORP\probe`, "Swordfish-1")
	tickets := map[string]any{"login": true, "spn": []string{"cifs/dc1.corp.test", "HTTP/nowhere.corp.test"}}
	has(t, observed(t, kerberos.Kind, good, tickets), []string{
		"tcp state=answered", "udp state=answered", " answer=pre-authentication required",
		" aes256=offered", " aes128=offered", " rc4=offered", " login=ok",
		"cifs/dc1.corp.test ticket=granted", "cifs/dc1.corp.test ticket_encryption=aes256",
		"cifs/dc1.corp.test session_encryption=aes256", "cifs/dc1.corp.test aes256=offered",
		"HTTP/nowhere.corp.test ticket=unknown service",
	})
	has(t, observed(t, kerberos.Kind, good, map[string]any{"account": "nobody"}), []string{" answer=unknown account"})
	has(t, observed(t, kerberos.Kind, good, map[string]any{"realm": "ELSE.TEST"}), []string{" answer=unknown account"})
	for account, reason := range map[[2]string]string{
		{"probe", "wrong"}:        "the password is wrong; error 24",
		{"leaver", "Swordfish-1"}: "the account is disabled, expired or locked; error 18",
		{"nobody", "wrong"}:       "the KDC knows no such account; error 6",
	} {
		bad := controller(t, samba, account[0], account[1])
		has(t, observed(t, kerberos.Kind, bad, map[string]any{"login": true}), []string{
			" login=refused", " reason=the login: " + reason,
		})
	}

	all := map[string]any{"interface": []string{"netlogon", "lsarpc", "samr", "drsuapi", "dnsserver", "spoolss"}}
	has(t, observed(t, rpc.Kind, good, all), []string{
		" state=answered", "netlogon interface=answers", "lsarpc interface=answers", "samr interface=answers",
		"drsuapi interface=answers", "dnsserver interface=answers", "spoolss interface=not registered",
	})

	samba.Stop(t)
	samba.Global, samba.Clock = []string{"server services = -kdc"}, ""
	samba.Start(t)
	has(t, observed(t, kerberos.Kind, good, nil), []string{" state=refused"})
	samba.Stop(t)
	samba.Global, samba.Clock = []string{"server services = -rpc"}, "-10m"
	samba.Start(t)
	has(t, observed(t, rpc.Kind, good, all), []string{" state=refused"})
	late := strings.Join(observed(t, kerberos.Kind, good, nil), "\n")
	if !strings.Contains(late, " skew=10m") && !strings.Contains(late, " skew=9m5") {
		t.Errorf("of a clock that is ten minutes off: %s", late)
	}
	if !strings.Contains(late, "behind this machine's") {
		t.Errorf("of a clock that is ten minutes off, the reason: %s", late)
	}
}

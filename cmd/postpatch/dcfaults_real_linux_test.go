//go:build real

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/cmd/postpatch/realtest"
	"postpatch/probes"
	"postpatch/probes/lab"
	"postpatch/probes/lab/estate"
	"postpatch/runner/report"
	"postpatch/runner/report/jsonl"
)

const dcSuite = `suite: domain
owner: directory@example.org
hosts: [dc1.corp.test]
use:
  - {suite: domain-controller, vars: {domain: corp.test}}
  - {suite: domain-logon, vars: {domain: corp.test}}
`

// dcEstate is Windows' side of the domain controller, which Samba has not: what is asked
// inside, by WinRM.
const dcEstate = `estate: inside
hosts:
  dc1.corp.test:
    profile: windows-server-2022
    winrm: {http: true, user: 'CORP\inside', password: lab}
    services:
      NTDS: {state: Running, mode: Auto}
      Kdc: {state: Running, mode: Auto}
      ADWS: {state: Running, mode: Auto}
    dns:
      records:
        - _ldap._tcp.dc._msdcs.corp.test. 600 IN SRV 0 100 389 dc1.corp.test.
        - _kerberos._tcp.dc._msdcs.corp.test. 600 IN SRV 0 100 88 dc1.corp.test.
        - dc1.corp.test. 600 IN A 198.18.7.10
    wmi:
      Win32_ComputerSystem: [{DomainRole: 5}]
      Win32_Share:
        - {Name: NETLOGON, Path: 'C:\Windows\SYSVOL\sysvol\corp.test\SCRIPTS', Type: 0}
        - {Name: SYSVOL, Path: 'C:\Windows\SYSVOL\sysvol', Type: 0}
      Win32_Process:
        - {Name: lsass.exe, ProcessId: 812, PrivatePageCount: 900000000, HandleCount: 2000,
           CreationDate: 2026-10-14T02:00:20Z}
      root/microsoftdfs:DfsrReplicatedFolderInfo:
        - {ReplicationGroupName: Domain System Volume, ReplicatedFolderName: SYSVOL Share, State: 4}
      root/MicrosoftActiveDirectory:MSAD_ReplNeighbor: []
    collectors:
      adds:
        - {Part: now, Now: 2026-11-22T20:00:00Z}
        - {Part: netlogon, SysvolReady: 1}
        - {Part: ldap, Answers: true, Reason: null, Synchronized: true, Catalog: true, Name: dc1.corp.test}
        - {Part: ping, Opcode: 23, Flags: 127996}
        - {Part: roles, Schema: true, Naming: true, Pdc: true, Rid: true, Infrastructure: true}
`

// dcFault is what is wrong with a domain controller, and what is told of it: by each check
// that does not pass, its outcome and its findings.
type dcFault struct {
	name string
	make func(*testing.T, *realtest.Samba) // while it is stopped
	want map[string]string
	says []string // parts of the words that tell why
}

func dcFaults() []dcFault {
	return []dcFault{
		{"SYSVOL is no share", func(_ *testing.T, s *realtest.Samba) { s.Unshared = true }, map[string]string{
			"logon/shares": "regressed by NETLOGON share missing, SYSVOL share missing, " +
				`SYSVOL\corp.test\Policies\{31B2F340-016D-11D2-945F-00C04FB984F9}\GPT.INI file missing`,
		}, []string{"there is no such share"}},
		{"Kerberos' port is closed", func(_ *testing.T, s *realtest.Samba) {
			s.Global = []string{"server services = -kdc"}
		}, map[string]string{
			"dc/ports": "regressed by 88 state refused", "dc/tickets": "regressed by state refused",
			"logon/tickets": "regressed by state refused",
			// Both are still taken, by the proof that Windows falls back to.
			"logon/ldap": "drifted by 389 bound_by NTLM", "logon/shares": "drifted by 445 proved_by NTLM",
		}, nil},
		{"the certificate has expired", func(t *testing.T, s *realtest.Samba) {
			s.SetCertificate(t, time.Now().Add(-time.Hour))
		}, map[string]string{
			"dc/ldaps": "regressed by 3269 cert_days -1 days, 3269 certificate expired, " +
				"636 cert_days -1 days, 636 certificate expired",
		}, nil},
		{"the clock is ten minutes off", func(_ *testing.T, s *realtest.Samba) { s.Clock = "+10m" }, map[string]string{
			"dc/ldap": "regressed by 389 skew", "dc/tickets": "regressed by skew",
			"logon/tickets": "regressed by cifs/dc1.corp.test gone, ldap/dc1.corp.test gone, login unavailable, skew",
			"logon/ldap":    "drifted by 389 bound_by NTLM", "logon/shares": "drifted by 445 proved_by NTLM",
		}, []string{"ahead of this machine's", "the clocks differ by more than Kerberos allows"}},
	}
}

// TestRealDomainControllerFaults has the packs for domain controllers look at Samba, and at
// Samba with one fault at a time: each is told by the checks that it concerns and by no other.
func TestRealDomainControllerFaults(t *testing.T) {
	if !realtest.OwnNetwork(t) {
		return
	}
	samba := realtest.StartSamba(t)
	samba.Tool(t, "user", "create", "probe", "Swordfish-1")
	t.Chdir(t.TempDir())
	leadToController(t)
	write(t, "domain.suite.yaml", dcSuite)
	write(t, "credentials.yaml", `credentials:
  - {hosts: dc1.corp.test, for: winrm, user: 'CORP\inside', password: {env: INSIDE}, winrm: {auth: ntlm}}
  - {hosts: dc1.corp.test, for: [ldap, smb, kerberos], user: probe@CORP.TEST, password: {env: PROBE}}
`)
	onController(t, samba, 0, "capture", "--name", "before")
	verify := func(exit int) []report.Check { return onController(t, samba, exit, "verify", "--baseline", "before") }
	toldBy(t, "nothing", verify(0), map[string]string{})
	for _, fault := range dcFaults() {
		samba.Stop(t)
		fault.make(t, samba)
		samba.Start(t)
		checks := verify(1)
		toldBy(t, fault.name, checks, fault.want)
		saysAll(t, fault, checks)
		samba.Unshared, samba.Global, samba.Clock = false, nil, ""
		samba.SetCertificate(t, time.Now().AddDate(1, 0, 0))
	}
	samba.Stop(t)
	samba.Start(t)
	toldBy(t, "nothing any more", verify(0), map[string]string{})
	record := []string{
		realtest.SambaAddress, "_msdcs." + realtest.SambaDomain, "_ldap._tcp.pdc", "SRV",
		realtest.SambaHost + " 389 0 100", "-U", realtest.SambaUser + "%" + realtest.SambaPassword,
	}
	samba.Tool(t, append([]string{"dns", "delete"}, record...)...)
	const missing = "_ldap._tcp.pdc._msdcs.corp.test SRV"
	toldBy(t, "a record is missing", verify(1), map[string]string{
		"dc/domain": fmt.Sprintf("regressed by %[1]s answers , %[1]s count 0, %[1]s rcode NXDOMAIN", missing),
	})
}

// leadToController writes where the domain controller is: WinRM in a lab, all else at Samba.
func leadToController(t *testing.T) {
	t.Helper()
	e, err := estate.Parse("inside", []byte(dcEstate))
	if err != nil {
		t.Fatal(err)
	}
	l, err := lab.Start(t.Context(), e, lab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	const winrm = "tcp/5985"
	routes := probes.Routes{realtest.SambaHost: {Address: realtest.SambaAddress, Ports: map[string]string{
		winrm: l.Routes()[realtest.SambaHost].Ports[winrm],
	}}}
	content, err := json.Marshal(map[string]any{"routes": routes})
	if err != nil {
		t.Fatal(err)
	}
	write(t, "routes.json", string(content))
}

// onController runs a command, which has to end with the exit code, and returns the checks.
func onController(t *testing.T, s *realtest.Samba, exit int, command string, args ...string) []report.Check {
	t.Helper()
	var out bytes.Buffer
	all := append([]string{command, "domain.suite.yaml"}, args...)
	all = append(all, "--credentials", "credentials.yaml", "--connect-to", "routes.json", "--ca", s.CA,
		"--json", "out.jsonl")
	begun := time.Now()
	code := run(t.Context(), all, app{stdout: &out, stderr: &out, getenv: func(name string) string {
		return map[string]string{"INSIDE": "lab", "PROBE": "Swordfish-1", "KRB5_CONFIG": s.Krb5Conf}[name]
	}})
	t.Logf("%s took %s", command, time.Since(begun))
	if code != exit {
		t.Errorf("%s: want exit code %d, got %d\n%s", command, exit, code, &out)
	}
	content, err := os.ReadFile("out.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	var heard hostsHeard
	if err := jsonl.Replay(bytes.NewReader(content), &heard); err != nil || len(heard.hosts) != 1 {
		t.Fatalf("%s: %d hosts, %v\n%s", command, len(heard.hosts), err, &out)
	}
	return heard.hosts[0].Checks
}

// toldBy compares the checks that did not pass with those that should not have.
func toldBy(t *testing.T, fault string, checks []report.Check, want map[string]string) {
	t.Helper()
	got := map[string]string{}
	for _, c := range checks {
		var findings []string
		for _, f := range c.Findings {
			if f.Severity == "note" {
				continue
			}
			finding := strings.TrimSpace(f.Item + " " + f.Reading)
			if f.Reading != "skew" { // which goes on while one looks
				finding += " " + f.Now
			}
			findings = append(findings, finding)
		}
		if c.Outcome != report.Passed || len(findings) > 0 {
			got[c.ID] = fmt.Sprintf("%s by %s", c.Outcome, strings.Join(findings, ", "))
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", fault, d)
	}
}

// saysAll looks for a fault's words in the evidence of the checks.
func saysAll(t *testing.T, fault dcFault, checks []report.Check) {
	t.Helper()
	var all strings.Builder
	for _, c := range checks {
		for _, e := range c.Evidence {
			all.WriteString(e.Value + "\n")
		}
	}
	for _, words := range fault.says {
		if !strings.Contains(all.String(), words) {
			t.Errorf("%s: nobody says %q in %s", fault.name, words, all.String())
		}
	}
}

package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"postpatch/probes"
	"postpatch/probes/all"
	"postpatch/suites"
)

// askers is a suite with the examples of all kinds that ask through a host's
// session, and with those kinds' names.
func askers(t *testing.T) (suite string, kinds []string) {
	t.Helper()
	suite = "suite: every\nhosts: [web01.shop.test]\nchecks:\n"
	for _, k := range all.Kinds() {
		entries := "suite: one\nhosts: [web01.shop.test]\nchecks:\n"
		var lines string
		for line := range strings.Lines(k.Example) {
			lines += "  " + line
		}
		set, problems := suites.LoadBytes("every.suite.yaml", []byte(entries+lines), all.Kinds())
		if len(problems) > 0 {
			t.Fatal(suites.Format(problems, nil))
		}
		if _, asks := set.Hosts[0].Checks[0].Probe.(probes.Asker); asks {
			suite, kinds = suite+lines, append(kinds, k.Name)
		}
	}
	suite += "  - ping: [gateway, dns_servers]\n    from: host\n  - tcp: [443, 8443]\n    from: host\n" +
		"  - dns: www.shop.test\n    from: host\n  - http: /health\n    from: host\n"
	return suite, kinds
}

// TestEveryKindInOneProcess holds that all kinds together cost a host what a few do:
// six messages on one connection, and one PowerShell.
func TestEveryKindInOneProcess(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "queues.ps1", "Get-Queue")
	suite, kinds := askers(t)
	if len(kinds) < 30 {
		t.Errorf("%d kinds ask: %v", len(kinds), kinds)
	}
	file := filepath.Join(t.TempDir(), "every.estate.yaml")
	write(t, file, budgetEstate)
	l := startTestLab(t, file)
	write(t, "every.suite.yaml", suite)
	write(t, "credentials.yaml", "credentials:\n  - {hosts: '*', user: 'SHOP\\probe', "+
		"password: {env: PATCH_PASSWORD}, winrm: {auth: ntlm}}\n")
	writeAddresses(t, l)
	var out, talk bytes.Buffer
	code := run(t.Context(), []string{
		"capture", "every.suite.yaml", "--credentials", "credentials.yaml", "--connect-to", "lab.json", "--allow-scripts", "-v",
	}, app{stdout: &out, stderr: &talk, getenv: func(name string) string {
		return map[string]string{"PATCH_PASSWORD": "open-sesame"}[name]
	}})
	if code != 1 { // most roles are not on this host, and say so
		t.Errorf("exit %d\n%s%s", code, &out, &talk)
	}
	stats := l.Stats("web01.shop.test").WinRM
	messages := 0
	for _, n := range stats.Messages {
		messages += n
	}
	if messages == 0 || messages > 6 || stats.Messages["Command"] != 1 || stats.Messages["Create"] != 1 {
		t.Errorf("%d messages: %v", messages, stats.Messages)
	}
	if stats.Connections != 1 || stats.Shells != 0 {
		t.Errorf("%d connections, %d shells are left", stats.Connections, stats.Shells)
	}
	t.Logf("%d kinds: %v", len(kinds), stats.Messages)
	t.Log(out.String())
}

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"postpatch/probes"
	"postpatch/probes/all"
	"postpatch/runner/report"
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

// unknowable are the checks that a plain server leaves unknown, which is right: of
// a log that comes with a role, of a path with a variable that a product brings
// along, and of a script of the suite's own, which only its estate can answer.
func unknowable() []string {
	return []string{"eventlog/Application", `file/%ExchangeInstallPath%bin\ExSetup.exe`, "powershell/queues.ps1"}
}

// checksOf is what a run wrote as JSON of the one host.
func checksOf(t *testing.T, file string) (checks []report.Check) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(content) {
		var said struct {
			Host report.Host `json:"host"`
		}
		if err := json.Unmarshal(line, &said); err != nil {
			t.Fatal(err)
		}
		checks = append(checks, said.Host.Checks...)
	}
	return checks
}

// TestEveryKindInOneProcess holds that all kinds together cost a host what a few do:
// six messages on one connection, and one PowerShell; that a server of the lab's
// profile answers each of them; and that right after the capture nothing has changed.
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
	ask := func(command, out string, more ...string) (code int, said string) {
		var talk bytes.Buffer
		code = run(t.Context(), append([]string{
			command, "every.suite.yaml", "--credentials", "credentials.yaml", "--connect-to", "lab.json", "--allow-scripts",
			"--json", out,
		}, more...), app{stdout: &talk, stderr: &talk, getenv: func(name string) string {
			return map[string]string{"PATCH_PASSWORD": "open-sesame"}[name]
		}})
		return code, talk.String()
	}
	code, said := ask("capture", "capture.json", "--name", "before")
	if code != 1 { // most roles are not on this host, and say so
		t.Errorf("exit %d\n%s", code, said)
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
	code, said = ask("verify", "verify.json", "--baseline", "before")
	if code != 3 { // what was broken is so still, and what is unknown is unknown
		t.Errorf("exit %d\n%s", code, said)
	}
	for _, run := range []struct {
		file string
		may  []report.Outcome
	}{
		{"capture.json", []report.Outcome{report.Passed, report.Failed}},
		{"verify.json", []report.Outcome{report.Passed, report.PreExisting}},
	} {
		var unknown []string
		checks := checksOf(t, run.file)
		for _, c := range checks {
			drifted := func(f report.Finding) bool { return f.Outcome == report.Drifted }
			switch {
			case slices.ContainsFunc(c.Findings, drifted):
				t.Errorf("%s: %s has drifted: %+v", run.file, c.ID, c.Findings)
			case c.Outcome == report.Unknown && slices.Contains(unknowable(), c.ID):
				unknown = append(unknown, c.ID)
			case !slices.Contains(run.may, c.Outcome):
				t.Errorf("%s: %s is %s: %s %+v", run.file, c.ID, c.Outcome, c.Error, c.Findings)
			}
		}
		slices.Sort(unknown)
		if !slices.Equal(unknown, unknowable()) || len(checks) < len(kinds) {
			t.Errorf("%s: of %d checks unknown are %v", run.file, len(checks), unknown)
		}
	}
}

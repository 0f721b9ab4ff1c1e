package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"postpatch/probes"
	"postpatch/probes/lab"
	"postpatch/probes/lab/estate"
	"postpatch/runner/report"
)

// What init writes of the hosts for which there is a pack holds now, has nothing to tell
// after a good night, and tells of every bad one what the pack itself does.
func TestInitByRole(t *testing.T) {
	t.Parallel()
	for _, role := range []string{
		"windows-server", "exchange", "sql-server", "domain-controller", "dns-server", "dhcp-server", "iis",
		"file-server", "print-server", "hyperv-host", "failover-cluster", "rds-host",
	} {
		t.Run(role, func(t *testing.T) {
			t.Parallel()
			in := initiate(t, role)
			in.good(t)
			nights, err := filepath.Glob(path.Join(packs, "tests", role+"-*.scenario.yaml"))
			if err != nil || len(nights) < 2 {
				t.Fatalf("bad nights: %v, %v", nights, err)
			}
			for _, night := range nights {
				in.bad(t, night)
			}
		})
	}
}

// initiated is a lab with the suite that init has written of it.
type initiated struct {
	lab      *lab.Lab
	folder   string
	app      app
	out      *bytes.Buffer
	scenario scenario
	suite    string
}

func initiate(t *testing.T, role string) *initiated {
	t.Helper()
	s, err := readScenario(path.Join(packs, role+".scenario.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	in := &initiated{folder: t.TempDir(), out: &bytes.Buffer{}, scenario: s}
	if err := s.unfold(in.folder); err != nil {
		t.Fatal(err)
	}
	e, err := estate.LoadWith(s.Estate.path, s.further...)
	if err != nil {
		t.Fatal(err)
	}
	if in.lab, err = lab.Start(t.Context(), e, lab.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.lab.Close() })
	if err := in.lab.Switch(s.Before); err != nil {
		t.Fatal(err)
	}
	passwords := in.enterAs(t, e)
	in.app = app{stdout: in.out, stderr: in.out, getenv: func(name string) string { return passwords[name] }}
	in.scenario = s
	in.suite = in.file("own.suite.yaml")
	hosts := in.hosts(t)
	args := append([]string{"init", "--suite", "own", "-o", in.suite, "--owner", "me@example.org"}, hosts...)
	if role == "sql-server" { // of an availability group, of which each knows its own backups alone
		args = append(args, "--accept-failing")
	}
	in.run(t, 0, args...)
	in.reads(t, role)
	in.run(t, 0, "lint", in.suite)
	in.run(t, 0, "capture", in.suite, "--name", "before")
	return in
}

func (in *initiated) file(name string) string { return filepath.Join(in.folder, name) }

// run runs a command as an operator of the lab does, and wants its exit code.
func (in *initiated) run(t *testing.T, want int, args ...string) {
	t.Helper()
	in.out.Reset()
	if args[0] != "lint" {
		args = append(args, "--credentials", in.file("lab.credentials.yaml"), "--connect-to", in.file("lab.json"),
			"--ca", in.file("lab.pem"))
	}
	if args[0] == "capture" || args[0] == "verify" {
		args = append(args, "--store", in.file("evidence"), "--json", in.file("results.jsonl"))
	}
	if code := run(t.Context(), args, in.app); code != want {
		text, _ := os.ReadFile(in.suite)
		fail := t.Fatalf
		if args[0] == "verify" {
			fail = t.Errorf
		}
		fail("postpatch %s: want exit code %d, got %d\n%s\n%s", strings.Join(args, " "), want, code, in.out, text)
	}
}

// hosts are those of the scenario's suites, which the pack is for.
func (in *initiated) hosts(t *testing.T) []string {
	t.Helper()
	set, found := in.app.library().Load(in.scenario.files())
	if len(found) > 0 {
		t.Fatal(found)
	}
	var all []string
	for _, h := range set.Hosts {
		all = append(all, h.Name)
	}
	return all
}

// enterAs writes where the lab is, and the accounts that the estate has for each host, and
// returns their passwords.
func (in *initiated) enterAs(t *testing.T, e *estate.Estate) map[string]string {
	t.Helper()
	addresses := in.lab.Addresses(in.file("lab.pem"))
	addresses.Routes[probes.Elsewhere] = probes.Route{} // nothing leaves this machine
	document, err := json.Marshal(addresses)
	if err != nil {
		t.Fatal(err)
	}
	keys, passwords := labKeys{e, nil}, map[string]string{}
	var b strings.Builder
	b.WriteString("credentials:\n")
	for i, h := range e.Hosts(e.States()[0]) {
		for _, use := range []string{"winrm", "sql", "mail"} {
			c, err := keys.For(h.Name, use)
			if err != nil {
				continue
			}
			name := fmt.Sprintf("%s_%d", strings.ToUpper(use), i)
			passwords[name] = c.Password.Reveal()
			fmt.Fprintf(&b, "  - {hosts: '%s', for: %s, user: '%s', password: {env: %s}", h.Name, use, c.User, name)
			if c.Mail != nil {
				fmt.Fprintf(&b, ", mail: {address: %s, names: [%s]}", c.Mail.Address, strings.Join(c.Mail.Names, ", "))
			}
			b.WriteString("}\n")
		}
	}
	for name, content := range map[string]string{
		"lab.json": string(document), "lab.pem": string(in.lab.CA()), "lab.credentials.yaml": b.String(),
	} {
		if err := os.WriteFile(in.file(name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return passwords
}

// reads holds that the suite can be read, as often as one likes, and uses the role's pack.
func (in *initiated) reads(t *testing.T, role string) {
	t.Helper()
	var read [2]map[string][]string
	for i := range read {
		set, found := in.app.library().Load([]string{in.suite})
		if len(found) > 0 {
			t.Fatal(found)
		}
		read[i] = map[string][]string{}
		for _, h := range set.Hosts {
			fromPack := false
			for _, c := range h.Checks {
				read[i][h.Name] = append(read[i][h.Name], c.Key())
				fromPack = fromPack || strings.HasSuffix(c.File, "/"+role+".suite.yaml")
			}
			if !fromPack {
				t.Errorf("%s: want checks of %s, got %q", h.Name, role, read[i][h.Name])
			}
		}
	}
	if !maps.EqualFunc(read[0], read[1], slices.Equal) {
		t.Errorf("read twice: %v, then %v", read[0], read[1])
	}
}

// good plays the night after which there is nothing to tell.
func (in *initiated) good(t *testing.T) {
	t.Helper()
	in.night(t, in.scenario)
	for host, outcomes := range in.outcomes(t) {
		for id, o := range outcomes {
			waived := o == report.Waived && id == "sql/backups" // which init has told, and was to take
			if o != report.Passed && !waived && in.scenario.Expect.Outcomes[host][id].outcome != o {
				t.Errorf("a good night: %s: %s: %s\n%s", host, id, o, in.out)
			}
		}
	}
}

// bad plays a night of which the pack tells, and the suite has to tell the same.
func (in *initiated) bad(t *testing.T, file string) {
	t.Helper()
	s, err := readScenario(file)
	if err == nil {
		err = s.unfold(in.folder)
	}
	if err != nil {
		t.Fatal(err)
	}
	in.night(t, s)
	got := in.outcomes(t)
	for host, outcomes := range s.Expect.Outcomes {
		for id, want := range outcomes {
			if id == "iis/page" { // which init cannot know, and says so
				continue
			}
			if got[host][id] != want.outcome {
				t.Errorf("%s: %s: %s: want %s, got %q", filepath.Base(file), host, id, want.outcome, got[host][id])
			}
		}
	}
}

func (in *initiated) night(t *testing.T, s scenario) {
	t.Helper()
	if err := in.lab.Switch(s.After); err != nil {
		t.Fatal(err)
	}
	in.run(t, *s.Expect.Exit, "verify", in.suite, "--plan", s.Plan.path, "--baseline", "before")
}

// outcomes are those of the last run, by host and check.
func (in *initiated) outcomes(t *testing.T) map[string]map[string]report.Outcome {
	t.Helper()
	content, err := os.ReadFile(in.file("results.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]map[string]report.Outcome{}
	lines := bufio.NewScanner(bytes.NewReader(content))
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var line struct{ Host *report.Host }
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		if h := line.Host; h != nil {
			all[h.Host] = map[string]report.Outcome{}
			for _, c := range h.Checks {
				all[h.Host][c.ID] = c.Outcome
			}
		}
	}
	if len(all) == 0 {
		t.Fatalf("no host in %s", content)
	}
	return all
}

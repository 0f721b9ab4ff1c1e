package main

import (
	"bytes"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/examples"
	"postpatch/runner/report"
	"postpatch/suites"
)

const packs = "../../examples/packs"

// Each bad night is told by the checks, and the readings, that its file names.
func TestPacksBadNights(t *testing.T) {
	files, err := filepath.Glob(packs + "/tests/*.scenario.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("bad nights: %v, %v", files, err)
	}
	var out bytes.Buffer
	a := app{stdout: &out, stderr: &out, getenv: func(string) string { return "" }}
	if code := run(t.Context(), append([]string{"demo"}, files...), a); code != 0 {
		t.Errorf("exit %d\n%s", code, &out)
	}
	for _, file := range files {
		if s, err := readScenario(file); err == nil && *s.Expect.Exit != 1 {
			t.Errorf("%s: want a night that exits 1, got %d", file, *s.Expect.Exit)
		}
	}
}

// A pack that comes with the program is shown to have nothing to tell after a good night,
// and has a why for whoever reads its checks at two in the morning.
func TestPacksAreWhole(t *testing.T) {
	for name := range builtInPacks(t) {
		if _, err := readScenario(path.Join(packs, name+".scenario.yaml")); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, c := range packChecks(t, name) {
			if c.Why == "" {
				t.Errorf("%s: %s: it has no why", name, c.ID)
			}
		}
	}
}

// There is a bad night for every check of these packs, in which it is the one that tells;
// of a pack without such a check, nobody would miss it.
func TestPacksChecksAllTell(t *testing.T) {
	for _, name := range []string{
		"windows-server", "domain-controller", "domain-logon", "dns-server", "dhcp-server", "file-server", "print-server",
		"iis", "sql-server", "hyperv-host", "failover-cluster", "rds-host", "linux-services",
	} {
		told := map[string]bool{"linux/echo": true} // a lab's address answers whatever the estate says
		nights, _ := filepath.Glob(path.Join(packs, "tests", name+"-*.scenario.yaml"))
		for _, file := range nights {
			s, err := readScenario(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, outcomes := range s.Expect.Outcomes {
				for id, o := range outcomes {
					told[id] = told[id] || o.outcome != report.Expected && len(o.by) > 0
				}
			}
		}
		var silent []string
		for _, c := range packChecks(t, name) {
			if strings.HasSuffix(c.File, "/"+name+".suite.yaml") && !told[c.ID] {
				silent = append(silent, c.ID)
			}
		}
		if d := cmp.Diff([]string(nil), silent); d != "" || len(nights) < 2 {
			t.Errorf("%s: want two bad nights or more, got %d, and every check to tell of one (+ does not):\n%s",
				name, len(nights), d)
		}
	}
}

// A company's suite takes each pack for the servers that it is for, and all of them have
// what every server has, once.
func TestEstateOfPacks(t *testing.T) {
	const estate = "../../examples/estate"
	var out bytes.Buffer
	a := app{stdout: &out, stderr: &out, getenv: func(string) string { return "" }}
	if code := run(t.Context(), []string{"demo", estate + ".scenario.yaml"}, a); code != 0 {
		t.Errorf("exit %d\n%s", code, &out)
	}
	set, found := a.library().Load([]string{estate + ".suite.yaml"})
	if len(found) > 0 {
		t.Fatal(suites.Format(found, nil))
	}
	got := map[string]string{}
	for _, h := range set.Hosts {
		files := map[string]int{}
		for _, c := range h.Checks {
			files[strings.TrimSuffix(path.Base(c.File), ".suite.yaml")]++
		}
		got[h.Name] = strings.Join(slices.Sorted(maps.Keys(files)), " ")
		if files["windows-server"] != 13 {
			t.Errorf("%s: want the 13 checks of windows-server, got %d", h.Name, files["windows-server"])
		}
	}
	want := map[string]string{
		"dc01.corp.example.org":    "dns-server domain-controller windows-server",
		"dc02.corp.example.org":    "dhcp-server dns-server domain-controller windows-server",
		"fs01.corp.example.org":    "file-server windows-server",
		"print01.corp.example.org": "print-server windows-server",
		"app01.corp.example.org":   "estate windows-server",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("packs (-want +got):\n%s", d)
	}
}

// builtInPacks are the packs that come with the program, by their names.
func builtInPacks(t *testing.T) map[string]bool {
	files, err := fs.Glob(examples.Packs, "packs/*.suite.yaml")
	if err != nil || len(files) < 2 {
		t.Fatalf("packs: %v, %v", files, err)
	}
	all := map[string]bool{}
	for _, file := range files {
		all[strings.TrimSuffix(path.Base(file), ".suite.yaml")] = true
	}
	return all
}

// packChecks are the checks of a pack as a host of its scenario has them.
func packChecks(t *testing.T, name string) []*suites.Check {
	t.Helper()
	s, err := readScenario(path.Join(packs, name+".scenario.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.unfold(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	set, found := app{getenv: func(string) string { return "" }}.library().Load(s.files())
	if len(found) > 0 {
		t.Fatal(suites.Format(found, nil))
	}
	checks := map[string]*suites.Check{}
	for _, h := range set.Hosts {
		for _, c := range h.Checks {
			checks[c.ID] = c
		}
	}
	return slices.SortedFunc(maps.Values(checks), func(a, b *suites.Check) int { return strings.Compare(a.ID, b.ID) })
}

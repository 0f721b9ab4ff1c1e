package suites

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/all"
)

// TestPrechecked holds what a precheck adds to what a suite asks of a host.
func TestPrechecked(t *testing.T) {
	const day = 24 * time.Hour
	added := []string{
		"precheck/os: name = web01", "precheck/pending_reboot", "precheck/system disk: free >= 10 GiB",
	}
	for name, c := range map[string]struct {
		host   string // web01 when ""
		checks []string
		wanted Precheck
		want   []string
		why    string
	}{
		"a host that has nothing of it": {
			checks: []string{"service: W3SVC"}, want: append([]string{"shop/service/W3SVC"}, added...),
		},
		"a host that nobody enters": {
			checks: []string{"tcp: 443"}, want: []string{"shop/tcp/443"}, why: "it may be no Windows at all",
		},
		"a port seen from the host itself": {
			checks: []string{"{tcp: 443, from: host}"}, want: append([]string{"shop/tcp from host/443"}, added...),
			why: "somebody has to enter it",
		},
		"os and pending_reboot of its own": {
			checks: []string{"os: {}", "pending_reboot: {except: [configmgr]}"},
			want:   []string{"shop/os: name = web01", "shop/pending_reboot/configmgr", added[2]},
		},
		"a disk of its own, and no plan": {
			checks: []string{"os: {}", "pending_reboot: {}", "disk: {}"},
			want:   []string{"shop/os: name = web01", "shop/pending_reboot", "shop/disk", added[2]},
			why:    "a small volume has no 10 GiB, and nobody has asked for that",
		},
		"a plan that wants room on every volume": {
			checks: []string{"os: {}", "pending_reboot: {}", "disk: {}"}, wanted: Precheck{Free: 20 << 30},
			want: []string{"shop/os: name = web01", "shop/pending_reboot", "shop/disk: free >= 20 GiB"},
		},
		"where there is no check of the disk": {
			checks: []string{"os: {}", "pending_reboot: {}"}, wanted: Precheck{Free: 1500},
			want: []string{"shop/os: name = web01", "shop/pending_reboot", "precheck/disk: free >= 1500"},
		},
		"and where it looks at some volumes": {
			checks: []string{"os: {}", "pending_reboot: {}", "disk: D", "disk: {except: [D]}"},
			wanted: Precheck{Free: 512 << 20},
			want: []string{
				"shop/os: name = web01", "shop/pending_reboot", "shop/disk/D: free >= 512 MiB", "shop/disk: free >= 512 MiB",
				"precheck/system disk: free >= 512 MiB",
			},
			why: "the system's may not be among them",
		},
		"what the owner takes as it is": {
			checks: []string{"{os: {}, expect: {name: any}}", "pending_reboot: {}", "{disk: {}, expect: {free: any}}"},
			wanted: Precheck{Free: 1 << 40},
			want:   []string{"shop/os: name any", "shop/pending_reboot", "shop/disk: free any"},
		},
		"a name that the owner expects": {
			checks: []string{"{os: {}, expect: {name: WEB-OLD}}"},
			want:   []string{"shop/os: name WEB-OLD", added[1], added[2]},
		},
		"a name of several parts, and an address": {
			host: "{name: intranet-production.corp.test, address: web01.corp.test}", checks: []string{"os: {}"},
			want: []string{"shop/os: name one of intranet-production, intranet-produc, web01", added[1], added[2]},
		},
		"a host by its address": {
			host: "10.0.0.7", checks: []string{"os: {}"}, want: []string{"shop/os", added[1], added[2]},
		},
		"a query of its own": {
			checks: []string{"{id: rows, sql: {query: SELECT 1 AS a}}"}, want: []string{"shop/rows"},
			why: "no backups are looked at",
		},
		"databases": {
			checks: []string{"sql: Orders"},
			want:   []string{"shop/sql/Orders: backup_history read, last_backup >= 2026-11-03T10:00:00Z where there"},
		},
		"databases, and a plan": {
			checks: []string{"sql: Orders", "{id: more, sql: {port: 1444}, expect: {last_backup: any}}"},
			wanted: Precheck{Backup: 36 * time.Hour, RestoreTest: 90 * day},
			want: []string{
				"shop/sql/Orders: backup_history read, last_backup >= 2026-11-08T22:00:00Z where there, " +
					"last_restore >= 2026-08-12T10:00:00Z where there",
				"shop/more: backup_history read, last_backup any, last_restore >= 2026-08-12T10:00:00Z where there",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			text := "suite: shop\nhosts: [" + or(c.host, "web01") + "]\nchecks:\n- " + strings.Join(c.checks, "\n- ") + "\n"
			set, problems := LoadBytes("f", []byte(text), all.Kinds())
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			was := asked(set.Hosts[0])
			got, problems := set.Prechecked(c.wanted, all.Kinds(), time.Date(2026, 11, 10, 10, 0, 0, 5, time.UTC))
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			if diff := cmp.Diff(c.want, asked(got.Hosts[0])); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.why, diff)
			}
			if diff := cmp.Diff(was, asked(set.Hosts[0])); diff != "" {
				t.Errorf("the set itself has changed (-was +is):\n%s", diff)
			}
		})
	}
}

func or(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

// asked is what a precheck may have changed of a host's checks.
func asked(h Host) []string {
	var all []string
	for _, c := range h.Checks {
		var expected []string
		for _, e := range c.Expect {
			if !slices.Contains([]string{"name", "free", "backup_history", "last_backup", "last_restore"}, e.Reading) {
				continue
			}
			text := e.Reading + " " + e.Predicate.String()
			if e.Default {
				text += " where there"
			}
			expected = append(expected, text)
		}
		text := c.Key()
		if len(expected) > 0 {
			text += ": " + strings.Join(expected, ", ")
		}
		all = append(all, text)
	}
	return all
}

// TestPrecheckedSuites holds what else there is to the set.
func TestPrecheckedSuites(t *testing.T) {
	load := func(name string) *Set {
		set, problems := LoadBytes("f", []byte("suite: "+name+"\nhosts: [a, b]\nchecks: [{os: {}}]\n"), all.Kinds())
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		return set
	}
	at := time.Date(2026, 11, 10, 10, 0, 0, 0, time.UTC)
	digest := func(p Precheck, at time.Time) string {
		set, problems := load("shop").Prechecked(p, all.Kinds(), at)
		if len(problems) > 0 || len(set.Suites) != 2 || set.Suites[1].Name != PrecheckSuite {
			t.Fatal(set, problems)
		}
		return set.Suites[1].Digest
	}
	if digest(Precheck{}, at) != digest(Precheck{}, at.Add(time.Hour)) {
		t.Error("a run that was cut off cannot be taken up later")
	}
	if digest(Precheck{}, at) == digest(Precheck{Free: 1}, at) {
		t.Error("what was wanted does not tell")
	}
	_, problems := load("precheck").Prechecked(Precheck{}, all.Kinds(), at)
	want := `[f: suite "precheck": postpatch precheck has a suite of that name itself]`
	if got := fmt.Sprint(problems); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

package suites

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"postpatch/probes"
	"postpatch/probes/fact"
)

const waived = `plan: p
may_change:
  - os.build
  - {change: service/Spooler.start_mode, hosts: ["tag:pilot", "srv0?"], to: = < 5, reason: "the
      vendor's fix"}
  - {change: service/Old.*, to: gone}
  - {change: dns.answers, to: [b, a]}
waivers:
  - waive: service/Spooler.state
    until: 2026-10-31
    reason: |
      the driver
      comes later
    ticket: OPS-1
    owner: print@example.org
    hosts: srv01
  - {waive: "dns.*", check: ["dns/*"], until: "9999-12-31", reason: x}
`

func planOf(t *testing.T, text string) *Plan {
	t.Helper()
	file := filepath.Join(t.TempDir(), "p.plan.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	plan, problems := LoadPlan(file, testKinds())
	if len(problems) > 0 {
		t.Fatal(Format(problems, os.ReadFile))
	}
	return plan
}

func TestLoadWaivers(t *testing.T) {
	want := []Waiver{
		{
			Pattern: Pattern{"service", "Spooler", "state"}, Hosts: []string{"srv01"},
			Until: time.Date(2026, 10, 31, 0, 0, 0, 0, time.UTC), Reason: "the driver comes later",
			Ticket: "OPS-1", Owner: "print@example.org", Line: 9,
		},
		{
			Pattern: Pattern{"dns", "", "*"}, Checks: []string{"dns/*"},
			Until: time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC), Reason: "x", Line: 17,
		},
	}
	notCompared := cmp.Options{cmpopts.IgnoreUnexported(Waiver{}), cmpopts.IgnoreFields(Waiver{}, "File")}
	if d := cmp.Diff(want, planOf(t, waived).Waivers, notCompared); d != "" {
		t.Errorf("a plan's (-want +got):\n%s", d)
	}
	_, list, _ := strings.Cut(waived, "waivers:\n")
	set := load(t, "suite: s\nhosts: [srv01]\nchecks:\n  - service: Spooler\n  - dns: a.b\nwaivers:\n"+list)
	for i := range want {
		want[i].Suite = "s"
		want[i].Line -= 2
	}
	if d := cmp.Diff(want, set.Waivers, notCompared); d != "" {
		t.Errorf("a suite's (-want +got):\n%s", d)
	}
}

func TestAWaiverHoldsOnItsLastDay(t *testing.T) {
	w := planOf(t, waived).Waivers[0]
	for at, want := range map[string]bool{
		"2020-01-01T00:00:00Z": false, "2026-10-31T23:59:59Z": false, "2026-11-01T00:00:00Z": true,
		"2026-11-01T00:30:00+01:00": false, // still October in UTC
		"2026-10-31T23:30:00-01:00": true,
	} {
		now, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := w.Over(now); got != want {
			t.Errorf("over at %s: %v", at, got)
		}
	}
}

func TestWaiverCovers(t *testing.T) {
	kinds := testKinds()
	of := func(suite, id, kind string) *Check {
		i := slices.IndexFunc(kinds, func(k probes.Kind) bool { return k.Name == kind })
		return &Check{Suite: suite, ID: id, Kind: &kinds[i], Items: probes.AnyCase}
	}
	host := Host{Name: "srv01", Tags: []string{"pilot"}}
	pattern := Pattern{"service", "Spooler", "state"}
	for name, c := range map[string]struct {
		waiver Waiver
		check  *Check
		item   string
		want   bool
	}{
		"its own":           {Waiver{Pattern: pattern}, of("s", "service/Spooler", "service"), "spooler", true},
		"another item":      {Waiver{Pattern: pattern}, of("s", "service/Spooler", "service"), "W3SVC", false},
		"another kind":      {Waiver{Pattern: pattern}, of("s", "dns/Spooler", "dns"), "Spooler", false},
		"another suite":     {Waiver{Pattern: pattern, Suite: "t"}, of("s", "service/Spooler", "service"), "Spooler", false},
		"an id":             {Waiver{Pattern: pattern, Checks: []string{"SERVICE/*"}}, of("s", "service/Spooler", "service"), "Spooler", true},
		"another id":        {Waiver{Pattern: pattern, Checks: []string{"other"}}, of("s", "service/Spooler", "service"), "Spooler", false},
		"a tag of the host": {Waiver{Pattern: pattern, Hosts: []string{"x", "tag:pil*"}}, of("s", "a", "service"), "Spooler", true},
		"another host":      {Waiver{Pattern: pattern, Hosts: []string{"srv02"}}, of("s", "a", "service"), "Spooler", false},
	} {
		if got := c.waiver.Covers(host, c.check, c.item, "state"); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	asserts := Waiver{Pattern: Pattern{"service", "", "assert"}}
	for reading, want := range map[string]bool{"assert": true, "assert 12": true, "state": false} {
		if got := asserts.Covers(host, of("s", "a", "service"), "Spooler", reading); got != want {
			t.Errorf("of assertions, %s: %v", reading, got)
		}
	}
	one, whole := Waiver{Pattern: pattern}, Waiver{Pattern: Pattern{"service", "Spooler", "*"}}
	c := of("s", "a", "service")
	if one.Covers(host, c, "Spooler", "") || !whole.Covers(host, c, "Spooler", "") {
		t.Error("an item that went as a whole is for a pattern of all its readings, and for no other")
	}
}

func TestAPlansChange(t *testing.T) {
	may := planOf(t, waived).May
	hosts := []string{"tag:pilot", "srv0?"}
	if len(may) != 4 || may[1].Reason != "the vendor's fix" || !slices.Equal(may[1].Hosts, hosts) {
		t.Fatalf("%+v", may)
	}
	for i, c := range []struct{ fine, not []fact.Value }{
		{fine: []fact.Value{nil, fact.Text("x")}},
		{[]fact.Value{fact.Text("< 5")}, []fact.Value{nil, fact.Text("4"), fact.Text("")}},
		{[]fact.Value{nil}, []fact.Value{fact.Text("gone"), fact.Text("")}},
		{[]fact.Value{fact.SetOf("a", "b")}, []fact.Value{nil, fact.SetOf("a"), fact.SetOf("a", "b", "c"), fact.Text("a, b")}},
	} {
		for _, v := range c.fine {
			if !may[i].Allows(v) {
				t.Errorf("%s to %q does not allow %v", may[i].Pattern, may[i].To, v)
			}
		}
		for _, v := range c.not {
			if may[i].Allows(v) {
				t.Errorf("%s to %q allows %v", may[i].Pattern, may[i].To, v)
			}
		}
	}
}

// What a plan names is held against the suites only where both are known.
func TestAPlanAgainstTheSuites(t *testing.T) {
	set := load(t, "suite: s\nhosts: [srv01]\nchecks:\n  - service: Spooler\n  - ping: {}\n    id: echo\n")
	plan := planOf(t, `plan: p
may_change: [{change: os.build, hosts: srv02}]
waivers:
  - {waive: service/Spooler.state, check: service/Spoler, until: 2026-10-31, reason: x}
  - {waive: service/Spooler.state, check: echo, until: 2026-10-31, reason: x}
  - {waive: service/Spooler.state, hosts: [srv01, "tag:none"], until: 2026-10-31, reason: x}
  - {waive: dns.answers, until: 2026-10-31, reason: x}
  - {waive: "service.*", check: "service/*", hosts: "srv*", until: 2026-10-31, reason: x}
`)
	said := strings.ReplaceAll(Format(plan.Against(set), nil), plan.File, "p.plan.yaml")
	golden(t, filepath.Join("testdata", "against.out"), said)
}

package suites

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const windowed = `plan: november
hosts: ["tag:tier1", "app*"]
reboot: required
must_change:
  - change: os.build
    to: ">= 20348.4405"
    where: "20348.*"
    hosts: [tag:web]
    reason: the November
      cumulative update
    update: {kb: kb5068787, severity: Critical, released: 2026-11-10, within: 72h}
  - {service/W3SVC.state: running, service.start_mode: auto}
  - {change: service.state, to: "= gone"}
may_change: [os.*]
drift: [warn, {change: service/*.*, severity: fail}, {change: service.start_mode, severity: note}]
waves:
  - {name: pilot, hosts: "tag:pilot"}
  - {name: tier2, hosts: ["app*", "tag:t2"], after: pilot, quorum: 90%, max_regressed: 1, max_unknown: 2.5 %}
  - {name: tier3, hosts: "*", after: [pilot, tier2], quorum: 3}
gate: {quorum: 95%, max_unknown: 2%}
settle: {default: 7m, dc: 1h30m, "tag:legacy": 1 day, poll: 250ms, slower: 12.5%}
passes: {late: {reboot: required}, settled: {reboot: forbidden}}
budget: {capture: 45m, verify: 4:30}
store: ./evidence
precheck: {free: 10 GiB, backup: 7d, restore_test: 12 weeks}
`

func TestLoadAWindow(t *testing.T) {
	plan := planOf(t, windowed)
	percent := func(n float64) Share { return Share{N: n, Percent: true} }
	want := &Plan{
		Name: "november", File: plan.File, Digest: plan.Digest, Reboot: RebootRequired, Must: plan.Must, May: plan.May,
		Hosts: []string{"tag:tier1", "app*"},
		Waves: []Wave{
			{Name: "pilot", Hosts: []string{"tag:pilot"}, Gate: Gate{Quorum: percent(95), MaxUnknown: percent(2)}, Line: 17},
			{
				Name: "tier2", Hosts: []string{"app*", "tag:t2"}, After: []string{"pilot"}, Line: 18,
				Gate: Gate{percent(90), Share{N: 1}, percent(2.5)},
			},
			{
				Name: "tier3", Hosts: []string{"*"}, After: []string{"pilot", "tier2"}, Line: 19,
				Gate: Gate{Quorum: Share{N: 3}, MaxUnknown: percent(2)},
			},
		},
		Gate: Gate{Quorum: percent(95), MaxUnknown: percent(2)},
		Settle: Settle{
			Default: 7 * time.Minute, Roles: map[string]time.Duration{
				"sql": 30 * time.Minute, "exchange": 15 * time.Minute, "cluster": 15 * time.Minute,
				"dc": 90 * time.Minute, "tag:legacy": 24 * time.Hour,
			},
			Return: 30 * time.Minute, Stable: time.Minute, Poll: 250 * time.Millisecond, Slower: 12.5,
		},
		Budgets: map[string]Budget{"capture": {For: 45 * time.Minute}, "verify": {At: "04:30"}},
		Store:   filepath.Join(filepath.Dir(plan.File), "evidence"),
		Drift: []Drift{
			{Severity: "warn"},
			{Pattern: Pattern{Kind: "service", Reading: "*"}, Severity: "fail"},
			{Pattern: Pattern{Kind: "service", Reading: "start_mode"}, Severity: "note"},
		},
		Passes:   map[Pass]Reboot{PassLate: RebootRequired, PassSettled: RebootForbidden},
		Precheck: Precheck{Free: 10 << 30, Backup: 7 * 24 * time.Hour, RestoreTest: 84 * 24 * time.Hour},
	}
	notCompared := cmp.Options{
		cmpopts.IgnoreUnexported(Plan{}, Wave{}, Drift{}, MayChange{}), cmpopts.IgnoreFields(Plan{}, "Must"),
	}
	if d := cmp.Diff(want, plan, notCompared); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	var must []string
	for _, m := range plan.Must {
		must = append(must, m.Pattern.String()+" "+m.Predicate.String())
	}
	words := []string{
		"os.build >= 20348.4405", "service/W3SVC.state running", "service.start_mode auto", "service.state = gone",
	}
	if d := cmp.Diff(words, must); d != "" {
		t.Fatalf("must change (-want +got):\n%s", d)
	}
	first := plan.Must[0]
	update := Update{
		KB: "KB5068787", Severity: "critical", Released: time.Date(2026, 11, 10, 0, 0, 0, 0, time.UTC),
		Within: 72 * time.Hour,
	}
	if first.Where != "20348.*" || !slices.Equal(first.Hosts, []string{"tag:web"}) || first.Update != update ||
		first.Reason != "the November cumulative update" {
		t.Errorf("must change: %+v", first)
	}
}

// What a plan does not say is as the README has it.
func TestAPlanThatSaysNothing(t *testing.T) {
	plan := planOf(t, "plan: p\n")
	if d := cmp.Diff(DefaultSettle(), plan.Settle); d != "" {
		t.Errorf("settle (-want +got):\n%s", d)
	}
	if plan.Gate != (Gate{Quorum: Share{N: 100, Percent: true}}) || plan.Waves != nil || plan.Store != "" ||
		plan.Budgets != nil || plan.Precheck != (Precheck{}) || plan.Drift != nil || plan.Passes != nil || plan.Hosts != nil {
		t.Errorf("plan: %+v", plan)
	}
}

func TestStoreOfAPlan(t *testing.T) {
	for text, want := range map[string]string{
		"evidence": "evidence", "../shared/x": "../shared/x", "s3://bucket?region=eu": "s3://bucket?region=eu",
		"azblob://c": "azblob://c", "file:///srv/evidence": "file:///srv/evidence",
	} {
		plan := planOf(t, "plan: p\nstore: "+text+"\n")
		if !strings.Contains(want, "://") {
			want = filepath.Join(filepath.Dir(plan.File), filepath.FromSlash(want))
		}
		if plan.Store != want {
			t.Errorf("%s: %q, want %q", text, plan.Store, want)
		}
	}
}

func TestSpan(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0s": 0, "60s": time.Minute, "1m": time.Minute, "90m": 90 * time.Minute, "1h30m": 90 * time.Minute, "24h": day,
		"2h": 2 * time.Hour, "36h": 36 * time.Hour, "1d": day, "3 days": 3 * day, "2w": 14 * day, "1 week": 7 * day,
		"1.5s": 1500 * time.Millisecond, "1h0m1s": time.Hour + time.Second, "1000 weeks": 7000 * day,
	} {
		if got, ok := parseSpan(text); !ok || got != want {
			t.Errorf("%q: %s, %v", text, got, ok)
		}
		if got, ok := parseSpan(Span(want)); !ok || got != want {
			t.Errorf("%s is written %q, which reads as %s", want, Span(want), got)
		}
	}
	for _, text := range []string{"", "5", "-1s", "-1d", "1 month", "d", "1.5d", "10001d", "1e3d", "1d2h", "∞d"} {
		if got, ok := parseSpan(text); ok {
			t.Errorf("%q: %s", text, got)
		}
	}
}

func TestWaved(t *testing.T) {
	set := load(t, "suite: s\nhosts:\n  - {name: a1, tags: [pilot]}\n  - {name: a2, tags: [Pilot]}\n  - b1\n  - c1\n"+
		"  - {name: a3, tags: [other]}\nchecks:\n  - ping: {}\n")
	plan := planOf(t, "plan: p\nhosts: [\"a*\", \"b*\", c1]\nwaves:\n  - {name: pilot, hosts: \"tag:pilot\"}\n"+
		"  - {name: rest, hosts: [\"a*\", \"b*\"]}\n")
	names := func(hosts []Host) (all []string) {
		for _, h := range hosts {
			all = append(all, h.Name)
		}
		return all
	}
	waves, left := plan.Waved(plan.Of(set.Hosts))
	got := [][]string{names(waves[0]), names(waves[1]), names(left)}
	if d := cmp.Diff([][]string{{"a1", "a2"}, {"b1", "a3"}, {"c1"}}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// How a plan fits its suites is told with the place in the plan.
func TestAWindowAgainstTheSuites(t *testing.T) {
	set := load(t, `suite: s
hosts:
  - {name: a1, tags: [pilot]}
  - {name: a2, tags: [pilot]}
  - b1
  - c1
  - d1
checks:
  - service: Spooler
  - os: {}
    hosts: ["a*"]
`)
	for name, text := range map[string]string{
		"fits": `plan: p
hosts: ["*1", a2]
must_change: [{change: os.build, to: x, hosts: "a*"}, {service.state: running}]
may_change: [service.*]
drift: [warn, {change: os.*, severity: fail}]
waves: [{name: pilot, hosts: "tag:pilot", quorum: 2}, {name: rest, hosts: [b1, c1, d1], after: pilot}]
settle: {default: 5m, "tag:pilot": 20m}
`,
		"no waves":            "plan: p\nhosts: a1\n",
		"a host in no wave":   "plan: p\nwaves: [{name: pilot, hosts: [a1, b1]}]\n",
		"whom the plan means": "plan: p\nhosts: [\"a*\", b1, nobody]\nwaves: [{name: pilot, hosts: a1}]\n",
		"misfits": `plan: p
hosts: ["a*", b1]
must_change: [{change: os.build, to: x, hosts: b1}, {change: web.status, to: "200"}, {dns.ttl: 5s}]
may_change: [ping.loss, {change: service.*, hosts: c1}]
drift: [fail, {change: run.value, severity: warn}]
waves:
  - {name: pilot, hosts: [a1, "tag:nothing"], quorum: 3}
  - {name: more, hosts: ["a*"]}
  - {name: elsewhere, hosts: c1, after: pilot}
settle: {web: 5m, dc: 25m, "tag:pilto": 5m}
`,
	} {
		t.Run(name, func(t *testing.T) {
			plan := planOf(t, text)
			said := strings.ReplaceAll(Format(plan.Against(set), nil), plan.File, "p.plan.yaml")
			golden(t, filepath.Join("testdata", "window", strings.ReplaceAll(name, " ", "-")+".out"), said)
		})
	}
}

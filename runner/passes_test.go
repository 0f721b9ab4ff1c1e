package runner_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/baseline"
	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/runner"
	"postpatch/runner/report"
	"postpatch/suites"
)

// passKinds are a process that must not leak, and what tells a reboot.
func passKinds(t *testing.T) []suites.Host {
	t.Helper()
	ignore := fact.Rule{Op: fact.Ignore}
	kinds := []probes.Kind{
		kind(probes.Kind{Name: "process", Readings: []probes.ReadingSpec{
			{Name: "memory", Type: fact.TypeInt, Rule: ignore, Trend: 20},
			{Name: "state", Type: fact.TypeText, Severity: fact.Fail},
		}}, nil),
		kind(probes.Kind{Name: "os", Readings: []probes.ReadingSpec{
			{Name: "boot_time", Type: fact.TypeTime, Rule: ignore, Role: probes.BootTime},
			{Name: "uptime", Type: fact.TypeDuration, Rule: ignore, Role: probes.Uptime},
			{Name: "clock_skew", Type: fact.TypeDuration, Rule: ignore, Role: probes.ClockSkew},
			{Name: "boots", Type: fact.TypeSet, Rule: ignore, Role: probes.Boots},
		}}, nil),
	}
	const text = "suite: s\nhosts: [h]\nchecks: [{process: {}}, {os: {}}]\n"
	set, problems := suites.LoadBytes("s.suite.yaml", []byte(text), kinds)
	if len(problems) > 0 {
		t.Fatal(suites.Format(problems, nil))
	}
	return set.Hosts
}

// pass is what one look at the host saw: memory by process, and when it was started.
type pass struct {
	memory map[string]int64
	state  string
	boots  []time.Duration // before the look; the last one is the newest
	at     time.Duration   // of the look
}

func (p pass) host() baseline.Host {
	zero := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	h := baseline.Host{Host: "h", Identity: "m", Checks: []baseline.Check{
		{Check: "s/os", Kind: "os"}, {Check: "s/process", Kind: "process"},
	}}
	add := func(check, item, name string, v fact.Value) {
		key := fact.Key{Host: "h", Check: check, Item: item, Name: name}
		h.Readings = append(h.Readings, fact.Reading{Key: key, Value: v})
	}
	for name, n := range p.memory {
		add("s/process", name, "memory", fact.Int(n))
	}
	add("s/process", "", "state", fact.Text(p.state))
	if len(p.boots) > 0 {
		newest := p.boots[len(p.boots)-1]
		var log []string
		for _, b := range p.boots {
			log = append(log, zero.Add(b).Format(time.RFC3339)+" planned")
		}
		add("s/os", "", "boot_time", fact.Time(zero.Add(newest)))
		add("s/os", "", "uptime", fact.Duration(p.at-newest))
		add("s/os", "", "clock_skew", fact.Duration(0))
		add("s/os", "", "boots", fact.SetOf(log...))
	}
	h.Sort()
	return h
}

func lsass(mb int64) map[string]int64 { return map[string]int64{"lsass": mb << 20} }

// Each pass is held against the baseline and against the passes before.
func TestPasses(t *testing.T) {
	const day = 24 * hour
	week := []time.Duration{-7 * day}
	patched := []time.Duration{-7 * day, 1 * hour}
	again := []time.Duration{-7 * day, 1 * hour, 20 * hour}
	required := map[suites.Pass]suites.Reboot{suites.PassLate: suites.RebootRequired}
	forbidden := map[suites.Pass]suites.Reboot{suites.PassLate: suites.RebootForbidden}
	for _, c := range []struct {
		name, why string
		passes    []pass // the first is the baseline, the last one is judged
		plan      map[suites.Pass]suites.Reboot
		want      []string
	}{
		{
			name: "nothing moves", why: "nothing is to be told",
			passes: []pass{{lsass(200), "ok", week, 0}, {lsass(180), "ok", patched, 2 * hour}, {lsass(200), "ok", patched, day}},
		},
		{
			name: "lsass grows", why: "each pass has more than the one before, and more than before the patch",
			passes: []pass{
				{lsass(200), "ok", week, 0},
				{lsass(210), "ok", patched, 2 * hour},
				{lsass(300), "ok", patched, 3 * hour},
				{lsass(600), "ok", patched, day},
			},
			want: []string{
				"process lsass memory drifted: 209715200 at the baseline, 220200960 early, " +
					"314572800 settled, 629145600 now",
			},
		},
		{
			name: "it grows to what it was", why: "after a start everything grows: what it was before the patch is no leak",
			passes: []pass{{lsass(600), "ok", week, 0}, {lsass(210), "ok", patched, 2 * hour}, {lsass(600), "ok", patched, day}},
		},
		{
			name: "it grew, and shrank again", why: "a leak does not shrink",
			passes: []pass{
				{lsass(200), "ok", week, 0},
				{lsass(500), "ok", patched, 2 * hour},
				{lsass(300), "ok", patched, 3 * hour},
				{lsass(600), "ok", patched, day},
			},
		},
		{
			name: "a little more each time", why: "nineteen percent are within what it may",
			passes: []pass{{lsass(200), "ok", week, 0}, {lsass(210), "ok", patched, 2 * hour}, {lsass(249), "ok", patched, day}},
		},
		{
			name: "new since the baseline", why: "what was not there cannot have grown",
			passes: []pass{{nil, "ok", week, 0}, {lsass(200), "ok", patched, 2 * hour}, {lsass(600), "ok", patched, day}},
		},
		{
			name: "one pass alone", why: "one step after the start is no trend",
			passes: []pass{{lsass(200), "ok", week, 0}, {lsass(600), "ok", patched, day}},
		},
		{
			name: "broken in the pass before, too", why: "the reader wants to know what is new",
			passes: []pass{{nil, "ok", week, 0}, {nil, "bad", patched, 2 * hour}, {nil, "bad", patched, day}},
			want:   []string{"process  state drifted as in early: bad"},
		},
		{
			name: "broken since the pass before", why: "it held once after the patch",
			passes: []pass{{nil, "ok", week, 0}, {nil, "ok", patched, 2 * hour}, {nil, "bad", patched, day}},
			want:   []string{"process  state drifted new since early: bad"},
		},
		{
			name: "no second reboot", why: "the plan wants one before the late pass, since one update only breaks there",
			passes: []pass{{nil, "ok", week, 0}, {nil, "ok", patched, 2 * hour}, {nil, "ok", patched, day}}, plan: required,
			want: []string{"reboot since early  reboot unmet"},
		},
		{
			name: "a second reboot", why: "it was made",
			passes: []pass{{nil, "ok", week, 0}, {nil, "ok", patched, 2 * hour}, {nil, "ok", again, day}}, plan: required,
			want: []string{"os  boots drifted new since early"},
		},
		{
			name: "no pass before", why: "since when is not known, and the first restart is not the second",
			passes: []pass{{nil, "ok", week, 0}, {nil, "ok", patched, day}}, plan: required,
			want: []string{"reboot since the pass before unknown"},
		},
		{
			name: "a reboot that nobody wants", why: "a host that restarts by itself after the patch is not well",
			passes: []pass{{nil, "ok", week, 0}, {nil, "ok", patched, 2 * hour}, {nil, "ok", again, day}}, plan: forbidden,
			want: []string{"os  boots drifted new since early", "reboot since early  reboot unmet"},
		},
		{
			name: "nobody can tell of the second reboot", why: "what is not known is never met",
			passes: []pass{{nil, "ok", week, 0}, {nil, "ok", patched, 2 * hour}, {nil, "ok", nil, day}}, plan: required,
			want: []string{"os unknown", "reboot since early unknown"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			hosts := passKinds(t)
			plan := &suites.Plan{Name: "p", Reboot: suites.RebootAllowed, Passes: c.plan}
			planning := runner.NewPlanning(plan)
			var earlier []runner.Earlier
			for i, p := range c.passes[1 : len(c.passes)-1] {
				earlier = append(earlier, runner.Earlier{
					Pass: suites.Passes()[i], Run: "r",
					Host: func(string) (baseline.Host, bool) { return p.host(), true },
				})
			}
			planning.After(suites.PassLate, earlier)
			before, now := c.passes[0].host(), c.passes[len(c.passes)-1].host()
			judged := runner.Judge(runner.Visit{Host: hosts[0], Seen: now}, &before, planning)
			if diff := cmp.Diff(c.want, passTold(judged)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.why, diff)
			}
		})
	}
}

// passTold are the findings of a host, and whether the pass before had them.
func passTold(h report.Host) []string {
	var all []string
	for _, c := range h.Checks {
		if c.Outcome == report.Unknown {
			all = append(all, c.ID+" unknown")
		}
		for _, f := range c.Findings {
			line := strings.Join([]string{c.ID, f.Item, f.Reading, string(f.Outcome)}, " ")
			if f.Pass.Pass != "" {
				line += map[bool]string{true: " as in ", false: " new since "}[f.Pass.Had] + f.Pass.Pass
			}
			if f.Reading == "memory" || f.Reading == "state" {
				line += ": " + f.Now
			}
			all = append(all, line)
		}
	}
	return all
}

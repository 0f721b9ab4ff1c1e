package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/baseline"
	"postpatch/probes"
	"postpatch/probes/all"
	"postpatch/probes/fact"
	"postpatch/runner"
	"postpatch/runner/report"
	"postpatch/suites"
)

// Of every scenario in which something drifts: what accept writes makes the drift
// expected, and leaves everything else as it was judged.
func TestAcceptedDriftIsExpected(t *testing.T) {
	files, err := filepath.Glob("../../examples/scenarios/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	files = append(files, "../../examples/demo/acme.scenario.yaml")
	drifting := 0
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			if acceptedIsExpected(t, file) {
				drifting++
			}
		})
	}
	if drifting < 5 {
		t.Errorf("only %d scenarios drift", drifting)
	}
}

func acceptedIsExpected(t *testing.T, file string) (drifts bool) {
	s, err := readScenario(file)
	if err != nil {
		t.Fatal(err)
	}
	st, verified, _ := played(t, s)
	for _, h := range verified {
		for _, c := range h.Checks {
			for _, f := range c.Findings {
				drifts = drifts || isDrift(f)
			}
		}
	}
	var out, talk bytes.Buffer
	a := app{stdout: &out, stderr: &talk, getenv: func(string) string { return "" }}
	written := filepath.Join(t.TempDir(), "deep", "accepted.plan.yaml")
	args := append([]string{"accept", "demo-verify", "--store", st.store, "-o", written}, st.scenario.files()...)
	if plan := st.scenario.Plan.path; plan != "" {
		args = append(args, "--plan", plan)
	}
	if code := run(t.Context(), args, a); code != 0 || out.Len() > 0 {
		t.Fatalf("exit %d\n%s%s", code, &out, &talk)
	}
	nothing := strings.Contains(talk.String(), "nothing to accept")
	if _, err := os.Stat(written); (err == nil) != drifts || nothing == drifts {
		t.Fatalf("drifts: %v, written: %v\n%s", drifts, err, &talk)
	}
	if !drifts {
		return false
	}
	c := judgeJob{
		inputs: inputs{store: st.store, name: "demo-verify", plan: written, scripts: true, atOnce: 1},
		suites: st.scenario.files(),
	}
	p, r, err := c.ready(t.Context(), a)
	if err != nil {
		text, _ := os.ReadFile(written)
		t.Fatalf("%v\n%s%s", err, &talk, text)
	}
	again, err := verdictsBy(t.Context(), p, r)
	if err != nil {
		t.Fatal(err)
	}
	compareAccepted(t, verified, again.hosts)
	otherDriftStillDrifts(t, p, r, verified)
	return true
}

// compareAccepted wants no drift left, and everything else as it was.
func compareAccepted(t *testing.T, before, after []report.Host) {
	t.Helper()
	type place struct{ host, check, item, reading string }
	gather := func(hosts []report.Host) map[place]report.Finding {
		all := map[place]report.Finding{}
		for _, h := range hosts {
			for _, c := range h.Checks {
				for _, f := range c.Findings {
					all[place{h.Host, c.Suite + "/" + c.ID, f.Item, f.Reading}] = f
				}
			}
		}
		return all
	}
	was, is := gather(before), gather(after)
	for at, f := range is {
		if isDrift(f) {
			t.Errorf("%v still drifts: %+v", at, f)
		}
		if _, known := was[at]; !known && report.Worse(f.Outcome, report.Expected) {
			t.Errorf("%v is new: %+v", at, f)
		}
	}
	for at, f := range was {
		if f.Outcome != report.Drifted {
			if d := cmp.Diff(f, is[at]); d != "" {
				t.Errorf("%v (-before +after):\n%s", at, d)
			}
		} else if o := is[at].Outcome; isDrift(f) && o != report.Expected && o != report.PreExisting && o != "" {
			t.Errorf("%v comes to %s", at, o)
		}
	}
}

// otherDriftStillDrifts changes, of every reading that was accepted, the value that
// is seen to another one: that is drift again.
func otherDriftStillDrifts(t *testing.T, p performance, r replay, verified []report.Host) {
	t.Helper()
	drifted := map[string]bool{}
	for _, h := range verified {
		for _, c := range h.Checks {
			for _, f := range c.Findings {
				drifted[h.Host+"/"+c.Subject(f.Item)+"/"+f.Reading] = isDrift(f)
			}
		}
	}
	unjudged := func(v runner.Visit, before *baseline.Host) judged { return judged{visit: v, before: before} }
	err := r.of(p.job)(t.Context(), judges{judge: unjudged, take: func(j judged) error {
		v, before := j.visit, j.before
		for _, c := range runner.Judge(v, before, p.planning()).Checks {
			for _, f := range c.Findings {
				if !drifted[v.Host.Name+"/"+c.Subject(f.Item)+"/"+f.Reading] || f.Reading == "" || !f.HasNow {
					continue
				}
				other := v
				other.Seen.Readings = append([]fact.Reading{}, v.Seen.Readings...)
				for i, reading := range other.Seen.Readings {
					k := reading.Key
					if k.Check == c.Suite+"/"+c.ID && strings.EqualFold(k.Item, f.Item) && k.Name == f.Reading {
						other.Seen.Readings[i].Value = another(reading.Value)
					}
				}
				stillDrifts := false
				for _, c := range runner.Judge(other, before, p.planning()).Checks {
					for _, g := range c.Findings {
						stillDrifts = stillDrifts || g.Item == f.Item && g.Reading == f.Reading && g.Outcome != report.Expected
					}
				}
				if !stillDrifts {
					t.Errorf("%s %s %s %s: another value than %q is expected too", v.Host.Name, c.ID, f.Item, f.Reading, f.Now)
				}
			}
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
}

func another(v fact.Value) fact.Value {
	switch v := v.(type) {
	case fact.Bool:
		return !v
	case fact.Int:
		return v + 1000
	case fact.Duration:
		return v + 1_000_000_000_000
	case fact.Set:
		return fact.SetOf(append(v.Elems(), "another")...)
	case fact.Time:
		return fact.Time(time.Time(v).Add(time.Hour))
	case fact.Text:
		return v + " and another"
	default:
		return v
	}
}

// What is written is read as it was meant, whatever a host has put into it, and
// means this value and no other.
func FuzzAcceptedIsReadAsMeant(f *testing.F) {
	for _, text := range []string{
		"plain", "", " ", "= < 5", "any", "gone", "empty", "null", "~", "yes", "a: b", "# no", "- x", "{{ x }}", "'", "\"", "\\",
		"a*b?", "\x1b[31m", "a\r\nb", "\xff\xfe", "\u202e", "\u2028", "a,b", ", ", "20348.4405", "0x1F", "1e3", "K",
		"digest 5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9", "C:\\new\tx", "%s", "&a", "*a", "!!str",
	} {
		f.Add(text, "Spooler", "web01")
		f.Add("x", text, "web02")
	}
	kinds := all.Kinds()
	f.Fuzz(func(t *testing.T, value, item, other string) {
		i := slices.IndexFunc(kinds, func(k probes.Kind) bool { return k.Name == "service" })
		j := slices.IndexFunc(kinds, func(k probes.Kind) bool { return k.Name == "dns" })
		set := fact.SetOf(value, other, item)
		said := report.Finding{Before: other, HasBefore: true, Now: value, HasNow: true}
		all := newChanges()
		drifts := []driftOn{
			{"web01", runner.Drift{Kind: kinds[i], Item: item, Reading: "path", After: fact.Text(value), Finding: said}},
			{"web02", runner.Drift{Kind: kinds[i], Item: item, Reading: "path", After: fact.Text(value), Finding: said}},
			{"web02", runner.Drift{Kind: kinds[j], Item: item, Reading: "answers", After: set, Finding: said}},
			{"web02", runner.Drift{Kind: kinds[i], Item: item, Reading: "*", Finding: said}},
		}
		all.add(drifts)
		job := acceptJob{judgeJob: judgeJob{inputs: inputs{name: "run"}, suites: []string{"accept_test.go"}}}
		_, plan, err := job.compose(all.sorted(), nil)
		if err != nil && len(item) < 60_000 {
			t.Fatalf("%v\n%s", err, job.fresh(nil))
		}
		if err != nil {
			return
		}
		for _, d := range drifts {
			fits := func(m suites.MayChange, v fact.Value) bool {
				c := &suites.Check{Kind: &d.Kind, Items: d.Kind.Items}
				return m.Pattern.Matches(c, d.Item, d.Reading) && m.Allows(v) && slices.Contains(m.Hosts, d.host)
			}
			if !slices.ContainsFunc(plan.May, func(m suites.MayChange) bool { return fits(m, d.After) }) {
				t.Fatalf("%+v is not allowed by %+v", d, plan.May)
			}
			if d.After == nil {
				continue
			}
			if slices.ContainsFunc(plan.May, func(m suites.MayChange) bool { return fits(m, another(d.After)) }) {
				t.Fatalf("another value than %q is allowed by %+v", d.After, plan.May)
			}
		}
	})
}

// What stands in an operator's plan stays there.
func TestAddingToAPlanLeavesTheRest(t *testing.T) {
	entries := []string{"# why", "- change: os.build", "  to: gone"}
	stay := func(path string) string { return path }
	for name, c := range map[string]struct{ plan, want string }{
		"no may_change":     {"plan: p # x", "plan: p # x\nmay_change:\n  # why\n  - change: os.build\n    to: gone\n"},
		"a list":            {"plan: p\nmay_change:\n    # a\n    - os.*\n", "plan: p\nmay_change:\n    # why\n    - change: os.build\n      to: gone\n    # a\n    - os.*\n"},
		"a list in a line":  {"plan: p\nmay_change: [os.*]\n", "plan: p\nmay_change:\n  # why\n  - change: os.build\n    to: gone\n  - os.*\n"},
		"a text":            {"may_change: os.*\nplan: p\n", "may_change:\n  # why\n  - change: os.build\n    to: gone\n  - os.*\nplan: p\n"},
		"an alias":          {"suites: &a [os.x]\nmay_change: *a\n", "suites: &a [os.x]\nmay_change:\n  # why\n  - change: os.build\n    to: gone\n  - os.x\n"},
		"all in a line":     {"{plan: p}", "plan: p\nmay_change:\n  # why\n  - change: os.build\n    to: gone\n"},
		"an end":            {"plan: p\n...\n", "plan: p\nmay_change:\n  # why\n  - change: os.build\n    to: gone\n"},
		"a text of lines":   {"waivers:\n- reason: |\n    a\n\n    b", "waivers:\n- reason: |\n    a\n\n    b\nmay_change:\n  # why\n  - change: os.build\n    to: gone\n"},
		"ends of Windows":   {"plan: p\r\nmay_change:\r\n- a.b\r\n", "plan: p\r\nmay_change:\r\n# why\r\n- change: os.build\r\n  to: gone\r\n- a.b\r\n"},
		"a mark in front":   {"\uFEFFplan: p\n", "plan: p\nmay_change:\n  # why\n  - change: os.build\n    to: gone\n"},
		"all moved inwards": {"  plan: p\n", "  plan: p\n  may_change:\n    # why\n    - change: os.build\n      to: gone\n"},
	} {
		got, err := addTo([]byte(c.plan), "may_change", entries, stay)
		if d := cmp.Diff(c.want, string(got)); err != nil || d != "" {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, d)
		}
	}
}

// A must_change may be a mapping still, which becomes the list's last entry.
func TestAddingToAMustChange(t *testing.T) {
	entries := []string{"- change: os.build", "  to: x"}
	for name, c := range map[string]struct{ plan, want string }{
		"none":               {"plan: p\n", "plan: p\nmust_change:\n  - change: os.build\n    to: x\n"},
		"a list":             {"must_change:\n- a.b: c # d\nplan: p\n", "must_change:\n- change: os.build\n  to: x\n- a.b: c # d\nplan: p\n"},
		"a mapping":          {"# a\nmust_change:\n  # b\n  a.b: c # d\n  e.f: [g]\nplan: p\n", "# a\nmust_change:\n  - change: os.build\n    to: x\n  - # b\n    a.b: c # d\n    e.f: [g]\nplan: p\n"},
		"a mapping in a row": {"must_change: {a.b: c} # d\n", "must_change:\n  - change: os.build\n    to: x\n  - {a.b: c} # d\n"},
	} {
		got, err := addTo([]byte(c.plan), "must_change", entries, func(path string) string { return path })
		if d := cmp.Diff(c.want, string(got)); err != nil || d != "" {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, d)
		}
	}
}

// That accepting a drift excuses something else is never written.
func TestAcceptExcusesNothingElse(t *testing.T) {
	host := func(o report.Outcome) []report.Host {
		return []report.Host{{Host: "h", Checks: []report.Check{{ID: "c", Findings: []report.Finding{
			{Reading: "a", Outcome: o, Severity: "warn"}, {Reading: "b", Outcome: report.Drifted, Severity: "note"},
		}}}}}
	}
	if _, err := onlyDrift(host(report.Regressed), host(report.Expected)); err == nil {
		t.Error("what regressed would be expected")
	}
	if left, err := onlyDrift(host(report.Drifted), host(report.Expected)); err != nil || len(left) > 0 {
		t.Error(left, err)
	}
	if left, err := onlyDrift(host(report.Drifted), host(report.Drifted)); err != nil || len(left) != 1 {
		t.Error(left, err)
	}
}

// The README's waiver and its accepted change are what they say, and the example
// comes to what it says.
func TestREADMEWaivers(t *testing.T) {
	content, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	readme := string(content)
	text := "plan: p\n"
	for _, marker := range []string{"waivers", "accepted"} {
		start, end := block(t, readme, marker)
		text += readme[start:end]
	}
	plan, problems := suites.LoadPlanBytes("p.plan.yaml", []byte(text), all.Kinds())
	if len(problems) > 0 {
		t.Fatal(suites.Format(problems, nil))
	}
	if len(plan.Waivers) != 1 || len(plan.May) != 1 {
		t.Fatalf("%+v", plan)
	}
	if may := plan.May[0]; !may.Allows(fact.Text(`E:\Scans`)) || may.Allows(nil) {
		t.Errorf("%+v", plan)
	}
	var out bytes.Buffer
	a := app{stdout: &out, stderr: io.Discard, getenv: func(string) string { return "" }}
	if code := run(t.Context(), []string{"demo", "../../examples/waivers.scenario.yaml"}, a); code != 0 {
		t.Errorf("exit %d\n%s", code, &out)
	}
}

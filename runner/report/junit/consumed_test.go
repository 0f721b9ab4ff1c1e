package junit_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/runner/report"
	"postpatch/runner/report/junit"
)

// The readers have the consumers' rules: each case is a document that one of them would
// read as somebody else would not.
func TestConsumersAreAsTheyAre(t *testing.T) {
	const head = ` time="1" timestamp="2026-03-15T02:52:00" tests="1" failures="0" errors="0" skipped="0"`
	nested := `<testsuites><testsuite name="a"` + head + `><testsuite name="b"` + head +
		`><testcase name="n" classname="c" time="0"/></testsuite></testsuite></testsuites>`
	twice := `<testsuites><testsuite name="a"` + head + `><testcase name="n" classname="x.y.c" time="1,5"/></testsuite>` +
		`<testsuite name="a"` + head + `><testcase name="n" classname="x.y.c" time="0"><failure message="m">t</failure></testcase></testsuite></testsuites>`
	both := `<testsuites><testsuite name="a"` + head + `><testcase name="n" classname="c" time="0">` +
		`<failure message="f">failure</failure><error message="e">error</error></testcase></testsuite></testsuites>`
	nameless := `<testsuites><testsuite name="a"` + head + `><testcase classname="c" time="0"/></testsuite></testsuites>`
	typed := `<testsuites><testsuite name="a"` + head + `><testcase name="n" classname="c" time="0">` +
		`<failure type="symbol">x</failure></testcase></testsuite></testsuites>`
	for _, c := range []struct{ who, doc, want string }{
		{"Jenkins", nested, "n passed "},
		{"dorny", nested, ""},
		{"GitLab", nested, "n passed "},
		{"Azure", nested, "n passed "},
		{"Jenkins", twice, "n passed "},                 // the second suite is lost, and its failure
		{"GitLab", twice, "n passed "},                  // the second case is
		{"Azure", twice, "n passed ; n failed t"},       // and here none
		{"EnricoMi", twice, "the suites' failures are"}, // whose counters lie
		{"Jenkins", both, "n failed error"},
		{"Azure", both, "n failed failure"},
		{"GitLab", both, "n failed failure"},
		{"dorny", both, "n failed failure"},
		{"dorny", nameless, "reading 'trim' of undefined"},
		{"Azure", nameless, ""},
		{"GitLab", typed, "a type of Rails"},
		{"Jenkins", "<a", "EOF"},
	} {
		cases, err := consumers()[c.who]([]byte(c.doc))
		var got []string
		for _, s := range cases {
			got = append(got, s.name+" "+s.state+" "+s.text)
		}
		said := strings.Join(got, "; ")
		if err != nil {
			said = err.Error()
		}
		if said != c.want && (c.want == "" || !strings.Contains(said, c.want)) {
			t.Errorf("%s: got %q, want %q of %s", c.who, said, c.want, c.doc)
		}
	}
}

// night are hosts with a check of every outcome, one that does not answer, and two of
// names that Jenkins cannot tell apart.
func night() []report.Host {
	var checks []report.Check
	for _, o := range report.Outcomes() {
		checks = append(checks, one(o, func(c *report.Check) {
			c.ID, c.Kind, c.Owner = "check/"+string(o), "service", map[bool]string{true: "dba", false: "web"}[len(checks)%2 == 0]
		}))
	}
	lost := one(report.Unknown, func(c *report.Check) { c.Error, c.Kind = "i/o timeout", "service" })
	other := lost
	other.ID, other.Suite, other.Owner = "disk/C:", "base", "dba"
	at := time.Date(2026, 3, 15, 2, 52, 0, 0, time.UTC)
	return []report.Host{
		{Host: "srv1.corp.local", Checks: checks, Started: at},
		{Host: "srv2.corp.local", Checks: []report.Check{lost, other}, Unreachable: "i/o timeout", Started: at},
		{Host: "srv1_corp_local", Checks: slices.Clone(checks[8:]), Started: at},
		{Host: "srv1.corp_local", Checks: slices.Clone(checks[8:]), Started: at},
	}
}

// outcomes are what each consumer makes of them: Azure and dorny know no error, and only
// Azure and Jenkins no difference between it and a failure.
func TestWhatEveryConsumerMakesOfEveryOutcome(t *testing.T) {
	want := map[string]string{
		"check/skipped": "skipped", "check/passed": "passed", "check/fixed": "passed", "check/expected": "passed",
		"check/drifted": "passed", "check/pre-existing": "skipped", "check/waived": "skipped", "check/unknown": "error",
		"check/unmet": "failed", "check/failed": "failed", "check/regressed": "failed",
		"host reachable": "error", "service/W3SVC": "skipped", "disk/C:": "skipped",
	}
	for who, read := range consumers() {
		for _, flavor := range []junit.Flavor{junit.Default, junit.Extended, junit.Surefire} {
			cases, err := read(played(t, junit.Options{Flavor: flavor}, night()...))
			if err != nil {
				t.Fatalf("%s: %v", who, err)
			}
			if wantCases := 11 + 3 + 3 + 3; len(cases) != wantCases {
				t.Errorf("%s sees %d cases of %d", who, len(cases), wantCases)
			}
			for _, c := range cases {
				state := want[c.name]
				if state == "error" && (who == "Azure" || who == "dorny" || who == "Jenkins") {
					state = "failed"
				}
				if c.state != state {
					t.Errorf("%s: %s is %s, want %s", who, c.name, c.state, state)
				}
				says := c.text
				if who == "Azure" && c.state == "skipped" {
					says = map[bool]string{true: c.message, false: "nothing, which the schema wants"}[flavor != junit.Default]
				}
				points := strings.Contains(says, "stopped") || strings.Contains(says, "i/o timeout") ||
					strings.Contains(says, "unknown")
				if c.red() && !points || c.state == "skipped" && says == "" && who != "dorny" {
					t.Errorf("%s: of %s it shows %q", who, c.name, says)
				}
			}
		}
	}
}

// Jenkins shows suites as packages and hosts as classes.
func TestJenkinsTellsHostsApart(t *testing.T) {
	cases, err := jenkins(played(t, junit.Options{}, night()...))
	if err != nil {
		t.Fatal(err)
	}
	groups := map[string]bool{}
	for _, c := range cases {
		groups[c.group] = true
	}
	want := map[string]bool{
		"web|srv1_corp_local": true, "web|srv2_corp_local": true, "base|srv2_corp_local": true,
		"web|srv1_corp_local~2": true, "web|srv1_corp_local~3": true,
	}
	if diff := cmp.Diff(want, groups); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A host may be called as the second of two is told apart, and a time be none that Azure knows.
func TestNoHostIsTakenForTheSecondOfTwo(t *testing.T) {
	var hosts []report.Host
	for _, name := range []string{"a", "a", "a~2", "a", "a~2~2", "a~2"} {
		hosts = append(hosts, report.Host{
			Host: name, Started: time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC),
			Checks: []report.Check{{ID: "x", Suite: "s", Outcome: report.Passed}},
		})
	}
	var document bytes.Buffer
	to := junit.New(&document, junit.Options{})
	err := to.Start(report.Run{Command: "verify"})
	for _, h := range hosts {
		err = errors.Join(err, to.Host(h))
	}
	if err = errors.Join(err, to.Finish(report.Summary{})); err != nil {
		t.Fatal(err)
	}
	text := document.String()
	cases, err := jenkins(document.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	groups := map[string]bool{}
	for _, c := range cases {
		groups[c.group] = true
	}
	if len(groups) != len(hosts) {
		t.Errorf("of %d hosts %d are told apart: %v", len(hosts), len(groups), groups)
	}
	if n := strings.Count(text, `timestamp="0001-01-01T00:00:00"`); n != len(hosts) {
		t.Errorf("%d times of the first year in %s", n, text)
	}
}

// On Azure a title is all that tells 500 hosts apart, and the extended flavor is what it
// takes an owner from.
func TestAzureTellsHostsApartByQualifiedNames(t *testing.T) {
	for _, g := range []junit.Granularity{junit.ByCheck, junit.ByCategory, junit.ByHost} {
		o := junit.Options{Qualified: true, Granularity: g, Flavor: junit.Extended}
		cases, err := azure(played(t, o, night()...))
		if err != nil {
			t.Fatal(err)
		}
		titles := map[string]bool{}
		for _, c := range cases {
			host, _, qualified := strings.Cut(c.name, " / ")
			if titles[c.name] || !qualified || !strings.HasPrefix(host, "srv") {
				t.Errorf("the title %q comes twice, or names no host", c.name)
			}
			titles[c.name] = true
			if strings.HasSuffix(c.name, ")") {
				t.Errorf("the title %q has a number, which may be another one in the next run", c.name)
			}
			if g == junit.ByCheck && c.state == "failed" && !strings.HasSuffix(c.name, "reachable") && c.owner == "" {
				t.Errorf("%q has no owner", c.name)
			}
		}
	}
}

// GitLab and EnricoMi point at the suite's line.
func TestTheExtendedFlavorPointsAtTheSuite(t *testing.T) {
	for who, read := range map[string]consumer{"GitLab": gitlab, "EnricoMi": enricomi} {
		for flavor, want := range map[junit.Flavor]string{junit.Extended: "suites/web.suite.yaml", junit.Default: ""} {
			cases, err := read(played(t, junit.Options{Flavor: flavor}, night()[:1]...))
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range cases {
				if c.file != want || who == "EnricoMi" && c.line != 7*len(want)/max(len(want), 1) {
					t.Errorf("%s: %s is at %q line %d, want %q", who, c.name, c.file, c.line, want)
				}
			}
		}
	}
}

// parted are the files of a run.
func parted(t *testing.T, by string, o junit.Options, hosts []report.Host) [][]byte {
	t.Helper()
	var files []*page
	part := func(name string) report.Handler {
		files = append(files, &page{})
		o := o
		o.Part = junit.Part{By: by, Name: name}
		return junit.New(files[len(files)-1], o)
	}
	open := func(int, string) (io.WriteCloser, error) {
		files = append(files, &page{})
		return files[len(files)-1], nil
	}
	var v report.Handler
	switch by {
	case "owner":
		v = report.Split(part)
	case "group":
		v = report.SplitBy(func(c report.Check) string { return c.Suite }, part)
	case "host":
		v = junit.NewPages(junit.Pages{Open: open}, o)
	default:
		v = junit.NewPages(junit.Pages{Open: open, Most: 4}, o)
	}
	play(t, v, hosts...)
	var all [][]byte
	for _, f := range files {
		all = append(all, f.Bytes())
		if pages := by != "owner" && by != "group"; f.closed != pages {
			t.Errorf("by %s: a file is closed: %t", by, f.closed)
		}
	}
	return all
}

type page struct {
	bytes.Buffer
	closed bool
}

func (p *page) Close() error {
	if p.closed {
		return errors.New("closed twice")
	}
	p.closed = true
	return nil
}

// TestNoConsumerLosesAFailure collects the files of a run in one job, however it is
// parted: what is red in one file is red in all of them together. Jenkins drops suites,
// and GitLab cases, that look the same.
func TestNoConsumerLosesAFailure(t *testing.T) {
	type red struct{ group, name, state string }
	reds := func(who string, files ...[]byte) map[red]int {
		cases, err := consumers()[who](files...)
		if err != nil {
			t.Fatalf("%s: %v", who, err)
		}
		found := map[red]int{}
		for _, c := range cases {
			if c.red() {
				found[red{c.group, c.name, c.state}] = 1
			}
		}
		return found
	}
	for who := range consumers() {
		for _, o := range []junit.Options{
			{}, {Scope: junit.Failed}, {Scope: junit.Changed, Flavor: junit.Surefire}, {Qualified: true, PreExisting: junit.AsFailure},
		} {
			whole := reds(who, played(t, o, night()...))
			if len(whole) < 11 {
				t.Fatalf("%s: only %d red ones", who, len(whole))
			}
			for _, by := range []string{"owner", "group", "host", "4"} {
				files := parted(t, by, o, night())
				got := reds(who, files...)
				// Each owner's file has the host that does not answer; who it is for is in its class.
				for r := range got {
					if strings.Contains(r.name, "host reachable") {
						delete(got, r)
					}
				}
				want := map[red]int{}
				for r := range whole {
					if !strings.Contains(r.name, "host reachable") {
						want[r] = 1
					}
				}
				if diff := cmp.Diff(want, got); diff != "" || len(files) < 2 {
					t.Errorf("%s, %d files by %s, %+v: (-whole +files)\n%s", who, len(files), by, o, diff)
				}
				if all := reds(who, files...); len(all) == len(got) {
					t.Errorf("%s, by %s: the host that does not answer is not there", who, by)
				}
			}
		}
	}
}

// A file has no more cases than it may, and a host with more of them is in several.
func TestPagesKeepToTheirLimit(t *testing.T) {
	for _, o := range []junit.Options{{}, {Scope: junit.Changed}, {Scope: junit.Failed}, {Granularity: junit.ByHost}} {
		names := map[string]bool{}
		for i, file := range parted(t, "4", o, night()) {
			d := parsed(t, file)
			counted(t, d)
			if d.Tests > 4 || d.Tests == 0 {
				t.Errorf("%+v: file %d has %d cases", o, i, d.Tests)
			}
			for _, s := range d.Suites {
				if names[s.Name] {
					t.Errorf("%+v: the suite %q comes twice", o, s.Name)
				}
				names[s.Name] = true
			}
		}
		if o == (junit.Options{}) && !names["srv1.corp.local (3)"] {
			t.Errorf("got suites %v", names)
		}
	}
}

// Where nothing is in the scope, there is still a case: Jenkins fails a build of which no
// file has any. It says what is left out.
func TestAScopeSaysWhatItLeavesOut(t *testing.T) {
	well := report.Host{Host: "a", Checks: []report.Check{one(report.Passed, nil), one(report.Passed, nil)}}
	for scope, want := range map[junit.Scope]string{
		junit.Failed: "what is not failed", junit.Changed: "what is not changed",
	} {
		cases, err := jenkins(played(t, junit.Options{Scope: scope}, well, well))
		if err != nil || len(cases) != 1 || cases[0].name != want || cases[0].state != "passed" ||
			cases[0].text != "not told: 4 checks, of 2 hosts" {
			t.Errorf("%s: got %+v and error %v", scope, cases, err)
		}
	}
}

// What is left out of a host in several files is counted once.
func TestWhatIsLeftOutIsCountedOnce(t *testing.T) {
	all := strings.Join(func() (files []string) {
		for _, f := range parted(t, "4", junit.Options{Scope: junit.Changed}, night()[:1]) {
			files = append(files, string(f))
		}
		return files
	}(), "")
	if strings.Count(all, "not told: 1 check, of 1 host<") != 1 ||
		!strings.Contains(all, "not told: 0 checks, of 0 hosts<") {
		t.Errorf("got %s", all)
	}
}

// Very large runs are folded, and every consumer copes with what is left.
func TestAVeryLargeRunIsFolded(t *testing.T) {
	var hosts []report.Host
	for i := range 5 {
		h := report.Host{Host: fmt.Sprintf("srv%02d", i)}
		for k := range 20 {
			h.Checks = append(h.Checks, one(report.Passed, func(c *report.Check) {
				c.ID, c.Kind = fmt.Sprintf("service/%d", k), []string{"service", "disk"}[k%2]
			}))
		}
		h.Checks[10].Outcome = report.Regressed
		h.Checks[12].Mark = "new"
		if i == 3 {
			h.Unreachable = "no route"
			for k := range h.Checks {
				h.Checks[k].Outcome = report.Unknown
			}
		}
		hosts = append(hosts, h)
	}
	for _, c := range []struct {
		granularity junit.Granularity
		checks      int // of the run, as it says itself
		want        int
	}{
		{junit.Auto, 20_001, 4*4 + 3}, {junit.Auto, 20_000, 5*20 + 1}, {junit.ByCheck, 20_001, 5*20 + 1}, {"", 20_001, 5*20 + 1},
	} {
		var b bytes.Buffer
		play(t, announced{junit.New(&b, junit.Options{Granularity: c.granularity}), c.checks}, hosts...)
		for who, read := range consumers() {
			cases, err := read(b.Bytes())
			red := 0
			for _, c := range cases {
				if c.red() {
					red++
				}
			}
			if err != nil || len(cases) != c.want || red != 5 {
				t.Errorf("%+v: %s sees %d cases, %d red, error %v", c, who, len(cases), red, err)
			}
		}
		folds := c.granularity == junit.Auto && c.checks > 20_000
		const property = `<property name="folded" value="unchanged checks are one case`
		if said := bytes.Contains(b.Bytes(), []byte(property)); said != folds {
			t.Errorf("%+v: that it is folded: %t", c, said)
		}
		if !folds {
			continue
		}
		s := parsed(t, b.Bytes()).Suites
		if c := s[0].Cases[0]; c.Name != "service: unchanged" || c.SystemOut != "8 checks unchanged" {
			t.Errorf("got %+v", c)
		}
		c := s[3].Cases[1]
		if c.Name != "service: not observed" || c.Skipped == nil || c.Skipped.Body != "10 checks: host unreachable" {
			t.Errorf("got %+v, %+v", c, c.Skipped)
		}
	}
}

// announced is a run that says of itself how many checks it has.
type announced struct {
	report.Handler
	checks int
}

func (a announced) Start(r report.Run) error {
	r.Checks = a.checks
	return a.Handler.Start(r)
}

package junit_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"postpatch/runner/report"
	"postpatch/runner/report/jsonl"
	"postpatch/runner/report/junit"
)

// document is what any reader gets out of the XML.
type document struct {
	XMLName  xml.Name `xml:"testsuites"`
	Name     string   `xml:"name,attr"`
	Tests    int      `xml:"tests,attr"`
	Failures int      `xml:"failures,attr"`
	Errors   int      `xml:"errors,attr"`
	Time     string   `xml:"time,attr"`
	Suites   []suite  `xml:"testsuite"`
}

type suite struct {
	Name      string     `xml:"name,attr"`
	Hostname  string     `xml:"hostname,attr"`
	Timestamp string     `xml:"timestamp,attr"`
	Time      string     `xml:"time,attr"`
	Tests     int        `xml:"tests,attr"`
	Failures  int        `xml:"failures,attr"`
	Errors    int        `xml:"errors,attr"`
	Skipped   int        `xml:"skipped,attr"`
	Cases     []testcase `xml:"testcase"`
}

type testcase struct {
	Name      string  `xml:"name,attr"`
	Classname string  `xml:"classname,attr"`
	Time      string  `xml:"time,attr"`
	Failure   *result `xml:"failure"`
	Error     *result `xml:"error"`
	Skipped   *result `xml:"skipped"`
	SystemOut string  `xml:"system-out"`
}

type result struct {
	Type    string `xml:"type,attr"`
	Message string `xml:"message,attr"`
	Body    string `xml:",chardata"`
}

func parsed(t *testing.T, data []byte) document {
	t.Helper()
	var d document
	if err := xml.Unmarshal(data, &d); err != nil {
		t.Fatalf("the document cannot be read: %v\n%s", err, data)
	}
	return d
}

// written plays hosts to the view, as a run of them would.
func written(t *testing.T, hosts ...report.Host) []byte {
	t.Helper()
	return played(t, junit.Options{}, hosts...)
}

func played(t *testing.T, o junit.Options, hosts ...report.Host) []byte {
	t.Helper()
	var b bytes.Buffer
	play(t, junit.New(&b, o), hosts...)
	return b.Bytes()
}

func play(t *testing.T, h report.Handler, hosts ...report.Host) {
	t.Helper()
	start := time.Date(2026, 3, 15, 3, 52, 0, 0, time.FixedZone("CET", 3600))
	checks := 0
	for _, host := range hosts {
		checks += len(host.Checks)
	}
	run := report.Run{Command: "verify", Name: "v1", Started: start, Hosts: len(hosts), Checks: checks}
	if err := h.Start(run); err != nil {
		t.Fatal(err)
	}
	for _, host := range hosts {
		host.Started = start
		if err := h.Host(host); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.Finish(report.Summary{Took: 68 * time.Second}); err != nil {
		t.Fatal(err)
	}
}

func one(o report.Outcome, change func(*report.Check)) report.Check {
	c := report.Check{
		ID: "service/W3SVC", Suite: "web", Outcome: o, Why: "no shop without it", Owner: "web@example.org",
		File: "suites/web.suite.yaml", Line: 7, Took: 1234 * time.Microsecond,
	}
	if o != report.Passed && o != report.Unknown && o != report.Skipped {
		c.Findings = []report.Finding{{
			Item: "W3SVC", Reading: "state", Outcome: o, Before: "running", Now: "stopped", HasBefore: true, HasNow: true,
			Wanted: "expected running",
		}}
	}
	if change != nil {
		change(&c)
	}
	return c
}

func promised(over bool) report.Waiver {
	return report.Waiver{
		Was: report.Regressed, Until: "2026-12-31", Over: over, Reason: "the driver is late", Ticket: "OPS-1", Owner: "print",
		File: "s.suite.yaml", Line: 9,
	}
}

func TestOutcomesInTheWordsOfJUnit(t *testing.T) {
	for name, c := range map[string]struct {
		check report.Check
		want  string // element and type
		says  string // in the body
	}{
		"regressed":     {one(report.Regressed, nil), "failure regression", "state: running -> stopped (expected running)"},
		"unmet":         {one(report.Unmet, nil), "failure expectation-unmet", "expected running"},
		"failed":        {one(report.Failed, nil), "failure failed", "stopped"},
		"failing drift": {one(report.Drifted, func(c *report.Check) { c.Failing = true }), "failure drift", "stopped"},
		"pre-existing that drifts further": {
			one(report.PreExisting, func(c *report.Check) { c.Failing = true }), "failure drift", "stopped",
		},
		"warning drift": {one(report.Drifted, nil), "pass", "DRIFTED: state: running -> stopped"},
		"expected":      {one(report.Expected, nil), "pass", "EXPECTED: state: running -> stopped"},
		"fixed":         {one(report.Fixed, nil), "pass", "FIXED: state: running -> stopped"},
		"passed":        {one(report.Passed, nil), "pass", ""},
		"new and passed": {
			one(report.Passed, func(c *report.Check) { c.Mark = "new" }), "pass",
			"NO BASELINE (new): nothing to compare with",
		},
		"passed without a baseline": {
			one(report.Passed, func(c *report.Check) { c.Mark = "no baseline" }), "pass",
			"NO BASELINE: nothing to compare with",
		},
		"of the plan, on no line": {
			one(report.Unmet, func(c *report.Check) { c.File, c.Line = "march.plan.yaml", 0 }), "failure expectation-unmet",
			"suite   march.plan.yaml\n",
		},
		"pre-existing": {one(report.PreExisting, nil), "skipped ", "PRE-EXISTING: state: running -> stopped"},
		"waived": {
			one(report.Waived, func(c *report.Check) { c.Findings[0].Waiver = promised(false) }), "skipped ",
			`WAIVED: until 2026-12-31, "the driver is late", ticket OPS-1, owner print, s.suite.yaml:9, it regressed: ` +
				"state: running -> stopped (expected running)",
		},
		"waived, and another drift fails": {
			one(report.Waived, func(c *report.Check) { c.Failing, c.Findings[0].Waiver = true, promised(false) }),
			"failure drift",
			`waiver  until 2026-12-31, "the driver is late"`,
		},
		"a waiver that is over": {
			one(report.Failed, func(c *report.Check) { c.Findings[0].Waiver = promised(true) }), "failure waiver-over",
			"waiver  until 2026-12-31 is over: the driver is late, ticket OPS-1",
		},
		"skipped": {one(report.Skipped, nil), "skipped ", "skipped"},
		"skipped, which fails": {
			one(report.Skipped, func(c *report.Check) { c.Failing = true }), "failure drift", "skipped",
		},
		"unknown": {
			one(report.Unknown, func(c *report.Check) { c.Error = "access denied" }), "error check-error", "access denied",
		},
		"of a later version": {one("splendid", nil), "error check-error", "stopped"},
	} {
		t.Run(name, func(t *testing.T) {
			d := parsed(t, written(t, report.Host{Host: "srv1.corp.local", Checks: []report.Check{c.check}}))
			got := d.Suites[0].Cases[0]
			want, said := "pass", got.SystemOut
			switch {
			case got.Failure != nil:
				want, said = "failure "+got.Failure.Type, got.Failure.Body
			case got.Error != nil:
				want, said = "error "+got.Error.Type, got.Error.Body
			case got.Skipped != nil:
				want, said = "skipped "+got.Skipped.Type, got.Skipped.Body
			}
			if want != c.want {
				t.Errorf("got %q, want %q", want, c.want)
			}
			if c.says == "" && said != "" || !strings.Contains(said, c.says) {
				t.Errorf("it says %q, want %q in it", said, c.says)
			}
			if got.Name != "service/W3SVC" || got.Classname != "web.srv1_corp_local" || got.Time != "0.001" {
				t.Errorf("got case %q of class %q, time %s", got.Name, got.Classname, got.Time)
			}
		})
	}
}

func TestTheBodyHasAllThatIsNeededToAct(t *testing.T) {
	d := parsed(t, written(t, report.Host{Host: "srv1", Checks: []report.Check{one(report.Regressed, nil)}}))
	want := strings.Join([]string{
		"state: running -> stopped (expected running)", "",
		"REGRESSED state", "  before  running", "  now     stopped", "  wanted  expected running", "",
		"why     no shop without it", "suite   suites/web.suite.yaml:7", "owner   web@example.org",
	}, "\n")
	if diff := cmp.Diff(want, d.Suites[0].Cases[0].Failure.Body); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWhatExplainsAnItemIsToldOnce(t *testing.T) {
	c := one(report.Regressed, func(c *report.Check) {
		other := c.Findings[0]
		other.Reading = "start_mode"
		c.Findings = append(c.Findings, other)
		c.Evidence = []report.Evidence{
			{Item: "W3SVC", Reading: "exit_code", Value: "1068\x1b[31m"}, {Item: "Spooler", Reading: "exit_code", Value: "1067"},
		}
	})
	body := parsed(t, written(t, report.Host{Host: "srv1", Checks: []report.Check{c}})).Suites[0].Cases[0].Failure.Body
	if strings.Count(body, "  exit_code 1068") != 1 || strings.Contains(body, "1067") {
		t.Errorf("body:\n%s", body)
	}
}

func TestAnUnreachableHostIsOneRed(t *testing.T) {
	unknown := one(report.Unknown, func(c *report.Check) { c.Error = "i/o timeout" })
	other := unknown
	other.ID = "ping"
	for name, c := range map[string]struct {
		host       report.Host
		kase, kind string
		why        string
	}{
		"unreachable": {
			report.Host{Unreachable: "i/o timeout"}, "host reachable", "unreachable", "host unreachable",
		},
		"another machine": {
			report.Host{Problem: "another machine answers"}, "host comparable", "check-error", "no verdict for this host",
		},
	} {
		t.Run(name, func(t *testing.T) {
			c.host.Host, c.host.Checks = "srv1", []report.Check{unknown, other}
			s := parsed(t, written(t, c.host)).Suites[0]
			if s.Tests != 3 || s.Errors != 1 || s.Skipped != 2 || s.Failures != 0 {
				t.Errorf("got %d tests, %d errors, %d skipped, %d failures", s.Tests, s.Errors, s.Skipped, s.Failures)
			}
			got := s.Cases[0]
			if got.Name != c.kase || got.Error == nil || got.Error.Type != c.kind || got.Classname != "web.srv1" {
				t.Errorf("the first case is %+v", got)
			}
			for _, got := range s.Cases[1:] {
				if got.Skipped == nil || got.Skipped.Body != c.why {
					t.Errorf("%s is not skipped: %+v", got.Name, got)
				}
			}
		})
	}
}

func TestCountersAndTimes(t *testing.T) {
	host := report.Host{Host: "a", Took: 1500 * time.Millisecond, Checks: []report.Check{
		one(report.Regressed, nil), one(report.Unknown, nil), one(report.Skipped, nil), one(report.Passed, nil),
	}}
	data := written(t, host, host)
	if !bytes.HasPrefix(data, []byte(xml.Header)) {
		t.Errorf("no XML header: %.60s", data)
	}
	d := parsed(t, data)
	if d.Tests != 8 || d.Failures != 2 || d.Errors != 2 || d.Time != "68.000" || d.Name != "postpatch verify" {
		t.Errorf("got root %+v", d)
	}
	for i, s := range d.Suites {
		if s.Tests != 4 || s.Failures != 1 || s.Errors != 1 || s.Skipped != 1 {
			t.Errorf("got suite %+v", s)
		}
		name := [...]string{"a", "a~2"}[i]
		if s.Timestamp != "2026-03-15T02:52:00" || s.Time != "1.500" || s.Name != name || s.Hostname != "a" {
			t.Errorf("got timestamp %s, time %s, name %s", s.Timestamp, s.Time, s.Name)
		}
	}
}

// Consumers know a case again by its class and name from run to run.
func TestNamesAreStableAndUnique(t *testing.T) {
	long := strings.Repeat("x", 600)
	checks := []report.Check{one(report.Passed, nil), one(report.Passed, nil)}
	for _, id := range []string{long + "a", long + "b"} {
		checks = append(checks, one(report.Passed, func(c *report.Check) { c.ID = id }))
	}
	changed := one(report.Regressed, func(c *report.Check) { c.Findings[0].Now = "crashed" })
	s := parsed(t, written(t, report.Host{Host: "a", Checks: append(checks, changed)})).Suites[0]
	seen := map[string]bool{}
	for _, c := range s.Cases {
		if seen[c.Classname+"\n"+c.Name] || len(c.Name) > 512 {
			t.Errorf("the name %.40q comes twice or is too long (%d)", c.Name, len(c.Name))
		}
		seen[c.Classname+"\n"+c.Name] = true
	}
	if got := s.Cases[4].Name; got != "service/W3SVC (3)" {
		t.Errorf("got name %q", got)
	}
}

func TestLongEvidenceKeepsToTheLimitAndToThePoint(t *testing.T) {
	c := one(report.Regressed, func(c *report.Check) {
		c.Findings = nil
		for i := range 200 {
			c.Findings = append(c.Findings, report.Finding{
				Item: fmt.Sprintf("i%d", i), Reading: "text", Outcome: report.Drifted, Before: strings.Repeat("日", 5000),
				Now: strings.Repeat("本", 5000), HasBefore: true, HasNow: true,
			})
		}
		c.Findings = append(c.Findings, report.Finding{
			Reading: "the point", Outcome: report.Regressed, Now: "x", HasNow: true,
		})
		c.Why = strings.Repeat("because ", 1000)
	})
	f := parsed(t, written(t, report.Host{Host: "a", Checks: []report.Check{c}})).Suites[0].Cases[0].Failure
	if n := utf8.RuneCountInString(f.Body); n > 4000 || n < 3000 {
		t.Errorf("the body has %d characters", n)
	}
	if !strings.HasPrefix(f.Body, "the point: x, and 200 more\n") || !strings.Contains(f.Body, "more findings") ||
		!strings.HasSuffix(f.Body, "owner   web@example.org") {
		t.Errorf("got %.100q … %q", f.Body, f.Body[len(f.Body)-100:])
	}
	if n := utf8.RuneCountInString(f.Message); n > 300 {
		t.Errorf("the message has %d characters", n)
	}
}

// A report is read on screens too: what cannot be seen there is spelled out.
func TestTextsOfHostsAreSpelledOut(t *testing.T) {
	const evil, want = "\x1b[31m\u202e\r\n", "<ESC>[31m<U+202E><CR><LF>"
	for _, o := range report.Outcomes() {
		for _, s := range parsed(t, written(t, hostile(evil, o))).Suites {
			for _, c := range s.Cases {
				text := c.Name + c.Classname + s.Name + s.Hostname + c.SystemOut
				for _, r := range []*result{c.Failure, c.Error, c.Skipped} {
					if r != nil {
						text += r.Message + r.Body
					}
				}
				if strings.ContainsAny(text, "\x1b\u202e\r\ufffd") || !strings.Contains(text, want) {
					t.Errorf("%s: got %q", o, text)
				}
			}
		}
	}
}

// A host that is on no list any more is one where nobody went.
func TestAHostWithNoTimeHasTheRuns(t *testing.T) {
	var b bytes.Buffer
	h := junit.New(&b, junit.Options{})
	run := report.Run{Started: time.Date(2026, 3, 15, 3, 52, 0, 0, time.UTC)}
	if err := errors.Join(h.Start(run), h.Host(report.Host{Host: "a"}), h.Finish(report.Summary{})); err != nil {
		t.Fatal(err)
	}
	if got := parsed(t, b.Bytes()).Suites[0].Timestamp; got != "2026-03-15T03:52:00" {
		t.Errorf("got %s", got)
	}
}

func TestARunWithNothingToSayHasNoProperties(t *testing.T) {
	var b bytes.Buffer
	h := junit.New(&b, junit.Options{})
	if err := errors.Join(h.Start(report.Run{}), h.Host(report.Host{Host: "a"}), h.Finish(report.Summary{})); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "propert") {
		t.Errorf("got %s", b.String())
	}
}

func TestGolden(t *testing.T) {
	stream, err := os.Open(filepath.Join("..", "text", "testdata", "mixed.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stream.Close() }()
	var got bytes.Buffer
	if err := jsonl.Replay(stream, junit.New(&got, junit.Options{})); err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join("testdata", "mixed.xml")
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestARunThatIsCutOffWritesNothing(t *testing.T) {
	var b bytes.Buffer
	h := junit.New(&b, junit.Options{})
	if err := errors.Join(h.Start(report.Run{}), h.Host(report.Host{Host: "a"})); err != nil || b.Len() > 0 {
		t.Errorf("got error %v and %q", err, b.String())
	}
}

func TestAWritersErrorIsReturned(t *testing.T) {
	r, w := io.Pipe()
	_ = r.Close()
	if err := junit.New(w, junit.Options{}).Finish(report.Summary{}); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got error %v, want the writer's", err)
	}
}

func TestMain(m *testing.M) {
	flag.Bool("update", false, "write testdata anew")
	os.Exit(m.Run())
}

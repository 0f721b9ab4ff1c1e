package junit

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jstemmer/go-junit-report/v2/junit"

	"postpatch/runner/report"
)

// modelSuite is a suite as encoding/xml writes and reads it: the types' own, and what
// our cases have beside.
type modelSuite struct {
	junit.Testsuite
	Testcases []testcase `xml:"testcase"`
}

type modelSuites struct {
	XMLName xml.Name `xml:"testsuites"`
	junit.Testsuites
	Suites []modelSuite `xml:"testsuite"`
}

// everyOptions are the options that change what a case is: each granularity with each
// flavor, and the others among them.
func everyOptions() []Options {
	scopes := []Scope{"", All, Changed, Failed}
	known := []PreExisting{"", AsSkipped, AsFailure, AsPass}
	var all []Options
	for _, g := range []Granularity{"", Auto, ByCheck, ByCategory, ByHost} {
		for _, f := range []Flavor{"", Default, Extended, Surefire} {
			for i := range 4 {
				n := len(all)
				all = append(all, Options{
					Granularity: g, Flavor: f, Scope: scopes[i], PreExisting: known[n/4%4], Qualified: n%3 == 0,
					Part: Part{By: []string{"", "owner"}[n%2], Name: []string{"", "", "dba"}[n%3]},
				})
			}
		}
	}
	return all
}

// mixture are hosts with a check of every outcome, with the text in every field.
func mixture(text string) []report.Host {
	var checks []report.Check
	for i, o := range append(report.Outcomes(), "splendid") {
		for k := range 3 {
			c := report.Check{
				ID: "check/" + string(o) + text, Suite: "web" + strings.Repeat(text, k%2), Kind: "kind" + text, Outcome: o,
				Why: text, Owner: text, File: "s.suite.yaml" + text, Line: i, Took: time.Duration(i*k) * time.Millisecond,
				Failing: k == 1 && o != report.Unknown && o != report.Passed, Mark: []string{"", "", "new" + text}[k],
			}
			if o != report.Passed && o != report.Unknown {
				c.Findings = []report.Finding{
					{Item: "W3SVC", Reading: "state" + text, Outcome: o, Before: text, Now: "stopped", HasBefore: true, HasNow: true, Wanted: text},
					{Reading: text, Outcome: report.Drifted, Now: text, HasNow: true, Severity: "warn"},
				}
				c.Evidence = []report.Evidence{{Item: "W3SVC", Reading: "exit_code", Value: text}}
			}
			if o == report.Passed && k == 0 {
				c.Settled = []report.Settled{{Item: text, Reading: "state", After: time.Minute, Was: "stopped" + text}}
			}
			if o == report.Unknown {
				c.Error = "no answer" + text
			}
			checks = append(checks, c)
		}
	}
	at := time.Date(2026, 3, 15, 3, 52, 0, 0, time.UTC)
	host := report.Host{
		Host: "srv1.example.org", Started: at, Took: time.Second, Checks: checks, Notes: []string{"a note" + text},
	}
	away, other, empty, twin := host, host, host, host
	away.Host, away.Unreachable = "srv2"+text, "no route"+text
	other.Host, other.Problem = "srv3"+text, "another machine"+text
	empty.Host, empty.Checks = "srv4", nil
	twin.Host = "srv1_example_org" // the same for consumers
	return []report.Host{host, away, other, empty, twin}
}

// TestTheWriterMeansWhatTheTypesMean reads what the writer wrote, and what encoding/xml
// makes of the types, and finds no difference.
func TestTheWriterMeansWhatTheTypesMean(t *testing.T) {
	hosts := mixture(" <&>\"'\n\t日本]]> \x1b[31m\u202e")
	for _, o := range everyOptions() {
		run := report.Run{Command: "verify", Name: "v1", Plan: "<p>", Checks: foldAbove + 1}
		var got bytes.Buffer
		w := New(&got, o).(*writer)
		model := &writer{sorter: sorter{Options: o}}
		model.run, model.names.qualified, model.folds = run, o.Qualified, o.Granularity == Auto
		if err := w.Start(run); err != nil {
			t.Fatal(err)
		}
		var want modelSuites
		for _, h := range hosts {
			if err := w.Host(h); err != nil {
				t.Fatal(err)
			}
			if s, written := model.model(h, len(want.Suites)); written {
				want.Suites = append(want.Suites, s)
			}
		}
		if err := w.Finish(report.Summary{Took: time.Minute}); err != nil {
			t.Fatal(err)
		}
		read := decoded(t, got.Bytes())
		if o.Scope == Changed || o.Scope == Failed { // see leftOut
			read.Suites = read.Suites[:len(read.Suites)-1]
		}
		written, err := xml.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(decoded(t, written).Suites, read.Suites); diff != "" {
			t.Fatalf("%+v: (-encoding/xml +ours):\n%s", o, diff)
		}
	}
}

// model is a host in the types, and whether it is written at all.
func (w *writer) model(h report.Host, id int) (modelSuite, bool) {
	h.Host = line(h.Host)
	w.names.enter(h.Host)
	cases := w.sort(&h)
	s := modelSuite{Testsuite: w.head(&h, cases, 1)}
	s.ID = id
	for _, e := range cases {
		var tc testcase
		w.fill(&tc, &h, e)
		s.Testcases = append(s.Testcases, tc)
	}
	return s, len(cases) > 0 || w.left == 0
}

func decoded(t *testing.T, data []byte) modelSuites {
	t.Helper()
	var all modelSuites
	if err := xml.Unmarshal(data, &all); err != nil {
		t.Fatalf("%v\n%.2000s", err, data)
	}
	return all
}

// What is no character of XML is none in what is written, even if it came past the
// cleaning.
func FuzzEscape(f *testing.F) {
	f.Add("a\x00\x1b]]>\xff\xed\xa0\x80\ufffe\uffff\r\n\t<&\"'>\U0001F600")
	f.Fuzz(func(t *testing.T, s string) {
		e := encoder{}
		e.raw("<a")
		e.attr("b", s)
		e.raw(">")
		e.escape(s, false)
		e.raw("</a>")
		var got struct {
			B    string `xml:"b,attr"`
			Text string `xml:",chardata"`
		}
		if err := xml.Unmarshal(e.buf, &got); err != nil {
			t.Fatalf("%v: %q", err, e.buf)
		}
		if want := fix(s); got.B != want || got.Text != want {
			t.Errorf("%q: got %q and %q, want %q", s, got.B, got.Text, want)
		}
	})
}

// fix is what XML can hold of a text.
func fix(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r < ' ' && r != '\n' && r != '\t' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
			r = 0xFFFD
		}
		b.WriteRune(r)
	}
	return b.String()
}

func TestTextsThatAreCutSaySo(t *testing.T) {
	for text, want := range map[string]string{
		"abcd": "abcd", "abcde": "abc…", strings.Repeat("日", 1_000_000): "日日日…", "ab\xff\xff": "ab\ufffd\ufffd",
		"a\x1b": "a<E…", "": "",
	} {
		if got := brief(text, 4); got != want {
			t.Errorf("%.20q: got %q, want %q", text, got, want)
		}
	}
}

func TestTimes(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0.000", -time.Second: "0.000", 1499 * time.Microsecond: "0.001", 1500 * time.Microsecond: "0.002",
		time.Minute + 42*time.Millisecond: "60.042", 1<<63 - 1: "9223372036.854",
	} {
		if got := seconds(d); got != want {
			t.Errorf("%v: got %s, want %s", d, got, want)
		}
	}
	if got, want := seconds(12345*time.Millisecond), fmt.Sprintf("%.3f", 12.345); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

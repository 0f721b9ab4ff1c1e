package junit_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"postpatch/runner/report"
	"postpatch/runner/report/junit"
)

// hostile puts the same text in every field that could come from a host or a
// file.
func hostile(s string, o report.Outcome) report.Host {
	c := report.Check{
		ID: s, Suite: s, Kind: s, Outcome: o, Mark: s, Error: s, Why: s, Owner: s, File: s, Failing: true,
		Findings: []report.Finding{
			{Item: s, Reading: s, Outcome: o, Before: s, Now: s, HasBefore: true, HasNow: true, Wanted: s, Severity: s},
		},
	}
	well := c
	well.Outcome, well.Failing, well.Findings = report.Passed, false, nil
	well.Settled = []report.Settled{{Item: s, Reading: s, Was: s, After: 1}}
	c.Evidence = []report.Evidence{{Item: s, Reading: s, Value: s}}
	c.Findings[0].Waiver = report.Waiver{
		Until: s, Reason: s, Ticket: s, Owner: s, File: s, Line: 1, Was: report.Outcome(s),
	}
	return report.Host{
		Host: s, Checks: []report.Check{c, c, well}, Notes: []string{s}, Reboot: report.Reboot{Words: s},
	}
}

// FuzzAnyTextIsWellFormed: whatever stands in any field, and however it is written, the
// document can be read, its counters are right and its texts keep to their limits.
func FuzzAnyTextIsWellFormed(f *testing.F) {
	for n := range uint16(36) {
		f.Add("\x01\x1b[31m]]>\xff\ufffe<![CDATA[&#0;\"'\r\n\t", n, uint8(n))
		f.Add(strings.Repeat("日本\u202e", 400), n*7, uint8(n))
	}
	granularities := []junit.Granularity{junit.Auto, junit.ByCheck, junit.ByCategory, junit.ByHost}
	flavors := []junit.Flavor{junit.Default, junit.Extended, junit.Surefire}
	scopes := []junit.Scope{junit.All, junit.Changed, junit.Failed}
	known := []junit.PreExisting{junit.AsSkipped, junit.AsFailure, junit.AsPass}
	f.Fuzz(func(t *testing.T, s string, n uint16, outcome uint8) {
		all := report.Outcomes()
		h := hostile(s, all[int(outcome)%len(all)])
		o := junit.Options{
			Granularity: granularities[n%4], Flavor: flavors[n/4%3], Scope: scopes[n/12%3], PreExisting: known[n/36%3],
			Qualified: n/108%2 == 0, Part: junit.Part{By: "owner", Name: s},
		}
		switch outcome % 3 {
		case 0:
			h.Unreachable = s
		case 1:
			h.Problem = s
		}
		var b bytes.Buffer
		v := junit.New(&b, o)
		run := report.Run{Command: s, Name: s, Plan: s, Part: s, Baseline: &report.Baseline{Name: s}, Checks: 1 << 20}
		if err := errors.Join(v.Start(run), v.Host(h), v.Finish(report.Summary{Verdict: s})); err != nil {
			t.Fatal(err)
		}
		if !utf8.Valid(b.Bytes()) {
			t.Fatal("the document is not UTF-8")
		}
		counted(t, parsed(t, b.Bytes()))
	})
}

// counted holds the counters of a document against what is in it, and its texts against
// the limits.
func counted(t *testing.T, d document) {
	t.Helper()
	var tests, failures, errs int
	for _, s := range d.Suites {
		var got suite
		for _, c := range s.Cases {
			got.Tests++
			for _, r := range []*result{c.Failure, c.Error, c.Skipped} {
				if r != nil && (utf8.RuneCountInString(r.Body) > 4000 || utf8.RuneCountInString(r.Message) > 300) {
					t.Fatalf("a body of %d characters", utf8.RuneCountInString(r.Body))
				}
			}
			switch {
			case c.Failure != nil:
				got.Failures++
			case c.Error != nil:
				got.Errors++
			case c.Skipped != nil:
				got.Skipped++
			}
			if utf8.RuneCountInString(c.Name) > 512 || utf8.RuneCountInString(c.SystemOut) > 1000 || c.Name == "" {
				t.Fatalf("the case is called %q and says %q", c.Name, c.SystemOut)
			}
		}
		if s.Tests != got.Tests || s.Failures != got.Failures || s.Errors != got.Errors || s.Skipped != got.Skipped {
			t.Fatalf("the suite says %+v, and has %+v", s, got)
		}
		tests, failures, errs = tests+s.Tests, failures+s.Failures, errs+s.Errors
	}
	if d.Tests != tests || d.Failures != failures || d.Errors != errs {
		t.Fatalf("the root says %d, %d, %d, its suites %d, %d, %d", d.Tests, d.Failures, d.Errors, tests, failures, errs)
	}
}

package main

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/jstemmer/go-junit-report/v2/junit"

	"postpatch/runner/report"
)

// tellTested prints what the cases of a suite came to.
func tellTested(a app, t tested, f trialFlags) {
	if t.trial.file == "" {
		tellChecks(a, t)
		return
	}
	a.tell("%s   %s, %s\n", t.trial.Suite, t.trial.file, count(len(t.cases), "case"))
	width, differ := 0, 0
	for _, c := range t.cases {
		width = max(width, len(report.Clean(c.name)))
	}
	for _, c := range t.cases {
		if len(c.differences) == 0 {
			a.tell("  ok    %-*s  exit %d  %s\n", width, report.Clean(c.name), c.end.summary.ExitCode, report.Clean(c.comesTo))
			continue
		}
		differ++
		a.tell("  FAIL  %s\n", report.Clean(c.name))
		for _, d := range c.differences {
			a.tell("        %s\n", report.Clean(d))
		}
	}
	seen := t.covered()
	if f.coverage {
		tellCoverage(a, seen)
	}
	if never := seen.never(); len(never) > 0 {
		a.tell("no case has seen these fail, %d of %s: %s\n", len(never), count(len(seen.order), "check"),
			strings.Join(never, ", "))
	}
	if differ == 0 {
		a.tell("%s, each as it says\n", count(len(t.cases), "case"))
		return
	}
	a.tell("%d of %s came out otherwise than the test says\n", differ, count(len(t.cases), "case"))
}

// tellChecks prints each check of a run in which nothing changed.
func tellChecks(a app, t tested) {
	a.tell("%s on %s, with nothing changed between capture and verify\n", t.trial.Suite, t.trial.Estate.path)
	passed, all := 0, 0
	var rows strings.Builder
	w := tabwriter.NewWriter(&rows, 0, 0, 2, ' ', 0)
	for _, c := range t.cases {
		for _, h := range c.end.hosts {
			for _, check := range h.Checks {
				all++
				mark := "FAIL"
				switch check.Outcome {
				case report.Passed:
					mark = "ok"
					passed++
				case report.Unknown:
					mark = "????"
				default:
				}
				_, _ = fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", mark, h.Host, report.CleanLine(check.ID), cameTo(check))
			}
		}
	}
	_ = w.Flush() // into memory
	for line := range strings.Lines(rows.String()) {
		a.tell("%s\n", strings.TrimRight(line, " \n"))
	}
	if passed < all {
		a.tell("%d of %s passed\n", passed, count(all, "check"))
		return
	}
	a.tell("%s passed, each of them; what they catch is for %s to say (postpatch explain test)\n", count(all, "check"),
		filepath.Base(trialOf(t.trial.Suite)))
}

// cameTo says in a line what is wrong with a check.
func cameTo(c report.Check) string {
	switch {
	case c.Outcome == report.Passed:
		return ""
	case c.Error != "":
		return brief(c.Error, most)
	case len(c.Findings) == 0:
		return string(c.Outcome)
	}
	f := c.Findings[len(c.Findings)-1]
	text := strings.TrimSpace(f.Item + " " + f.Reading)
	if f.HasNow && f.Now != "" {
		text += " is " + f.Now
	}
	if f.Wanted != "" {
		text += ", " + f.Wanted
	}
	if more := len(c.Findings) - 1; more > 0 {
		text += fmt.Sprintf(" (and %d more)", more)
	}
	return brief(text, most)
}

// most is how much of what is wrong fits behind a check in a line of a terminal or two.
const most = 160

// testedView is a suite's test in JSON.
type testedView struct {
	Suite string           `json:"suite"`
	Test  string           `json:"test,omitempty"`
	Cases []testedCaseView `json:"cases"`
	// NeverFailed are the checks that no case has seen fail.
	NeverFailed []string `json:"never_failed"`
}

type testedCaseView struct {
	Case        string                               `json:"case"`
	AsExpected  bool                                 `json:"as_expected"`
	ExitCode    int                                  `json:"exit_code"` // of verify
	Differences []string                             `json:"differences,omitempty"`
	Outcomes    map[string]map[string]report.Outcome `json:"outcomes"` // by host and check id
}

func viewOf(t tested) testedView {
	v := testedView{Suite: t.trial.Suite, Test: t.trial.file, NeverFailed: t.covered().never()}
	for _, c := range t.cases {
		outcomes := map[string]map[string]report.Outcome{}
		for _, h := range c.end.hosts {
			outcomes[h.Host] = map[string]report.Outcome{}
			for _, check := range h.Checks {
				outcomes[h.Host][check.ID] = check.Outcome
			}
		}
		v.Cases = append(v.Cases, testedCaseView{
			c.name, len(c.differences) == 0, c.end.summary.ExitCode, c.differences, outcomes,
		})
	}
	return v
}

// junitOf is a suite of JUnit for each suite, and a case of it for each case.
func junitOf(all []tested) junit.Testsuites {
	var doc junit.Testsuites
	for i, t := range all {
		name := strings.TrimSuffix(filepath.Base(t.trial.Suite), suiteEnding)
		s := junit.Testsuite{ID: i, Name: name}
		for _, c := range t.cases {
			tc := junit.Testcase{
				Name: report.CleanLine(c.name), Classname: "test." + name,
				Time: fmt.Sprintf("%.3f", c.end.summary.Took.Seconds()),
			}
			if len(c.differences) > 0 {
				tc.Failure = &junit.Result{
					Type: "differs", Message: report.CleanLine(c.differences[0]),
					Data: report.Clean(strings.Join(c.differences, "\n")),
				}
			}
			s.AddTestcase(tc)
		}
		doc.AddSuite(s)
	}
	return doc
}

// writeTested writes the files that were asked for.
func writeTested(all []tested, f trialFlags) error {
	if f.junit != "" {
		content, err := xml.MarshalIndent(junitOf(all), "", "  ")
		if err != nil {
			return err
		}
		if err := writeAtomic(f.junit, append([]byte(xml.Header), append(content, '\n')...)); err != nil {
			return err
		}
	}
	if f.json == "" {
		return nil
	}
	views := make([]testedView, 0, len(all))
	for _, t := range all {
		views = append(views, viewOf(t))
	}
	content, err := json.MarshalIndent(views, "", "  ")
	if err != nil {
		return err
	}
	return writeAtomic(f.json, append(content, '\n'))
}

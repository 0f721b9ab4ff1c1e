package junit_test

import (
	"bytes"
	"testing"

	"postpatch/runner/report"
	"postpatch/runner/report/junit"
)

// The files of all owners come to what the whole comes to; of a host that did not answer
// each has its own red case.
func TestTheOwnersFilesComeToTheWhole(t *testing.T) {
	of := func(o report.Outcome, id, owner string) report.Check {
		return one(o, func(c *report.Check) { c.ID, c.Owner, c.Kind = id, owner, "service" })
	}
	hosts := []report.Host{
		{Host: "a", Checks: []report.Check{
			of(report.Regressed, "1", "web"), of(report.Passed, "2", "dba"), of(report.Unknown, "3", ""),
			of(report.PreExisting, "4", "Web"), of(report.Skipped, "5", "dba"), of(report.Drifted, "6", "dba"),
		}},
		{Host: "b", Checks: []report.Check{of(report.Failed, "1", "dba")}},
		{Host: "c", Unreachable: "no answer", Checks: []report.Check{
			of(report.Unknown, "1", "web"), of(report.Unknown, "2", "dba"),
		}},
	}
	files := map[string]*bytes.Buffer{}
	split := report.Split(func(owner string) report.Handler {
		files[owner] = new(bytes.Buffer)
		return junit.New(files[owner], junit.Options{Part: junit.Part{By: "owner", Name: owner}})
	})
	if err := split.Start(report.Run{Command: "verify"}); err != nil {
		t.Fatal(err)
	}
	for _, h := range hosts {
		if err := split.Host(h); err != nil {
			t.Fatal(err)
		}
	}
	if err := split.Finish(report.Summary{}); err != nil {
		t.Fatal(err)
	}
	whole := parsed(t, written(t, hosts...))
	var tests, failures, errors int
	for owner, file := range files {
		d := parsed(t, file.Bytes())
		tests, failures, errors = tests+d.Tests, failures+d.Failures, errors+d.Errors
		if owner != "" && d.Suites[len(d.Suites)-1].Errors != 1 {
			t.Errorf("the host that did not answer is not red for %q", owner)
		}
	}
	if len(files) != 3 || files["web"] == nil || files["dba"] == nil || files[""] == nil {
		t.Errorf("got files of %d owners", len(files))
	}
	// One case more is the second red one of the host that did not answer.
	if tests != whole.Tests+1 || failures != whole.Failures || errors != whole.Errors+1 {
		t.Errorf("got %d tests, %d failures, %d errors of a whole with %d, %d, %d", tests, failures, errors,
			whole.Tests, whole.Failures, whole.Errors)
	}
}

package junit_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"postpatch/runner/report"
)

// night is a host with one check of every sort.
func night(t *testing.T) document {
	t.Helper()
	var checks []report.Check
	for _, o := range report.Outcomes() {
		checks = append(checks, one(o, func(c *report.Check) { c.ID = "check/" + string(o) }))
	}
	lost := one(report.Unknown, func(c *report.Check) { c.Error = "i/o timeout" })
	return parsed(t, written(t,
		report.Host{Host: "srv1.corp.local", Checks: checks},
		report.Host{Host: "srv2.corp.local", Checks: []report.Check{lost}, Unreachable: "i/o timeout"},
	))
}

// Jenkins splits a class at its last dot into package and class, drops suites
// without cases, and reads a timestamp without a zone as UTC.
func TestJenkinsShowsSuitesAsPackagesAndHostsAsClasses(t *testing.T) {
	d := night(t)
	for i, want := range []string{"srv1_corp_local", "srv2_corp_local"} {
		s := d.Suites[i]
		if _, err := time.Parse("2006-01-02T15:04:05", s.Timestamp); err != nil {
			t.Errorf("timestamp: %v", err)
		}
		for _, c := range s.Cases {
			cut := strings.LastIndex(c.Classname, ".")
			if pkg, class := c.Classname[:max(cut, 0)], c.Classname[cut+1:]; pkg != "web" || class != want {
				t.Errorf("%s: package %q, class %q", c.Name, pkg, class)
			}
			if _, err := strconv.ParseFloat(strings.ReplaceAll(c.Time, ",", ""), 32); err != nil {
				t.Errorf("%s: time: %v", c.Name, err)
			}
		}
	}
}

// Azure takes failure before error before skipped; both of the first two are
// "Failed". A pre-existing failure must not be one of them.
func TestAzureFailsOnlyWhatThePatchBrokeOrNobodySaw(t *testing.T) {
	outcome := func(c testcase) string {
		switch {
		case c.Failure != nil, c.Error != nil:
			return "Failed"
		case c.Skipped != nil:
			return "NotExecuted"
		default:
			return "Passed"
		}
	}
	want := map[string]string{
		"check/skipped": "NotExecuted", "check/passed": "Passed", "check/fixed": "Passed", "check/expected": "Passed",
		"check/drifted":      "Passed",
		"check/pre-existing": "NotExecuted", "check/waived": "NotExecuted", "check/unknown": "Failed",
		"check/unmet": "Failed", "check/failed": "Failed", "check/regressed": "Failed",
		"host reachable": "Failed", "service/W3SVC": "NotExecuted",
	}
	for _, s := range night(t).Suites {
		for _, c := range s.Cases {
			if got := outcome(c); got != want[c.Name] {
				t.Errorf("%s: got %s, want %s", c.Name, got, want[c.Name])
			}
			if f := c.Failure; f != nil && len([]rune(f.Message)) > 4000 {
				t.Errorf("%s: the message is too long", c.Name)
			}
		}
	}
}

// GitLab shows only what stands in an element, never its message, and of two
// cases with one class and name only the first.
func TestGitLabShowsThePointOfEveryFailure(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range night(t).Suites {
		for _, c := range s.Cases {
			if seen[c.Classname+c.Name] {
				t.Errorf("%s of %s comes twice", c.Name, c.Classname)
			}
			seen[c.Classname+c.Name] = true
			for _, r := range []*result{c.Failure, c.Error} {
				if r != nil && (r.Message == "" || !strings.HasPrefix(r.Body, r.Message)) {
					t.Errorf("%s: the body does not start with the message %q: %q", c.Name, r.Message, r.Body)
				}
			}
			if c.Skipped != nil && strings.TrimSpace(c.Skipped.Body) == "" {
				t.Errorf("%s: skipped without a word", c.Name)
			}
		}
	}
}

// dorny/test-reporter does not look into nested suites and throws where a suite
// or a case has no name.
func TestDornySeesEveryCase(t *testing.T) {
	d := night(t)
	cases := 0
	for _, s := range d.Suites {
		if s.Name == "" {
			t.Error("a suite has no name")
		}
		for _, c := range s.Cases {
			cases++
			if c.Name == "" || c.Classname == "" {
				t.Errorf("a case has no name: %+v", c)
			}
		}
	}
	if cases != d.Tests || d.Time == "" {
		t.Errorf("%d cases are seen, the root says %d", cases, d.Tests)
	}
}

package history_test

import (
	"errors"
	"testing"
	"time"

	"postpatch/runner/report"
	"postpatch/runner/report/history"
)

// What failed is mended only by a look that has asked for it again.
func TestALookAtOtherChecksMendsNothing(t *testing.T) {
	web, sql := []string{"web"}, []string{"sql"}
	both := []string{"web", "sql"}
	bad, well := report.Regressed, report.Passed
	type at struct {
		pass, part string
		suites     []string
		outcome    report.Outcome
	}
	for name, c := range map[string]struct {
		looks []at
		want  string
	}{
		"the same once more":            {[]at{{"", "", web, bad}, {"", "", web, well}}, "PASS"},
		"more than before":              {[]at{{"", "", web, bad}, {"", "", both, well}}, "PASS"},
		"another suite":                 {[]at{{"", "", web, bad}, {"", "", sql, well}}, "FAIL"},
		"another suite, unknown":        {[]at{{"", "", web, report.Unknown}, {"", "", sql, well}}, "INCOMPLETE"},
		"a part":                        {[]at{{"", "", web, bad}, {"", "--owner dba", web, well}}, "FAIL"},
		"the same part":                 {[]at{{"", "--owner dba", web, bad}, {"", "--owner dba", web, well}}, "PASS"},
		"early, and later a part":       {[]at{{"early", "", web, bad}, {"settled", "--owner dba", web, well}}, "FAIL"},
		"early, and later all":          {[]at{{"early", "", web, bad}, {"settled", "", web, well}}, "PASS"},
		"early, and later the same":     {[]at{{"early", "--owner dba", web, bad}, {"settled", "--owner dba", web, well}}, "PASS"},
		"nobody has seen it mended":     {[]at{{"", "", web, bad}, {"", "", web, report.Unknown}}, "FAIL"},
		"early, and unknown afterwards": {[]at{{"early", "", web, bad}, {"settled", "", web, report.Unknown}}, "INCOMPLETE"},
	} {
		t.Run(name, func(t *testing.T) {
			var runs []recorded
			for i, l := range c.looks {
				check := is("service/"+l.suites[0], l.outcome)
				check.Suite = l.suites[0]
				runs = append(runs, record(t, tape{history.Run{
					Name: []string{"a", "b"}[i], Baseline: "before", Pass: l.pass, Part: l.part, Suites: l.suites,
					Started: time.Date(2026, 1, 10, 20+i, 0, 0, 0, time.UTC), Hosts: []string{"web01"},
				}, []report.Host{host("web01", 0, check)}, time.Minute}))
			}
			h := told(t, history.Options{}, runs)
			if len(h.Windows) != 1 || h.Windows[0].Verdict != c.want {
				t.Errorf("got %+v, want one window, %s", h.Windows, c.want)
			}
		})
	}
}

// A window of which a run cannot be read has not passed.
func TestAWindowWithARunThatCannotBeReadIsIncomplete(t *testing.T) {
	var runs []history.Run
	c := history.New(history.Options{})
	for i, name := range []string{"a", "b"} {
		r := history.Run{
			Name: name, Baseline: "before", Suites: []string{"shop"}, Hosts: []string{name},
			Started: time.Date(2026, 1, 10, 20+i, 0, 0, 0, time.UTC),
		}
		runs = append(runs, r)
		err := c.Take(r, func(h report.Handler) error {
			if name == "b" {
				return errors.New("it was edited")
			}
			return tape{r, []report.Host{host(name, 0, is("service/W3SVC", report.Passed))}, time.Minute}.play(h)
		})
		if (err != nil) != (name == "b") {
			t.Fatal(err)
		}
	}
	h := c.History(history.GroupRuns(runs))
	if len(h.Windows) != 1 || h.Windows[0].Verdict != "INCOMPLETE" {
		t.Errorf("got %+v, want one window, INCOMPLETE", h.Windows)
	}
}

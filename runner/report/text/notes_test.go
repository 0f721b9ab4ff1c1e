package text_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"postpatch/runner/report"
	"postpatch/runner/report/text"
)

// What is noted at the end of a run stands with the notes of its beginning, before any
// result, and is as harmless as they are.
func TestNotesOfTheEndStandAtTheTop(t *testing.T) {
	var b bytes.Buffer
	h := text.New(&b, text.Options{ASCII: true})
	err := errors.Join(
		h.Start(report.Run{Command: "verify", Hosts: 1, Checks: 1, Notes: []string{"known at once"}}),
		h.Host(report.Host{Host: "web01", Checks: []report.Check{{ID: "os", Outcome: report.Regressed, Line: 1}}}),
		h.Finish(report.Summary{Verdict: "FAIL", ExitCode: 1, Notes: []string{"no more: \x1b[2Jservice/A"}}),
	)
	if err != nil {
		t.Fatal(err)
	}
	first, rest, _ := strings.Cut(b.String(), "note  known at once\nnote  no more: <ESC>[2Jservice/A\n")
	if rest == "" || strings.Contains(first, "REGRESSION") {
		t.Errorf("got\n%s", b.String())
	}
}

// What is told of a host beside its results stands with the run's notes; of very many
// the first ones, unless everything is asked for. It is as harmless as all else.
func TestNotesOfHosts(t *testing.T) {
	told := func(verbosity, hosts int) string {
		var out strings.Builder
		v := text.New(&out, text.Options{Verbosity: verbosity})
		if err := v.Start(report.Run{Command: "verify"}); err != nil {
			t.Fatal(err)
		}
		for i := range hosts {
			note := fmt.Sprintf("srv%02d was\x1b[2J other", i)
			if err := v.Host(report.Host{Host: "h", Notes: []string{note}}); err != nil {
				t.Fatal(err)
			}
		}
		if err := v.Finish(report.Summary{Verdict: "PASS"}); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	if got := told(text.Normal, 20); strings.Count(got, "note  srv") != 20 || strings.Contains(got, "more of this") {
		t.Error(got)
	}
	got := told(text.Normal, 25)
	counted := strings.Count(got, "note  srv") == 20 && strings.Contains(got, "note  5 more of this sort")
	if !counted || strings.Contains(got, "\x1b[2J") {
		t.Error(got)
	}
	if got := told(text.Raw, 25); strings.Count(got, "note  srv") != 25 {
		t.Error(got)
	}
}

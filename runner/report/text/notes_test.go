package text_test

import (
	"bytes"
	"errors"
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

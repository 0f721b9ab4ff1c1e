package main

import (
	"bytes"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"postpatch/probes/lab"
	"postpatch/probes/lab/estate"
	"postpatch/runner/report"
)

// What verify came to, judge comes to again from the store alone, its lab closed:
// the whole corpus, every outcome and every finding.
func TestJudgedAgainAsVerified(t *testing.T) {
	files, err := filepath.Glob("../../examples/scenarios/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) { judgedAgain(t, file) })
	}
}

// Maintenance windows that are waited for come to what their files say, and to the same
// when they are judged again: all that waiting has shown is in the store.
func TestWindows(t *testing.T) {
	files, err := filepath.Glob("../../examples/windows/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			t.Parallel()
			judgedAgain(t, file)
		})
	}
}

func judgedAgain(t *testing.T, file string) {
	t.Helper()
	s, err := readScenario(file)
	if err != nil {
		t.Fatal(err)
	}
	st, verified, exit := played(t, s)
	for _, d := range s.differences(verified, report.Summary{ExitCode: exit}) {
		t.Error(d)
	}
	var judged []report.Host
	c := judgeJob{
		inputs:  inputs{store: st.store, name: "demo-verify", plan: st.scenario.Plan.path, scripts: true, atOnce: 1},
		outputs: outputs{progress: "never", color: "never"}, suites: st.scenario.files(),
		collect: func(h report.Host) { judged = append(judged, h) },
	}
	summary, err := rejudge(t.Context(), st.app, c)
	if err != nil {
		t.Fatal(err)
	}
	if summary.ExitCode != exit {
		t.Errorf("verify exits %d, judge %d", exit, summary.ExitCode)
	}
	byName := func(a, b report.Host) int { return strings.Compare(a.Host, b.Host) }
	slices.SortFunc(verified, byName)
	slices.SortFunc(judged, byName)
	for i, h := range judged {
		if h.Took <= 0 || h.Took > verified[i].Took {
			t.Errorf("%s took %v, judged again %v", h.Host, verified[i].Took, h.Took)
		}
	}
	notKept := cmp.Options{
		cmpopts.IgnoreFields(report.Host{}, "Started", "Took", "Session"),
		cmpopts.IgnoreFields(report.Check{}, "File"), // a scenario's suite is told by its place there
	}
	if d := cmp.Diff(verified, judged, notKept); d != "" {
		t.Errorf("(-verify +judge):\n%s", d)
	}
}

// played captures and verifies a scenario, and closes its lab.
func played(t *testing.T, s scenario) (st stage, verified []report.Host, exit int) {
	t.Helper()
	folder := t.TempDir()
	if err := s.unfold(folder); err != nil {
		t.Fatal(err)
	}
	e, err := estate.Load(s.Estate.path)
	if err != nil {
		t.Fatal(err)
	}
	l, err := lab.Start(t.Context(), e, lab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	a := app{stdout: io.Discard, stderr: io.Discard, getenv: func(string) string { return "" }}
	st = stage{app: a, scenario: s, lab: l, estate: e, store: folder}
	quiet := outputs{progress: "never", color: "never"}
	if err := st.capture(t.Context(), quiet); err != nil {
		t.Fatal(err)
	}
	summary, verified, err := st.verify(t.Context(), quiet)
	if err != nil {
		t.Fatal(err)
	}
	return st, verified, summary.ExitCode
}

// The README shows what a window tells of what came up late.
func TestREADMEWindow(t *testing.T) {
	t.Parallel()
	_, readme := readmeText(t)
	var out bytes.Buffer
	a := app{stdout: &out, stderr: io.Discard, getenv: func(string) string { return "" }, width: 100}
	if code := run(t.Context(), []string{"demo", "-v", "../../examples/windows/sql-script-upgrade.yaml"}, a); code != 0 {
		t.Fatalf("exit %d\n%s", code, &out)
	}
	start, end := block(t, readme, "settled")
	if shown := steady(readme[start:end]); !strings.Contains(steady(out.String()), shown) {
		t.Errorf("the README shows\n%s\nand this comes out\n%s", shown, &out)
	}
}

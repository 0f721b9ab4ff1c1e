package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"postpatch/runner/report"
	"postpatch/runner/report/reporttest"
)

func TestCISystemIsFoundOut(t *testing.T) {
	for want, env := range map[string]map[string]string{
		ciGitHub: {"GITHUB_ACTIONS": "true"}, ciAzure: {"TF_BUILD": "True"}, ciGitLab: {"GITLAB_CI": "true"},
		ciTeamCity: {"TEAMCITY_VERSION": "2025.07"}, "": {"CI": "true", "GITHUB_ACTIONS": "false", "JENKINS_URL": "x"},
	} {
		if got := ciSystem(func(name string) string { return env[name] }); got != want {
			t.Errorf("%v: got %q, want %q", env, got, want)
		}
	}
}

// A step's summary is dropped whole by GitHub where it is too long.
func TestTheStepsSummaryIsNeverTooLong(t *testing.T) {
	s := reporttest.Hostile(strings.Repeat("`", 300))
	long := s.Hosts[0]
	for i := range 100 { // each in its own way, so that they are not told as one
		long.Checks = slices.Clone(long.Checks)
		for k := range long.Checks {
			long.Checks[k].Findings = slices.Clone(long.Checks[k].Findings)
			long.Checks[k].Findings[0].Reading = strconv.Itoa(i)
		}
		s.Hosts = append(s.Hosts, long)
	}
	for name, test := range map[string]struct {
		had  int
		adds bool
	}{
		"an empty one": {0, true}, "a long one": {850_000, true}, "one that is full": {880_000, false},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "step.md")
			write(t, file, strings.Repeat("x", test.had))
			env := map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": file}
			var out, talk bytes.Buffer
			a := app{stdout: &out, stderr: &talk, getenv: func(name string) string { return env[name] }, width: 100}
			v, err := (&outputs{color: "auto", progress: "never", quiet: true, pipeline: pipeline{ciAuto}}).open(a)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.To(v); err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(file)
			if err != nil || len(text) > summaryLimit || !strings.HasPrefix(string(text), strings.Repeat("x", test.had)) {
				t.Errorf("%d bytes, %v", len(text), err)
			}
			if test.had == 0 && len(text) < summaryLimit/2 {
				t.Errorf("only %d bytes: the test does not reach the limit", len(text))
			}
			if adds := len(text) > test.had; adds != test.adds || adds == strings.Contains(talk.String(), "no summary") {
				t.Errorf("added: %t, want %t; %s", adds, test.adds, &talk)
			}
			if n := strings.Count(out.String(), "\n::") + 1; n > 10 || !strings.HasPrefix(out.String(), "::error") {
				t.Errorf("%d annotations:\n%.500s", n, &out)
			}
		})
	}
}

// A run that comes to no end adds nothing to the summary.
func TestNoSummaryOfHalfARun(t *testing.T) {
	file := filepath.Join(t.TempDir(), "step.md")
	write(t, file, "before\n")
	f, err := openAppended(file)
	if err != nil {
		t.Fatal(err)
	}
	v := views{Handler: report.Tee(), files: []*reportFile{{view: report.Tee(), file: f}}}
	f.WriteString("half")
	v.discard()
	if text, err := os.ReadFile(file); err != nil || string(text) != "before\n" {
		t.Errorf("%q, %v", text, err)
	}
}

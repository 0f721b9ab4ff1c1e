package main

import (
	"bytes"
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"postpatch/runner"
	"postpatch/runner/report/jsonl"
	"postpatch/runner/report/reporttest"
)

// steers finds what a pipeline takes for a command: GitHub's at a line's begin, Azure's and
// TeamCity's anywhere.
var steers = regexp.MustCompile(`(?mi)^[ \t]*::[a-z-]+(?: .*)?::.*$|^.*##\w*\[.*$`)

// A file of results that somebody has written to do harm is told in every form at once: what
// is written is as asked for, lies where it was asked for, and steers nobody.
func TestHostileResultsInEveryForm(t *testing.T) {
	long := strings.Repeat("x", 90) + " ::error file=a:b::" + strings.Repeat("y", 10_000)
	texts := append(reporttest.Nasty(), "../../escape", "CON", "a/b", "=cmd|'/c calc'!A0", long)
	for texts := range slices.Chunk(texts, 6) { // each view is tried with each of them alone, too
		for _, form := range []struct {
			args string
			own  string // with which lines begin that are to steer, as a pattern
		}{
			{"-vv --show-ignored --by owner --html o.html --html-dir web --json out.jsonl --markdown o.md --tap o.tap " +
				"--prometheus o.prom --junit out.xml", `$^`},
			{"--ci github", `^::((error|warning)( |::)|(end)?group::)`},
			{"--ci azure -v --redact", `^##(vso\[task\.|\[(end)?group\])`},
			{"--ci gitlab -v", `$^`},
			{"--format teamcity", `^##teamcity\[`},
			{"--format tap", `$^`},
			{"--format markdown", `$^`},
		} {
			told := tellHostile(t, texts, form.args)
			own := regexp.MustCompile(form.own)
			for where, what := range told {
				for _, line := range steers.FindAllString(what, -1) {
					rest := own.ReplaceAllString(line, "")
					if where != "stdout" || rest == line || steers.MatchString(rest) {
						t.Errorf("%.200q, %s: %s has %.200q", texts, form.args, where, line)
					}
				}
				if !strings.Contains(form.args, "gitlab") {
					harmless(t, where, what)
				}
			}
		}
		if t.Failed() {
			return
		}
	}
}

// tellHostile has the report command write what it is asked for, and returns what it printed
// and the files that are read as lines.
func tellHostile(t *testing.T, texts []string, args string) map[string]string {
	t.Helper()
	t.Chdir(t.TempDir())
	var lines bytes.Buffer
	s := reporttest.Hostile(texts[0])
	for _, text := range texts[1:] {
		s.Hosts = append(s.Hosts, reporttest.Hostile(text).Hosts...)
	}
	if err := s.To(jsonl.New(&lines)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("in.jsonl", lines.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	env := map[string]string{"GITHUB_STEP_SUMMARY": "step.md", "AGENT_TEMPDIRECTORY": "."}
	a := app{stdout: &stdout, stderr: &stderr, getenv: func(name string) string { return env[name] }}
	if code := run(t.Context(), strings.Fields("report in.jsonl "+args), a); code != runner.ExitOK || stderr.Len() > 0 {
		t.Fatalf("%.200q, %s: exit code %d: %s", texts, args, code, &stderr)
	}
	told := map[string]string{"stdout": stdout.String()}
	if !strings.Contains(args, "--junit") {
		return told
	}
	readByOthers(t)
	for _, file := range []string{"o.md", "o.tap", "o.prom", "out.xml"} {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		told[file] = string(content)
	}
	if got := namesIn(t, "."); got != "in.jsonl o.html o.md o.prom o.tap out.jsonl out.xml web" {
		t.Errorf("there are %s", got)
	}
	return told
}

// Whatever hosts, suites and owners are called, the files of --junit-split lie in their
// folder, and each has a name for every file system.
func TestFilesOfHostileNamesStayInTheirFolder(t *testing.T) {
	plain := regexp.MustCompile(`^[a-z0-9_@+~]([a-z0-9._@+~-]*[a-z0-9_@+~-])?\.xml$`)
	device := regexp.MustCompile(`^(con|prn|aux|nul|com\d|lpt\d)\.`)
	names := append(reporttest.Nasty(), "../../x", `..\..\x`, "/etc/x", `C:\x`, "CON", "con", "aux.log", "com1", "-rf",
		".", "..", "SRV1", "srv1", "srv1 ", "no-owner", "a~2", "a", "A", strings.Repeat("L", 10_000))
	for _, by := range []string{"host", "group", "owner"} {
		t.Chdir(t.TempDir())
		var lines bytes.Buffer
		to, s := jsonl.New(&lines), reporttest.Hostile("x")
		err := to.Start(s.Run)
		for _, name := range names {
			err = errors.Join(err, to.Host(reporttest.Hostile(name).Hosts[0]))
		}
		err = errors.Join(err, to.Finish(s.Summary), os.WriteFile("in.jsonl", lines.Bytes(), 0o644))
		var said bytes.Buffer
		a := app{stdout: &said, stderr: &said, getenv: func(string) string { return "" }}
		args := []string{"report", "in.jsonl", "--junit", "j", "--junit-split", by}
		if code := run(t.Context(), args, a); err != nil || code != runner.ExitOK {
			t.Fatalf("%s: %v, exit code %d: %s", by, err, code, &said)
		}
		if got := namesIn(t, "."); got != "in.jsonl j" {
			t.Errorf("%s: beside the folder there are %s", by, got)
		}
		files, seen := strings.Fields(namesIn(t, "j")), map[string]bool{}
		for _, file := range files {
			if !plain.MatchString(file) || device.MatchString(file) || len(file) > 120 || seen[file] {
				t.Errorf("%s: no file should be called %q", by, file)
			}
			seen[file] = true
		}
		if by == "host" && len(files) != len(names) {
			t.Errorf("%d hosts have %d files", len(names), len(files))
		}
	}
}

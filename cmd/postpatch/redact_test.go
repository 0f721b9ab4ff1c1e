package main

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"postpatch/runner/report"
	"postpatch/runner/report/jsonl"
)

// originals are the names of a scenario that must not be told: of its hosts as they were
// seen, and what its files have of accounts, addresses, domains and machines.
func originals(t *testing.T, hosts []report.Host, files ...string) []string {
	t.Helper()
	var names []string
	for _, h := range hosts {
		label, _, _ := strings.Cut(h.Host, ".")
		names = append(names, h.Host, label)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, pattern := range []string{
			`\b(?:10|192\.168|172\.16)(?:\.\d{1,3}){2,3}\b`, `[\w.-]+@(?:[\w-]+\.)+\w+`,
			`\b(?:acme\.test|(?:corp\.)?example\.org|corp\.test)\b`, `\b[A-Z]+\\[a-z][\w-]+`,
			`\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b`, `\bACME\b`,
		} {
			for _, name := range regexp.MustCompile(pattern).FindAllString(string(content), -1) {
				if parts := strings.Split(name, "."); pattern[2] == '(' && len(parts) == 4 && parts[0] == "10" && parts[1] == "0" &&
					len(parts[2]) > 3 {
					continue // a build of Windows
				}
				if domain, account, found := strings.Cut(name, `\`); found {
					names = append(names, domain+`\`, `domain "`+domain+`"`)
					if strings.ContainsAny(account, "-0123456789") {
						names = append(names, account)
					}
				}
				names = append(names, name)
			}
		}
	}
	for i := range names {
		names[i] = strings.ToLower(names[i])
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// None of a scenario's names is told in any form of its report, and all else is as it was.
func TestScenariosAreRedacted(t *testing.T) {
	files, err := filepath.Glob("../../examples/scenarios/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	type story struct {
		file  string
		parts []string
	}
	var stories []story
	for _, file := range append(files, "../../examples/waivers.scenario.yaml") {
		stories = append(stories, story{file, []string{file}})
	}
	stories = append(stories,
		story{"../../examples/demo/acme.scenario.yaml", []string{
			"../../examples/demo/acme.estate.yaml", "../../examples/demo/acme.suite.yaml",
		}},
		story{"../../examples/estate.scenario.yaml", []string{
			"../../examples/estate.scenario.yaml", "../../examples/estate.suite.yaml",
		}},
	)
	told := 0
	for _, of := range stories {
		s, err := readScenario(of.file)
		if err != nil {
			t.Fatal(err)
		}
		folder := t.TempDir()
		out := outputs{
			junit: filepath.Join(folder, "junit.xml"), json: filepath.Join(folder, "results.jsonl"), color: "never",
			progress: "never", verbose: 2, aloud: true, html: filepath.Join(folder, "report.html"),
			htmlDir:   filepath.Join(folder, "web"),
			redaction: redaction{redact: true, redactMap: filepath.Join(folder, "key.json")},
			formats: formats{
				markdown: filepath.Join(folder, "run.md"), tap: filepath.Join(folder, "run.tap"),
				prometheus: filepath.Join(folder, "run.prom"),
			},
			junitFlags: junitFlags{junitFlavor: "extended", junitName: "qualified"},
		}
		var screen, talk bytes.Buffer
		end, err := play(t.Context(), app{
			stdout: &screen, stderr: &talk, getenv: func(string) string { return "" }, width: 100,
		}, s, out)
		if err != nil {
			t.Fatalf("%s: %v", of.file, err)
		}
		names := originals(t, end.hosts, of.parts...)
		for _, form := range append(filesIn(t, out.htmlDir), out.junit, out.json, out.html, out.markdown, out.tap,
			out.prometheus, "screen") {
			content := screen.Bytes()
			if form != "screen" {
				if content, err = os.ReadFile(form); err != nil {
					t.Fatal(err)
				}
				plain := unpacked(t, content)
				if form == out.html && len(plain) == len(content) {
					t.Error("nothing was found in the HTML report's blocks")
				}
				if form == out.html && !bytes.Contains(plain, []byte("Redacted: ")) {
					t.Error("the HTML report does not say that it is redacted")
				}
				content = plain
			}
			lower := strings.ReplaceAll(strings.ToLower(string(content)), `\\`, `\`)
			for _, name := range names {
				if at := strings.Index(lower, name); at >= 0 {
					t.Errorf("%s: %s tells %s: …%s…", s.Name, filepath.Base(form), name, lower[max(0, at-60):min(len(lower), at+60)])
				}
			}
			told += len(names)
		}
		if d := s.differences(end.hosts, end.summary); len(d) > 0 {
			t.Errorf("%s comes to something else: %q", s.Name, d)
		}
		got := &replayed{}
		content, err := os.ReadFile(out.json)
		if err != nil {
			t.Fatal(err)
		}
		if err := jsonl.Replay(bytes.NewReader(content), got); err != nil {
			t.Fatal(err)
		}
		if got.summary.ExitCode != end.summary.ExitCode || got.summary.Verdict != end.summary.Verdict {
			t.Errorf("%s: %s, want %s", s.Name, got.summary.Verdict, end.summary.Verdict)
		}
	}
	if told < 500 {
		t.Errorf("only %d names were looked for", told)
	}
}

// replayed has the end of a stream.
type replayed struct {
	report.Handler
	summary report.Summary
}

func (r *replayed) Start(report.Run) error        { return nil }
func (r *replayed) Host(report.Host) error        { return nil }
func (r *replayed) Finish(s report.Summary) error { r.summary = s; return nil }

// filesIn are the files of a folder, and those of its folders.
func filesIn(t *testing.T, folder string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// unpacked is a text in which what was packed stands as what it is: base64 may spell any
// name by chance.
func unpacked(t *testing.T, text []byte) []byte {
	t.Helper()
	packedBlock := regexp.MustCompile(`H4sI[A-Za-z0-9+/]{20,}={0,2}`)
	var all []byte
	for {
		at := packedBlock.FindIndex(text)
		if at == nil {
			break
		}
		packed, err := base64.StdEncoding.DecodeString(string(text[at[0]:at[1]]))
		if err != nil {
			t.Fatal(err)
		}
		from, err := gzip.NewReader(bytes.NewReader(packed))
		if err != nil {
			t.Fatal(err)
		}
		plain, err := io.ReadAll(from)
		if err != nil {
			t.Fatal(err)
		}
		all = append(append(all, text[:at[0]]...), plain...)
		text = text[at[1]:]
	}
	return append(all, text...)
}

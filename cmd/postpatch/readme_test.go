package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/all"
	"postpatch/probes/lab"
	"postpatch/probes/lab/estate"
	"postpatch/suites"
)

// block finds the fenced block that follows a marker in the README: its start
// and end in the text.
func block(t *testing.T, readme, marker string) (start, end int) {
	t.Helper()
	at := strings.Index(readme, "<!-- "+marker+":")
	if at < 0 {
		t.Fatalf("the README has no marker %q", marker)
	}
	open := at + strings.Index(readme[at:], "\n```") + 1
	start = open + strings.Index(readme[open:], "\n") + 1
	end = start + strings.Index(readme[start:], "```")
	return start, end
}

// readmeText is the README and where it stands, for tests that change the folder, too.
func readmeText(t *testing.T) (path, text string) {
	t.Helper()
	path, err := filepath.Abs("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, string(content)
}

// steady replaces what is different in every run.
func steady(output string) string {
	for _, changing := range []string{
		`\d+ \w{3} \d\d:\d\d UTC`, `(\d+ \w{3} )?\d\d:\d\d(:\d\d)?Z`, `[\d.]+ (ms|s|µs)( ago)?`,
	} {
		output = regexp.MustCompile(changing).ReplaceAllString(output, "<time>")
	}
	var lines []string
	for line := range strings.Lines(output) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

// TestREADME runs the README's suite against a lab and holds the output that the
// README shows against what really comes out.
func TestREADME(t *testing.T) {
	path, readme := readmeText(t)
	l := startTestLab(t, "testdata/readme/shop.estate.yaml")
	t.Chdir(t.TempDir())
	start, end := block(t, readme, "suite")
	write(t, "shop.suite.yaml", readme[start:end])
	write(t, "patch.credentials.yaml", "credentials:\n  - hosts: '*'\n    user: SHOP\\probe\n"+
		"    password: {env: PATCH_PASSWORD}\n    winrm: {allow_plain: true}\n")
	addresses, err := json.Marshal(l.Addresses(""))
	if err != nil {
		t.Fatal(err)
	}
	write(t, "lab.json", string(addresses))

	call := func(args ...string) (string, int) {
		var out, talk bytes.Buffer
		code := run(t.Context(), append(args, "--credentials", "patch.credentials.yaml", "--connect-to", "lab.json"), app{
			stdout: &out, stderr: &talk, width: 100, getenv: func(name string) string {
				return map[string]string{"PATCH_PASSWORD": "open-sesame"}[name]
			},
		})
		t.Logf("%s: exit %d\n%s", args[0], code, talk.String())
		// The reader has a server where this test has a lab.
		return strings.ReplaceAll(out.String(), " --connect-to lab.json", ""), code
	}
	if out, code := call("capture", "shop.suite.yaml", "--name", "november"); code != 0 {
		t.Fatalf("capture: exit %d\n%s", code, out)
	}
	if err := l.Switch("after"); err != nil {
		t.Fatal(err)
	}
	got, code := call("verify", "shop.suite.yaml", "--baseline", "november", "--name", "november-verify",
		"--junit", "out/junit.xml")
	if code != 1 {
		t.Errorf("verify: exit %d, want 1", code)
	}
	start, end = block(t, readme, "output")
	if *update {
		write(t, path, readme[:start]+strings.TrimRight(got, "\n")+"\n"+readme[end:])
		return
	}
	if d := cmp.Diff(steady(readme[start:end]), steady(got)); d != "" {
		t.Errorf("the README's output is not what comes out (-README +now); go test ./cmd/postpatch -update:\n%s", d)
	}
}

func startTestLab(t *testing.T, file string) *lab.Lab {
	t.Helper()
	e, err := estate.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	l, err := lab.Start(context.WithoutCancel(t.Context()), e, lab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func write(t testing.TB, file, content string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// The README's other suites lint, and its table of kinds names every one once.
func TestREADMESides(t *testing.T) {
	content, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	readme := string(content)
	library := app{getenv: func(string) string { return "" }}.library()
	for _, marker := range []string{"sides", "asserts", "use"} {
		start, end := block(t, readme, marker)
		if _, problems := library.LoadBytes("shop.suite.yaml", []byte(readme[start:end])); len(problems) > 0 {
			t.Error(suites.Format(problems, nil))
		}
	}
	_, table, _ := strings.Cut(readme, "## What is looked at")
	table, _, _ = strings.Cut(table, "\nEach declares")
	var want []string
	for _, k := range all.Kinds() {
		want = append(want, k.Name)
	}
	var got []string
	for _, name := range regexp.MustCompile("`([a-z0-9_]+)`").FindAllStringSubmatch(table, -1) {
		got = append(got, name[1])
	}
	slices.Sort(got)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("kinds in the table (-want +got):\n%s", d)
	}
}

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"postpatch/probes/all"
	"postpatch/suites"
)

// Every example lints, and so does the README's suite with rules.
func TestExamplesLint(t *testing.T) {
	files, err := filepath.Glob("../../examples/*.suite.yaml")
	packs, _ := filepath.Glob("../../examples/packs/*.suite.yaml")
	files = append(files, packs...)
	if err != nil || len(files) < 2 {
		t.Fatalf("examples: %v, %v", files, err)
	}
	lib := app{getenv: func(string) string { return "" }}.library()
	lib.Lone = true
	for _, file := range files {
		if _, problems := lib.Load([]string{file}); len(problems) > 0 {
			t.Error(suites.Format(problems, os.ReadFile))
		}
	}
}

func TestREADMERules(t *testing.T) {
	content, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	readme := string(content)
	start, end := block(t, readme, "rules")
	if _, problems := suites.LoadBytes("rules.suite.yaml", []byte(readme[start:end]), all.Kinds()); len(problems) > 0 {
		t.Error(suites.Format(problems, nil))
	}
}

// A pack is of use as it is: a night in which all goes well has nothing to tell.
func TestPacks(t *testing.T) {
	files, err := filepath.Glob("../../examples/packs/*.scenario.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("packs: %v, %v", files, err)
	}
	var out bytes.Buffer
	a := app{stdout: &out, stderr: &out, getenv: func(string) string { return "" }}
	t.Chdir("../../examples/packs")
	for _, file := range files {
		if code := run(t.Context(), []string{"demo", "--out", t.TempDir(), filepath.Base(file)}, a); code != 0 {
			t.Errorf("%s: exit %d\n%s", file, code, &out)
		}
	}
}

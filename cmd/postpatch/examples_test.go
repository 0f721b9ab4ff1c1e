package main

import (
	"os"
	"path/filepath"
	"testing"

	"postpatch/probes/all"
	"postpatch/suites"
)

// Every example lints, and so does the README's suite with rules.
func TestExamplesLint(t *testing.T) {
	files, err := filepath.Glob("../../examples/*.suite.yaml")
	if err != nil || len(files) < 2 {
		t.Fatalf("examples: %v, %v", files, err)
	}
	for _, file := range files {
		if _, problems := suites.Load([]string{file}, all.Kinds()); len(problems) > 0 {
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

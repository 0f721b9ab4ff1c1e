package suites

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestExplainKind(t *testing.T) {
	for _, k := range testKinds() {
		golden(t, filepath.Join("testdata", "explain", k.Name+".out"), ExplainKind(k))
	}
}

// The examples of the pages are read as an owner's file would be.
func TestTheExamplesOfThePagesAreRight(t *testing.T) {
	for _, topic := range Topics() {
		page, ok := ExplainTopic(topic)
		if !ok {
			t.Errorf("no page on %q", topic)
		}
		folder := t.TempDir()
		write := func(file, text string) string {
			file = filepath.Join(folder, file)
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			return file
		}
		file := write(topic+".yaml", example(page))
		var problems []Problem
		switch topic {
		case "plan":
			if err := os.Mkdir(filepath.Join(folder, "suites"), 0o700); err != nil {
				t.Fatal(err)
			}
			write("suites/a.suite.yaml", "")
			_, problems = LoadPlan(file, testKinds())
		case "credentials":
			_, problems = LoadCredentials(file, nil)
		default:
			_, problems = Load([]string{file}, testKinds())
		}
		if len(problems) > 0 {
			t.Errorf("%s: %s", topic, Format(problems, os.ReadFile))
		}
		for line := range strings.Lines(page) {
			if len(line) > 100 {
				t.Errorf("%s: a line of %d characters: %s", topic, len(line), line)
			}
		}
	}
	if _, ok := ExplainTopic("weather"); ok {
		t.Error("a page on the weather")
	}
}

// example returns the indented block of a page.
func example(page string) string {
	var lines []string
	for line := range strings.Lines(page) {
		if code, found := strings.CutPrefix(line, "    "); found {
			lines = append(lines, code)
		} else if len(lines) > 0 {
			break
		}
	}
	return strings.Join(slices.Clip(lines), "")
}

package main

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// The tests beside the examples come out as they say.
func TestExamplesTests(t *testing.T) {
	var files []string
	for _, pattern := range []string{"../../examples/*" + trialEnding, "../../examples/*/*" + trialEnding} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	if len(files) == 0 {
		t.Fatal("no example has a test")
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), trialEnding), func(t *testing.T) {
			var out, talk bytes.Buffer
			a := app{stdout: &out, stderr: &talk, getenv: func(string) string { return "" }}
			if code := run(t.Context(), []string{"test", file}, a); code != 0 {
				t.Errorf("exit %d\n%s%s", code, &out, &talk)
			}
		})
	}
}

// What explain says of tests can be read as one.
func TestTrialPage(t *testing.T) {
	example, _, _ := strings.Cut(trialPage[strings.Index(trialPage, "  test: web"):], "\nA case")
	var lines []string
	for line := range strings.Lines(example) {
		line = strings.TrimPrefix(line, "  ")
		indent := len(line) - len(strings.TrimLeft(line, " "))
		if i := strings.Index(line[indent:], "   "); i > 0 {
			line = line[:indent+i] + "\n" // the remark beside it
		}
		lines = append(lines, line)
	}
	var read trial
	if err := decodeWhole([]byte(strings.Join(lines, "")), &read); err != nil {
		t.Fatalf("%v\n%s", err, strings.Join(lines, ""))
	}
	if err := read.problem(); err != nil {
		t.Error(err)
	}
	if len(read.Cases) != 3 || read.Hosts.Kind != yaml.SequenceNode || !slices.Contains(read.Cases[1].
		Expect.Outcomes["web01"]["service/W3SVC"].by, "state") {
		t.Errorf("read as %+v", read)
	}
}

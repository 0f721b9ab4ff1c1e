//go:build unix

package main

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// A reader who has gone away changes no verdict: the report on standard output is named,
// the files are whole, and the exit code is the verdict's.
func TestAClosedPipeChangesNoVerdict(t *testing.T) {
	crowdedEnvironment(t)
	if code, _, said := (crowded{command: "capture"}).run(t, "--name", "before"); code != 0 {
		t.Fatal(said)
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
	var talk bytes.Buffer
	process := exec.CommandContext(t.Context(), "postpatch", "report", "before", "--store", "disk/store",
		"--junit", "disk/out.xml", "--json", "disk/out.jsonl", "--exit-code")
	process.Stdout, process.Stderr = writer, &talk
	err = process.Run()
	if closing := writer.Close(); closing != nil {
		t.Fatal(closing)
	}
	if err != nil {
		t.Errorf("it ends with %v", err)
	}
	if said := talk.String(); !strings.Contains(said, "on standard output: ") || !strings.Contains(said, "broken pipe") {
		t.Errorf("it says %q", said)
	}
	allWhole(t, "disk")
	for _, file := range []string{"disk/out.xml", "disk/out.jsonl"} {
		if _, err := os.Stat(file); err != nil {
			t.Error(err)
		}
	}
}

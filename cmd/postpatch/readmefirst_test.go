package main

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
)

// A new user's four commands, as the README shows them: from an empty folder to a suite
// that is verified.
func TestREADMEFirst(t *testing.T) {
	_, readme := readmeText(t)
	l := startTestLab(t, "testdata/readme/first.estate.yaml")
	t.Chdir(t.TempDir())
	addresses, err := json.Marshal(l.Addresses(""))
	if err != nil {
		t.Fatal(err)
	}
	routes := t.TempDir() + "/lab.json"
	write(t, routes, string(addresses))
	start, end := block(t, readme, "first")
	commands := slices.Collect(strings.Lines(readme[start:end]))
	if len(commands) != 4 {
		t.Fatalf("%d commands", len(commands))
	}
	for _, line := range commands {
		line, _, _ = strings.Cut(line, "#")
		args := strings.Fields(strings.ReplaceAll(line, "'", ""))[1:]
		if args[0] != "lint" {
			args = append(args, "--connect-to", routes)
		}
		var out, talk bytes.Buffer
		code := run(t.Context(), args, app{
			stdout: &out, stderr: &talk, width: 100, getenv: func(name string) string {
				return map[string]string{"PATCH_PASSWORD": "open-sesame"}[name]
			},
		})
		if code != 0 {
			t.Fatalf("%s: exit %d\n%s%s", args[0], code, &out, &talk)
		}
		if args[0] == "capture" {
			if err := l.Switch("after"); err != nil {
				t.Fatal(err)
			}
		}
		if args[0] == "verify" && !strings.Contains(out.String(), "VERDICT  PASS") {
			t.Errorf("%s", &out)
		}
	}
	for _, file := range []string{"web01.suite.yaml", "patch.credentials.yaml", standardStore} {
		if _, err := os.Stat(file); err != nil {
			t.Error(err)
		}
	}
}

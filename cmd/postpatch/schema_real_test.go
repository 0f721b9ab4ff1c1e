//go:build real

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"postpatch/probes/all"
	"postpatch/suites"
	"postpatch/suites/schema"
)

// TestRealEditor has the YAML server of most editors read all examples with the schemas,
// and flag mistakes at the lines at which lint tells them.
func TestRealEditor(t *testing.T) {
	s := startYAMLServer(t)
	for _, file := range schema.Files() {
		text, err := schema.Of(file, all.Kinds())
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(s.folder, schema.Name(file)), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	seen := 0
	for pattern, file := range map[string]string{
		"*.suite.yaml": "suite", "*/*.suite.yaml": "suite", "*.plan.yaml": "plan", "*/*.plan.yaml": "plan",
	} {
		paths, err := filepath.Glob(filepath.Join("../../examples", pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			seen++
			name, err := filepath.Abs(path)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(text), "$schema") { // it is one that says nothing of a schema
				name, text = filepath.Base(path), append([]byte(schema.Modelines(schema.Name(file))), text...)
			}
			for _, d := range s.check(name, text) {
				t.Errorf("%s: line %d: %s", name, d.Range.Start.Line+1, d.Message)
			}
		}
	}
	if seen < 8 {
		t.Errorf("only %d examples", seen)
	}
	for name, entry := range mistakes() {
		t.Run(name, func(t *testing.T) {
			text := schema.Modelines(schema.Name("suite")) + "suite: a\nhosts: [b]\nchecks:\n  - ping: {}\n" + entry
			_, problems := suites.LoadBytes("a.suite.yaml", []byte(text), all.Kinds())
			found := s.check("a.suite.yaml", []byte(text))
			if len(problems) == 0 || len(found) == 0 {
				t.Fatalf("lint: %v\nthe editor: %v\n%s", problems, found, text)
			}
			for _, d := range found {
				if d.Range.Start.Line+1 != problems[0].Line {
					t.Errorf("lint: %v\nthe editor, at line %d: %s\n%s", problems[0], d.Range.Start.Line+1, d.Message, text)
				}
			}
		})
	}
}

// mistakes are some that people make, each at a line of its own.
func mistakes() map[string]string {
	lines := func(all ...string) string { return strings.Join(all, "\n") + "\n" }
	return map[string]string{
		"an unknown key":         lines("  - service: W3SVC", "    why: x", "    tiemout: 5s"),
		"an unknown key on top":  lines("ownr: x"),
		"an unknown kind":        lines("  - why: x", "    servise: W3SVC"),
		"an unknown parameter":   lines("  - http:", "      url: /", "      methd: GET"),
		"an unknown reading":     lines("  - service: W3SVC", "    expect:", "      start_mode: auto", "      stat: running"),
		"an unknown form":        lines("  - service: W3SVC", "    expect:", "      state:", "        any off: [running]"),
		"a wrong type":           lines("  - ping:", "      count:", "        - 3"),
		"a text for a number":    lines("  - ping:", "      wait: 1s", "      count: three"),
		"a list for a mapping":   lines("  - service: W3SVC", "    expect:", "      - state: running"),
		"a bool for a number":    lines("  - ping: {}", "    id: x", "    expect: {loss: true}"),
		"a number as a timeout":  lines("  - ping: {}", "    id: x", "    timeout: 30"),
		"an unknown rule's key":  lines("  - ping: {}", "    id: x", "    compare:", "      loss: {rul: same}"),
		"an unknown severity":    lines("  - ping: {}", "    id: x", "    compare:", "      loss: {severity: bad}"),
		"a reading to compare":   lines("  - ping: {}", "    id: x", "    compare:", "      los: same"),
		"a required one missing": lines("  - cim: {class: Win32_Share}"),
		"nothing for a list":     lines("  - ping: {}", "    id: x", "    hosts:"),
		"two kinds and an id":    lines("  - {ping: {}, os: {}, id: x}"),
		"no kind":                lines("  - why: x"),
		"asked from where":       lines("  - service: W3SVC", "    from: host"),
	}
}

//go:build real

package packed

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// parser is tree-sitter with its grammars of PowerShell, in a Python that
// POSTPATCH_TREESITTER_PYTHON names.
type parser struct{ python string }

func newParser(t *testing.T) parser {
	t.Helper()
	python := os.Getenv("POSTPATCH_TREESITTER_PYTHON")
	if python == "" {
		python = "python3"
	}
	const modules = "import tree_sitter, tree_sitter_powershell, tree_sitter_pwsh"
	if out, err := exec.CommandContext(t.Context(), python, "-c", modules).CombinedOutput(); err != nil {
		const missing = "%s has no tree-sitter for PowerShell, name one in POSTPATCH_TREESITTER_PYTHON: %v\n%s"
		if os.Getenv("CI") == "true" {
			t.Fatalf(missing, python, err, out)
		}
		t.Skipf(missing, python, err, out)
	}
	return parser{python}
}

// problems are what does not parse in scripts, as "name:line: what".
func (p parser) problems(t *testing.T, byName map[string]string) []string {
	t.Helper()
	in, err := json.Marshal(byName)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), p.python, "testdata/parse.py")
	var stderr bytes.Buffer
	command.Stdin, command.Stderr = bytes.NewReader(in), &stderr
	out, err := command.Output()
	if err != nil {
		t.Fatalf("parsing: %v\n%s", err, &stderr)
	}
	var found []string
	if err := json.Unmarshal(out, &found); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return found
}

// TestScriptsParse has grammars of another make read every script, as it is
// written and as it is sent.
func TestScriptsParse(t *testing.T) {
	p := newParser(t)
	byName := map[string]string{}
	for _, name := range scriptNames(t) {
		source, err := scripts.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		byName[name] = string(source)
		byName[name+", as sent"] = script(name)
	}
	for _, problem := range p.problems(t, byName) {
		t.Error(problem)
	}
}

// TestParsingBites: each of these has one fault, in line 3.
func TestParsingBites(t *testing.T) {
	p := newParser(t)
	for _, bad := range []string{
		"if ($a) { 1", "$b = 'abc", "$b = (1 + 2", "if $a { 1 }", "foreach ($a $b) { }", "$a |", "$b = 1 -eq", "}",
		"$b = @{ 'x' = 1", "$b = @(1, 2", `$b = "x$(1"`, "switch ($a) { 1 }", "$b = [int",
		"if ($a) { 1 } else", "$b = 'x' 'y'", "do { 1 }", "while { }", "$b = [ordered]@{ x = 1 y = 2 }", "$a.Find(1,)",
		"$a[1", "[int]$b =", "$b = $a ?. c",
	} {
		found := p.problems(t, map[string]string{"bad": "param($Arguments)\n$a = 1\n" + bad + "\n"})
		if len(found) == 0 || !strings.HasPrefix(found[0], "bad:3: ") {
			t.Errorf("%s: found %q", bad, found)
		}
	}
}

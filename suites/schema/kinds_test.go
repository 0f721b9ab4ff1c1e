package schema_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"postpatch/probes"
	"postpatch/probes/all"
	"postpatch/probes/fact"
)

// values are what somebody may write for a parameter or expect of a reading, right or wrong.
func values() []string {
	return strings.Split(strings.TrimSpace(`
"{{ word }}"
["{{ word }}", example]
example
Example
"443"
443
[443, "25"]
true
" False "
"yes"
5s
30s
"1m30s"
0
-1
1.5
2026-11-27
2026-11-27T22:15:00Z
{}
{a: 1}
{a: [1]}
[]
[[a]]
[{a: b}]
~
""
" "
'C:\Windows\x.dll'
\Folder\Task
HKLM\Software\X
10.20.0.0
KB5068791
tcp/8080
Provider/36887
provider/*
root/cimv2
runner
host
D
any
empty
"!= example"
"= example"
">= 3"
"< 20ms"
"one of a, b"
"one of 200, 302"
"> 15.2"
"contains a"
"superset of a, b"
"not empty"
"between 1 and 3"
"younger than 7d"
[a, b]
[1, 2]
{not: example}
{any of: [true, "!= true"]}
{any of: [1, {not: 2}]}
{all of: ["> 1ms", {not: 7s}]}
{one of: [a, b]}
{contains: [a, b]}
{contains: a}
{matches: /a/}
{matches: [a]}
{not matches: a}
{superset: [a]}
{subset: [a]}
{same set: [a, 1]}
{each: {contains: a}}
{some: a}
{each: [a]}
{any of: []}
{not: [a]}
{not: a, matches: a}
`), "\n")
}

// TestEveryParameterAndReading writes every value for every parameter, and expects it of
// every reading: what the loader takes the schema takes, too.
func TestEveryParameterAndReading(t *testing.T) {
	s := compiled(t, "suite", all.Kinds())
	path := filepath.Join(t.TempDir(), "a.suite.yaml")
	if err := os.WriteFile(filepath.Join(filepath.Dir(path), "queues.ps1"), []byte("Get-Queue"), 0o600); err != nil {
		t.Fatal(err)
	}
	tried := func(what, entry string) (taken bool) {
		text := "suite: a\nvars: {word: example}\nhosts: [b]\nchecks:\n  - " + entry + "\n"
		if !accepts(t, "suite", path, []byte(text)) {
			return false
		}
		if why := refused(s, []byte(text)); why != "" {
			t.Errorf("%s: the loader takes it: %s\n%s", what, why, text)
		}
		return true
	}
	for _, k := range all.Kinds() {
		own := example(t, k)
		types := map[fact.Type]bool{}
		for _, r := range k.Readings {
			taken, all := 0, []string{"any", `"= any"`, "empty", "true", "0s", `">= 3"`, "2026-11-27", "{not: [a]}"}
			if !types[r.Type] { // readings of one type are read in one way
				types[r.Type], all = true, values()
			}
			for _, value := range all {
				if tried(k.Name+"."+r.Name, fmt.Sprintf("{%s: %s, expect: {%s: %s}}", k.Name, own, r.Name, value)) {
					taken++
				}
			}
			if taken < 2 {
				t.Errorf("%s.%s: only %d expectations are right", k.Name, r.Name, taken)
			}
		}
		for _, p := range k.Params {
			for _, value := range append(values(), p.Words...) {
				required := ""
				for _, q := range k.Params {
					if q.Required && q.Name != p.Name {
						required += fmt.Sprintf(", %s: %s", q.Name, filler(q))
					}
				}
				tried(k.Name+": "+p.Name, fmt.Sprintf("{%s: {%s: %s%s}}", k.Name, p.Name, value, required))
				if p.Name == k.Main {
					tried(k.Name, fmt.Sprintf("{%s: %s}", k.Name, value))
				}
			}
		}
	}
}

// filler is something that a required parameter may be.
func filler(p probes.Param) string {
	switch p.Type {
	case probes.ParamFile:
		return "queues.ps1"
	case probes.ParamInts:
		return "443"
	default:
		return "example"
	}
}

// example is what stands behind the kind's name in the first check of its example.
func example(t *testing.T, k probes.Kind) string {
	t.Helper()
	var checks []map[string]yaml.Node
	if err := yaml.Unmarshal([]byte(k.Example), &checks); err != nil {
		t.Fatal(err)
	}
	node := checks[0][k.Name]
	var flow func(n *yaml.Node)
	flow = func(n *yaml.Node) {
		if n.Kind != yaml.ScalarNode {
			n.Style = yaml.FlowStyle
		}
		for _, child := range n.Content {
			flow(child)
		}
	}
	flow(&node)
	text, err := yaml.Marshal(&node)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"postpatch/suites/layout"
)

// A suite that was laid out comes to the same checks, whatever it is.
func TestFmtMeaning(t *testing.T) {
	a := app{getenv: func(string) string { return "" }}
	same := 0
	for _, root := range []string{"../../examples", "../../suites/testdata", "../../suites/layout/testdata"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, suiteEnding) {
				return err
			}
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			lib := a.library()
			lib.Lone = true
			before, problems := lib.LoadBytes(path, data)
			laid, err := layout.Format(data)
			if err != nil || len(problems) > 0 {
				t.Errorf("%s: %v %v", path, err, problems)
				return nil
			}
			if err := a.sameMeaning(path, data, laid); err != nil {
				t.Errorf("%s: %v", path, err)
			}
			// The comparison can tell: another why is another meaning.
			other, problems := lib.LoadBytes(path, append(laid, "  - ping: 192.0.2.7\n    id: one-more\n"...))
			if len(problems) == 0 && len(before.Hosts) > 0 && meaning(before) == meaning(other) {
				t.Errorf("%s: a check more has the same meaning", path)
			}
			same++
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if same < 8 {
		t.Errorf("only %d suites were laid out", same)
	}
}

// Each part of what a suite says is a part of its meaning.
func TestMeaning(t *testing.T) {
	a := app{getenv: func(string) string { return "" }}
	const text = `suite: a
owner: b
hosts: [{name: web01, tags: [x], vars: {v: w}}]
checks:
  - service: W3SVC
    expect: {state: running}
    assert: {that: after.state != "", why: c}
    compare: {state: same}
    timeout: 5s
    why: d
  - ping: {}
waivers:
  - {waive: service/W3SVC.state, until: 2099-12-31, reason: e, owner: f}
`
	of := func(text string) string {
		set, problems := a.library().LoadBytes("a.suite.yaml", []byte(text))
		if len(problems) > 0 {
			t.Fatalf("%v\n%s", problems, text)
		}
		return meaning(set)
	}
	want := of(text)
	if of("\n\n"+text) != want {
		t.Error("empty lines are a part of it")
	}
	for was, is := range map[string]string{
		"suite: a": "suite: z", "owner: b": "owner: z", "web01": "web02", "[x]": "[z]", "v: w": "v: z",
		"- service: W3SVC": "- service: Z", "running}": "stopped}", `!= ""`: `!= "z"`, "why: c": "why: z",
		"state: same": "state: ignore", "5s": "6s", "why: d": "why: z", "ping: {}": "ping: 10.0.0.1",
		"2099": "2098", "reason: e": "reason: z", "owner: f": "owner: z", "service/W3SVC.state": "service/W3SVC.*",
	} {
		if of(strings.Replace(text, was, is, 1)) == want {
			t.Errorf("%s and %s mean the same", was, is)
		}
	}
}

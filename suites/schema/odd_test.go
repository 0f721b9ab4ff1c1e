package schema_test

import (
	"os"
	"strings"
	"testing"

	"postpatch/probes/all"
	"postpatch/suites"
)

func TestOddThingsThatAreRight(t *testing.T) {
	const path = "testdata/odd.suite.yaml"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, problems := suites.LoadBytes(path, text, all.Kinds()); len(problems) > 0 {
		t.Errorf("the loader: %s", suites.Format(problems, os.ReadFile))
	}
	if why := refused(compiled(t, "suite", all.Kinds()), text); why != "" {
		t.Errorf("the schema: %s", why)
	}
}

// TestSharedSuites holds the language in which suites share checks.
func TestSharedSuites(t *testing.T) {
	text, err := os.ReadFile("testdata/new.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s := compiled(t, "suite", all.Kinds())
	if why := refused(s, text); why != "" {
		t.Error(why)
	}
	for right, wrong := range map[string]string{
		"{channel: web-team}":                "https://hooks.example.org/secret",
		"{doc: which one, default: hq}":      "{doc: which one, fallback: hq}",
		"{file: servers.txt, tags: [tier2]}": "{file: servers.txt, names: [tier2]}",
		"group: exchange}":                   "filter: exchange}",
		"base: ":                             "bases: ",
		"{suite: exchange, vars":             "{name: exchange, vars",
		"as: mail}":                          "as: a mail}",
		"timeout: 5m, why":                   "timeuot: 5m, why",
		"expect: {state: {not: failed}}":     "expect: {stat: {not: failed}}",
		"locked: true":                       "locked: maybe",
		"disabled: false":                    "disabled: 5",
		"where: {OS: [Windows*]}":            "where: [OS]",
		"another team looks at them":         "[another, team]",
	} {
		if !strings.Contains(string(text), right) {
			t.Fatalf("%s is not there", right)
		}
		if refused(s, []byte(strings.Replace(string(text), right, wrong, 1))) == "" {
			t.Errorf("%s is taken", wrong)
		}
	}
}

package schema_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"postpatch/probes/all"
	"postpatch/suites"
)

// What the schema refuses is told at the line at which the loader tells it.
func TestRefusalsHaveThePlaceOfTheLoaders(t *testing.T) {
	s := compiled(t, "suite", all.Kinds())
	for wrong, line := range map[string]int{
		"  - ping: {cuont: 3}\n":                         4,
		"  - ping: {}\n    expect:\n      lss: 0%\n":     6,
		"  - ping: {}\n    why:\n      - a\n      - b\n": 6,
		"  - pnig: {}\n":                                 4,
		"  - ping: {}\n    timeuot: 5s\n":                5,
		"  - os: {}\n  - tcp: {port: {a: b}}\n":          5,
	} {
		text := "suite: web\nhosts: [srv01]\nchecks:\n" + wrong
		refusals := s.Check([]byte(text))
		if len(refusals) == 0 || refusals[0].Line != line || refusals[0].Column == 0 {
			t.Errorf("%q: %+v, want line %d", wrong, refusals, line)
		}
		_, problems := suites.LoadBytes("web.suite.yaml", []byte(text), all.Kinds())
		if len(problems) == 0 || problems[0].Line != line {
			t.Errorf("%q: the loader has %s", wrong, fmt.Sprint(problems))
		}
	}
}

func TestCheckTakesTheExamples(t *testing.T) {
	s := compiled(t, "suite", all.Kinds())
	files, err := filepath.Glob("../../examples/*.suite.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if refusals := s.Check(text); len(refusals) > 0 {
			t.Errorf("%s: %+v", file, refusals)
		}
	}
}

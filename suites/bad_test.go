package suites

import (
	"flag"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the .out files anew")

// golden compares with a file, or writes it with -update.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(slashed(string(want)), slashed(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

// pairs runs load for each file of a folder and compares what it prints.
func pairs(t *testing.T, folder string, least int, load func(file string) []Problem) {
	t.Helper()
	t.Chdir(filepath.Join("testdata", folder))
	files, err := filepath.Glob("*.yaml")
	if err != nil || len(files) < least {
		t.Fatalf("want %d pairs, got %d (%v)", least, len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(file, ".yaml"), func(t *testing.T) {
			if file == "script.yaml" && runtime.GOOS == "windows" {
				t.Skip("one of its scripts is a link, which a checkout there makes a file")
			}
			problems := load(file)
			if len(problems) == 0 {
				t.Error("no problem found")
			}
			for _, p := range problems {
				data, err := os.ReadFile(p.File)
				if said := misplaced(p, linesOf(data)); err != nil || said != "" {
					t.Errorf("%+v: %s %v", p, said, err)
				}
			}
			golden(t, strings.TrimSuffix(file, ".yaml")+".out", Format(problems, os.ReadFile))
		})
	}
}

// misplaced says what is wrong with the place of a problem in its file; "" for nothing.
func misplaced(p Problem, lines []string) string {
	switch {
	case p.Line == 0 && p.Column == 0: // the file as a whole
		return ""
	case p.Line < 1 || p.Line > len(lines):
		return "the file has no such line"
	case p.Column < 1 || p.Column > utf8.RuneCountInString(strings.TrimSuffix(lines[p.Line-1], "\r"))+1:
		return "the line has no such column"
	}
	return ""
}

func linesOf(data []byte) []string { return strings.Split(string(Decoded(data)), "\n") }

func TestBadSuites(t *testing.T) {
	pairs(t, "bad", 150, func(file string) []Problem {
		files := []string{file}
		if _, err := os.Stat(filepath.Join("with", file)); err == nil {
			files = append(files, filepath.Join("with", file))
		}
		set, problems := Load(files, testKinds())
		if set != nil {
			t.Errorf("%s: a set beside problems", file)
		}
		return problems
	})
}

func TestBadPlans(t *testing.T) {
	pairs(t, "badplan", 40, func(file string) []Problem {
		_, problems := LoadPlan(file, testKinds())
		return problems
	})
}

func TestBadCredentials(t *testing.T) {
	pairs(t, "badcredentials", 33, func(file string) []Problem {
		_, problems := LoadCredentials(file, nil, nil)
		if text := Format(problems, os.ReadFile); strings.Contains(text, "hunter2") {
			t.Errorf("a password shows:\n%s", text)
		}
		return problems
	})
}

func TestMissingFile(t *testing.T) {
	t.Chdir("testdata")
	_, problems := Load([]string{"nowhere.suite.yaml"}, testKinds())
	_, more := LoadPlan("nowhere.plan.yaml", testKinds())
	_, most := LoadCredentials("nowhere.yaml", nil, nil)
	_, none := Load(nil, testKinds())
	_, folder := Load([]string{"bad"}, testKinds())
	problems = append(append(append(append(problems, more...), most...), none...), folder...)
	golden(t, "missing-file.out", Format(problems, os.ReadFile))
}

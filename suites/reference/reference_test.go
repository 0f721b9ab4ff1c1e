package reference_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/all"
	"postpatch/suites"
	"postpatch/suites/reference"
)

var update = flag.Bool("update", false, "write examples/reference anew")

const folder = "../../examples/reference"

// TestPagesAreUpToDate holds that what is kept is what the kinds declare.
func TestPagesAreUpToDate(t *testing.T) {
	pages := map[string]string{"README.md": reference.Index(all.Kinds())}
	for _, k := range all.Kinds() {
		pages[k.Name+".md"] = reference.Page(k)
	}
	if *update {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range kept {
		if _, found := pages[filepath.Base(path)]; found {
			continue
		}
		if !*update {
			t.Errorf("%s is of no kind", path)
		} else if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	for name, page := range pages {
		path := filepath.Join(folder, name)
		if *update {
			if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), page); diff != "" {
			t.Errorf("%s (-want +got)\n%s", path, diff)
		}
	}
}

// TestTheSuitesOfThePagesAreRight has the loader read what each page shows.
func TestTheSuitesOfThePagesAreRight(t *testing.T) {
	beside := t.TempDir()
	if err := os.WriteFile(filepath.Join(beside, "queues.ps1"), []byte("Get-Queue"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, k := range all.Kinds() {
		page, err := os.ReadFile(filepath.Join(folder, k.Name+".md"))
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(page), "```yaml\n")
		suite, _, found := strings.Cut(rest, "```\n")
		if _, problems := suites.LoadBytes(filepath.Join(beside, "a.suite.yaml"), []byte(suite), all.Kinds()); !found ||
			len(problems) > 0 {
			t.Errorf("%s: %s\n%s", k.Name, suites.Format(problems, nil), suite)
		}
	}
}

// TestPagesHoldWhatTheyTell holds that a page names every parameter and reading, and that
// no cell breaks out of its table.
func TestPagesHoldWhatTheyTell(t *testing.T) {
	for _, k := range all.Kinds() {
		page := reference.Page(k)
		for _, p := range k.Params {
			if !strings.Contains(page, "| `"+p.Name+"` |") {
				t.Errorf("%s: no parameter %s", k.Name, p.Name)
			}
		}
		for _, r := range k.Readings {
			if !strings.Contains(page, "| `"+r.Name+"` |") {
				t.Errorf("%s: no reading %s", k.Name, r.Name)
			}
		}
		wanted := 0
		for line := range strings.Lines(page) {
			bars := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|")
			switch {
			case !strings.HasPrefix(line, "|"):
				wanted = 0
			case wanted == 0:
				wanted = bars
			case bars != wanted:
				t.Errorf("%s: a row with %d bars under a head of %d: %s", k.Name, bars, wanted, line)
			}
		}
	}
}

package all_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"postpatch/probes"
	"postpatch/probes/all"
	"postpatch/probes/host"
	"postpatch/probes/internal/note"
	"postpatch/suites"
)

func TestTableIsInOrder(t *testing.T) {
	var names []string
	for _, k := range all.Kinds() {
		names = append(names, k.Name)
	}
	if !slices.IsSorted(names) || len(slices.Compact(slices.Clone(names))) != len(names) {
		t.Errorf("kinds %v: want them sorted and each once", names)
	}
}

// An example is what people start from, so each has to be a check that lints.
func TestExamplesLint(t *testing.T) {
	kinds := all.Kinds()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "queues.ps1"), []byte("Get-Queue"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, k := range kinds {
		t.Run(k.Name, func(t *testing.T) {
			text := "suite: example\nhosts: [srv01]\nchecks:\n"
			for line := range strings.Lines(k.Example) {
				text += "  " + line
			}
			set, problems := suites.LoadBytes(filepath.Join(folder, "example.suite.yaml"), []byte(text), kinds)
			if len(problems) > 0 {
				t.Fatalf("%s\n%s", suites.Format(problems, nil), text)
			}
			checks := set.Hosts[0].Checks
			if !slices.ContainsFunc(checks, func(c *suites.Check) bool { return c.Kind.Name == k.Name }) {
				t.Errorf("the example has no check of its kind:\n%s", text)
			}
		})
	}
}

// Where PowerShell is blocked, WMI still answers: a kind says in its notes which it
// needs, as its questions have it.
func TestNotesTellWhatIsNeeded(t *testing.T) {
	kinds := all.Kinds()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "queues.ps1"), []byte("Get-Queue"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, k := range kinds {
		text := "suite: example\nhosts: [srv01]\nchecks:\n"
		for line := range strings.Lines(k.Example) {
			text += "  " + line
		}
		set, problems := suites.LoadBytes(filepath.Join(folder, "example.suite.yaml"), []byte(text), kinds)
		if len(problems) > 0 {
			t.Fatal(suites.Format(problems, nil))
		}
		queries, scripts := 0, 0
		for _, c := range set.Hosts[0].Checks {
			asker, asks := c.Probe.(probes.Asker)
			if c.Kind.Name != k.Name || !asks {
				continue
			}
			for _, q := range asker.Questions() {
				if _, isQuery := q.(host.WQL); isQuery {
					queries++
				} else {
					scripts++
				}
			}
		}
		notes := strings.Join(k.Notes, "\n")
		if scripts > 0 && !strings.Contains(notes, "PowerShell on the host") {
			t.Errorf("%s needs PowerShell, and its notes do not say so: %q", k.Name, notes)
		}
		if queries == 0 && strings.Contains(notes, "WMI alone") {
			t.Errorf("%s asks no queries; its notes say: %q", k.Name, notes)
		}
		if only := strings.Contains(notes, note.WMI); only != (queries > 0 && scripts == 0) {
			t.Errorf("%s asks %d queries and %d scripts; its notes say: %q", k.Name, queries, scripts, notes)
		}
		for _, line := range k.Notes {
			if utf8.RuneCountInString(line) > 115 {
				t.Errorf("%s: a note is too long: %s", k.Name, line)
			}
		}
	}
}

// The words of a suite's check must not be taken by a kind.
func TestNamesAreFree(t *testing.T) {
	taken := []string{"id", "expect", "compare", "why", "owner", "timeout", "hosts", "from", "use"}
	for _, k := range all.Kinds() {
		if slices.Contains(taken, k.Name) {
			t.Errorf("kind %q is a word of every check", k.Name)
		}
		if _, unknown := k.Build(map[string]any{"no such parameter": 1}); unknown == nil {
			t.Errorf("kind %q takes any parameter", k.Name)
		}
		if k.Main != "" && !slices.ContainsFunc(k.Params, func(p probes.Param) bool { return p.Name == k.Main }) {
			t.Errorf("kind %q: its main parameter %q is none", k.Name, k.Main)
		}
	}
}

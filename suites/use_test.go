package suites

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"
)

// Each archive holds files of which main.suite.yaml is loaded, with my-packs/ as the
// operator's folder of packs and built/ as those of the program. Its last file, want, is
// what comes of it.
func TestUse(t *testing.T) {
	archives, err := filepath.Glob("testdata/use/*.txtar")
	if err != nil || len(archives) < 30 {
		t.Fatalf("%d archives, %v", len(archives), err)
	}
	for _, file := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			full, err := filepath.Abs(file)
			if err != nil {
				t.Fatal(err)
			}
			archive, err := txtar.ParseFile(full)
			if err != nil {
				t.Fatal(err)
			}
			got := loadArchive(t, archive)
			last := len(archive.Files) - 1
			if archive.Files[last].Name != "want" {
				archive.Files = append(archive.Files, txtar.File{Name: "want"})
				last++
			}
			if *update {
				archive.Files[last].Data = []byte(got)
				if err := os.WriteFile(full, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if want := string(archive.Files[last].Data); want != got && slashed(want) != slashed(got) {
				t.Errorf("want\n%s\ngot\n%s", want, got)
			}
		})
	}
}

// slashed is a text with the paths of Windows as those of others.
func slashed(text string) string {
	if runtime.GOOS != "windows" {
		return text
	}
	return strings.ReplaceAll(text, `\`, "/")
}

// symlink makes a link, where the system has them.
func symlink(t *testing.T, to, link string) {
	t.Helper()
	err := os.Symlink(to, link)
	if err == nil {
		_, err = os.Lstat(link) // Wine 8 says that it has made one, and has not
	}
	if err != nil && runtime.GOOS == "windows" {
		t.Skip(err) // which lets only some make one
	}
	if err != nil {
		t.Fatal(err)
	}
}

// loadArchive loads an archive's suite, and writes out what it comes to.
func loadArchive(t *testing.T, archive *txtar.Archive) string {
	t.Helper()
	t.Chdir(t.TempDir())
	built := fstest.MapFS{}
	for _, f := range archive.Files {
		if name, ok := strings.CutPrefix(f.Name, "built/"); ok {
			built[name] = &fstest.MapFile{Data: f.Data}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(f.Name), 0o755); err != nil {
			t.Fatal(err)
		}
		if target, link := strings.CutPrefix(f.Name, "link/"); link {
			symlink(t, strings.TrimSpace(string(f.Data)), target)
			continue
		}
		if err := os.WriteFile(f.Name, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	lib := Library{Kinds: testKinds(), Built: built}
	if _, err := os.Stat("my-packs"); err == nil {
		lib.Packs = []string{"my-packs"}
	}
	lib.Lone = strings.Contains(string(archive.Comment), "lone")
	main := "main.suite.yaml"
	if _, err := os.Stat(main); err != nil {
		main = "suites/main.suite.yaml"
	}
	set, problems := lib.Load([]string{main})
	if set == nil {
		return Format(problems, os.ReadFile)
	}
	return listing(set)
}

// listing is what a set's checks are, host by host.
func listing(set *Set) string {
	var b strings.Builder
	for _, h := range set.Hosts {
		fmt.Fprintf(&b, "%s\n", h.Name)
		for _, c := range h.Checks {
			fmt.Fprintf(&b, "  %s = %s %v", c.ID, c.Kind.Name, c.Probe)
			for _, e := range c.Expect {
				if !e.Default {
					fmt.Fprintf(&b, " %s:%s", e.Reading, e.Predicate)
				}
			}
			for _, name := range slices.Sorted(maps.Keys(c.Compare.byName)) {
				if of := c.Compare.byName[name].all; of.From.Level != KindLevel {
					fmt.Fprintf(&b, " %s by %s:%d", name, filepath.ToSlash(of.From.File), of.From.Line)
				}
			}
			for _, a := range c.Assert {
				fmt.Fprintf(&b, " assert %v %v", a.Expr, a.Vars)
			}
			fmt.Fprintf(&b, " timeout %v owner %q why %q at %s:%d\n", c.Timeout, c.Owner, c.Why,
				filepath.ToSlash(c.File), c.Line)
		}
	}
	return b.String()
}

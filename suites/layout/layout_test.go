package layout_test

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"postpatch/suites/layout"
)

var update = flag.Bool("update", false, "write the .out files anew")

// Each .in comes to its .out: the text laid out, or why it is left alone.
func TestFormat(t *testing.T) {
	files, err := filepath.Glob("testdata/*.in")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, in := range files {
		t.Run(strings.TrimSuffix(filepath.Base(in), ".in"), func(t *testing.T) {
			data, err := os.ReadFile(in)
			if err != nil {
				t.Fatal(err)
			}
			got, err := layout.Format(data)
			if err != nil {
				got = []byte("left alone: " + err.Error() + "\n")
			}
			out := strings.TrimSuffix(in, ".in") + ".out"
			if *update {
				if err := os.WriteFile(out, got, 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), string(got)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// files are those that people write: the examples, and what is in the stories and tests.
func files(t testing.TB) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for _, root := range []string{"testdata", "../testdata", "../../examples", "../../cmd/postpatch/testdata"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			data, err := os.ReadFile(path)
			switch filepath.Ext(path) {
			case ".yaml", ".in":
				all[path] = data
			case ".txtar":
				for _, f := range txtar.Parse(data).Files {
					if strings.HasSuffix(f.Name, ".yaml") {
						all[path+"/"+f.Name] = f.Data
					}
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// What was laid out stays as it is, whatever the file. That it means the same and has
// the same comments Format proves itself, so what is left to see is that it can: only
// files that nobody can read may be left alone.
func TestAgain(t *testing.T) {
	laidOut := 0
	for name, data := range files(t) {
		laid, err := layout.Format(data)
		if err != nil {
			for _, reason := range []string{
				"this is not YAML", "it is empty", "it is neither", "it is not UTF-8", "second document",
				"has no place in a text", "a tag (", "is not understood here", "stand within each other",
			} {
				if strings.Contains(err.Error(), reason) {
					err = nil
					break
				}
			}
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		laidOut++
		again, err := layout.Format(laid)
		if err != nil {
			t.Errorf("%s: again: %v", name, err)
		}
		if d := cmp.Diff(string(laid), string(again)); d != "" {
			t.Errorf("%s: again (-first +second):\n%s", name, d)
		}
	}
	if laidOut < 400 {
		t.Errorf("only %d files were laid out", laidOut)
	}
}

// The examples are laid out.
func TestExamples(t *testing.T) {
	for name, data := range files(t) {
		if !strings.HasPrefix(name, "../../examples/") || strings.Contains(name, "/ci/") {
			continue
		}
		laid, err := layout.Format(data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if d := cmp.Diff(string(data), string(laid)); d != "" {
			t.Errorf("%s: run postpatch fmt on it (-file +fmt):\n%s", name, d)
		}
	}
}

// FuzzFormat: whatever is in a file, it is laid out within bounds or left alone, and laying
// it out again changes nothing. That values and comments are kept is proven inside.
func FuzzFormat(f *testing.F) {
	for _, data := range files(f) {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		laid, err := layout.Format(data)
		if err != nil {
			return
		}
		again, err := layout.Format(laid)
		if err != nil {
			t.Fatalf("again: %v\n%q\n%s", err, data, laid)
		}
		if string(again) != string(laid) {
			t.Errorf("%q\ncomes to\n%s\nand then to\n%s", data, laid, again)
		}
	})
}

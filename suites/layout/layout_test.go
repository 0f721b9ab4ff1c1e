package layout_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/suites/layout"
)

// written are all files of the kind that people write: the examples, and those of tests.
func written(t testing.TB) []string {
	var all []string
	for _, root := range []string{"../../examples", "../testdata", "../../cmd/postpatch/testdata"} {
		err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
			if err == nil && !d.IsDir() && (strings.HasSuffix(path, ".yaml") || strings.HasSuffix(path, ".yml")) {
				all = append(all, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func TestDiffs(t *testing.T) {
	n := 0
	for _, file := range written(t) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		laid, err := layout.Format(data)
		if err != nil {
			t.Logf("%s: %v", file, err)
			continue
		}
		n++
		again, err := layout.Format(laid)
		if err != nil || string(again) != string(laid) {
			t.Errorf("%s: again: %v\n%s", file, err, cmp.Diff(string(laid), string(again)))
		}
		if d := cmp.Diff(string(data), string(laid)); d != "" && strings.Contains(file, "examples") {
			t.Logf("%s:\n%s", file, d)
		}
	}
	t.Log(n)
}

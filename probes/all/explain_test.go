package all_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/all"
	"postpatch/suites"
)

var update = flag.Bool("update", false, "write the pages of testdata/explain anew")

// TestExplain holds the pages of kinds that are kept in testdata/explain.
func TestExplain(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "explain", "*.out"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no pages: %v", err)
	}
	pages := map[string]string{}
	for _, k := range all.Kinds() {
		pages[k.Name] = suites.ExplainKind(k)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".out")
		page, found := pages[name]
		if !found {
			t.Errorf("%s: no kind is called so", file)
			continue
		}
		if *update {
			if err := os.WriteFile(file, []byte(page), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), page); d != "" {
			t.Errorf("%s (-want +got)\n%s", file, d)
		}
	}
}

package history_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/runner/report/history"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestYear compares what is told of a year with testdata/year[.<look>]. Run it with -update
// to write them, and read the difference.
func TestYear(t *testing.T) {
	h := told(t, history.Options{Store: "evidence"}, year(t))
	var months []recorded
	for month := range 24 {
		months = append(months, fleet(t, month+1, 120, 40))
	}
	long := told(t, history.Options{}, months)
	for name, write := range map[string]func(b *bytes.Buffer) error{
		"year.80.out":    func(b *bytes.Buffer) error { return h.Text(b, history.Look{Width: 80}) },
		"year.120.out":   func(b *bytes.Buffer) error { return h.Text(b, history.Look{Width: 120}) },
		"year.60.out":    func(b *bytes.Buffer) error { return h.Text(b, history.Look{Width: 60, ASCII: true}) },
		"year.v.out":     func(b *bytes.Buffer) error { return h.Text(b, history.Look{ASCII: true, Verbose: true}) },
		"year.color.out": func(b *bytes.Buffer) error { return h.Text(b, history.Look{Color: true}) },
		"fleet.80.out":   func(b *bytes.Buffer) error { return long.Text(b, history.Look{Width: 80}) },
		"fleet.60.out":   func(b *bytes.Buffer) error { return long.Text(b, history.Look{Width: 60, ASCII: true}) },
		"year.json":      func(b *bytes.Buffer) error { return h.JSON(b) },
	} {
		t.Run(name, func(t *testing.T) {
			var got bytes.Buffer
			if err := write(&got); err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", name)
			if *update {
				if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

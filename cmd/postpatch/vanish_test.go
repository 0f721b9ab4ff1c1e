package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"postpatch/baseline"
)

// A store whose folder goes away in the middle of a run, as that of a share which is
// not mounted any more: nothing is begun anew in its place, and nobody is told to take
// up what is not there.
func TestStoreGoesAwayInTheMiddle(t *testing.T) {
	for name, at := range map[string]int{"before the first sample": 1, "before the second": 2, "before the host": 3} {
		t.Run(name, func(t *testing.T) {
			folder := filepath.Join(t.TempDir(), "evidence")
			store, err := openStore(folder, "")
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = store.Close() }()
			g := &gauged{t: t, store: store}
			g.look = func() (int, string) {
				if len(g.looks) == at {
					if err := os.RemoveAll(folder); err != nil {
						t.Error(err)
					}
				}
				return len(g.looks), "same"
			}
			p := g.performance("capture", "before")
			p.learn = learning{samples: 3}
			_, err = g.perform(t.Context(), p)
			if lost := (*baseline.LostError)(nil); !errors.As(err, &lost) {
				t.Fatalf("got %v", err)
			}
			if text := err.Error(); !strings.Contains(text, "is what it stands on still there?") ||
				!strings.HasSuffix(text, "begin anew, under another --name") {
				t.Error(text)
			}
			if _, err := os.Stat(folder); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("it was made anew: %v", err)
			}
		})
	}
}

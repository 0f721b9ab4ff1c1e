package baseline

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"
)

// What a run came to is read without its hosts, and is no less held against what was
// written.
func TestTold(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*testing.T, *Store)
		want   string // the error
	}{
		{"as it was written", nil, ""},
		{"a host is lost", func(t *testing.T, s *Store) {
			if err := os.RemoveAll(s.path("before", hostsFolder)); err != nil {
				t.Fatal(err)
			}
		}, ""},
		{"the results are edited", func(t *testing.T, s *Store) {
			write(t, s.path("before", resultsName), []byte("better"))
		}, "what it came to in baseline before"},
		{"the manifest is edited", func(t *testing.T, s *Store) {
			file := s.path("before", manifestName)
			write(t, file, []byte(strings.Replace(string(read(t, file)), "before", "behind", 1)))
		}, "the manifest of baseline before was edited"},
		{"the beginning is edited", func(t *testing.T, s *Store) {
			write(t, s.path("before", begunName), []byte("{}\n"))
		}, "the beginning of baseline before"},
		{"nobody signed, and somebody must", func(_ *testing.T, s *Store) { s.Trust(known, true) }, "is not signed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := open(t, t.TempDir())
			if err := cameTo(t, s, "what it came to\n").Finish(t.Context(), finishedAt(), nil); err != nil {
				t.Fatal(err)
			}
			if tt.change != nil {
				tt.change(t, s)
			}
			text, ok, err := s.Told(t.Context(), "before")
			if tt.want != "" {
				if damage := (*Damage)(nil); !errors.As(err, &damage) || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("got %v, want %q", err, tt.want)
				}
				return
			}
			if err != nil || !ok {
				t.Fatalf("%v, %t", err, ok)
			}
			defer func() { _ = text.Close() }()
			if got, err := io.ReadAll(text); err != nil || string(got) != "what it came to\n" {
				t.Errorf("read %q, %v", got, err)
			}
		})
	}
	s := open(t, t.TempDir())
	if _, _, err := s.Told(t.Context(), "../before"); err == nil {
		t.Error("a name that leaves the store was taken")
	}
	if _, _, err := s.Told(t.Context(), "before"); err == nil {
		t.Error("a run that is not there was told")
	}
}

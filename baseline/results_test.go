package baseline

import (
	"bytes"
	"io"
	"os"
	"strings"
	"testing"
)

// cameTo begins a run with one host, and writes what it came to.
func cameTo(t *testing.T, s *Store, text string) *Writer {
	t.Helper()
	w := begin(t, s, "before")
	if err := w.Put(t.Context(), small()); err != nil {
		t.Fatal(err)
	}
	r, err := w.Results()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(r, text); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return w
}

func results(t *testing.T, s *Store) (text string, ok bool) {
	t.Helper()
	snapshot, err := s.Read(t.Context(), "before")
	if err != nil {
		t.Fatal(err)
	}
	r, ok, err := snapshot.Results(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !ok {
		return "", false
	}
	defer func() { _ = r.Close() }()
	all, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(all), true
}

func TestResultsAreReadAsTheyWereWritten(t *testing.T) {
	s := open(t, t.TempDir())
	want := strings.Repeat("{\"type\":\"host\"}\n", 100_000)
	if err := cameTo(t, s, want).Finish(t.Context(), finishedAt(), nil); err != nil {
		t.Fatal(err)
	}
	if got, ok := results(t, s); !ok || got != want {
		t.Errorf("read %d bytes, %t; want %d", len(got), ok, len(want))
	}
	info, err := os.Stat(s.path("before", resultsName))
	if err != nil || info.Size() > 10_000 {
		t.Errorf("results take %v, %v; want them compressed", info, err)
	}
}

func TestARunWithoutResultsHasNone(t *testing.T) {
	for _, closed := range []bool{false, true} {
		s := open(t, t.TempDir())
		w := begin(t, s, "before")
		if err := w.Put(t.Context(), small()); err != nil {
			t.Fatal(err)
		}
		r, err := w.Results()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(r, "half of it"); err != nil {
			t.Fatal(err)
		}
		if closed {
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Finish(t.Context(), finishedAt(), nil); err != nil {
			t.Fatal(err)
		}
		if _, ok := results(t, s); ok != closed {
			t.Errorf("closed %t: has results %t", closed, ok)
		}
	}
}

// A run that was cut off between its results and its manifest is taken up, and what it
// comes to then is what counts.
func TestResultsOfATryBeforeAreDropped(t *testing.T) {
	for _, again := range []string{"", "what it came to at last\n"} {
		s := open(t, t.TempDir())
		w := cameTo(t, s, "what it came to first\n")
		m := Manifest{Head: w.begun.Head}
		if err := w.putResults(t.Context(), &m); err != nil {
			t.Fatal(err)
		}
		w, err := s.Resume(t.Context(), w.begun.Head)
		if err != nil {
			t.Fatal(err)
		}
		if again != "" {
			r, err := w.Results()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(r, again); err != nil {
				t.Fatal(err)
			}
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Finish(t.Context(), finishedAt(), nil); err != nil {
			t.Fatal(err)
		}
		if got, ok := results(t, s); got != again || ok != (again != "") {
			t.Errorf("results are %q, %t; want %q", got, ok, again)
		}
		if _, err := os.Stat(s.path("before", resultsName)); (err == nil) != (again != "") {
			t.Errorf("results of a try before: %v", err)
		}
	}
}

func TestDamagedResultsAreTold(t *testing.T) {
	file := func(s *Store) string { return s.path("before", resultsName) }
	for name, test := range map[string]struct {
		damage func(*testing.T, *Store)
		kind   Kind
		says   string
	}{
		"lost": {func(t *testing.T, s *Store) {
			if err := os.Remove(file(s)); err != nil {
				t.Fatal(err)
			}
		}, Missing, "has lost the file of what it came to"},
		"cut": {func(t *testing.T, s *Store) {
			write(t, file(s), read(t, file(s))[:10])
		}, Truncated, "what it came to in baseline before is cut short"},
		"edited": {func(t *testing.T, s *Store) {
			write(t, file(s), bytes.ToUpper(read(t, file(s))))
		}, Edited, "what it came to in baseline before was edited"},
		"endless": {func(t *testing.T, s *Store) {
			forge(t, s, func(m *Manifest) { m.Results.Bytes = 1 << 60 })
		}, Edited, "wrong size for the results"},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, t.TempDir())
			if err := cameTo(t, s, "what it came to\n").Finish(t.Context(), finishedAt(), nil); err != nil {
				t.Fatal(err)
			}
			test.damage(t, s)
			_, err := s.Read(t.Context(), "before")
			damage, ok := err.(*Damage) //nolint:errorlint // it is not wrapped
			if !ok || damage.Kind != test.kind || !strings.Contains(damage.Msg, test.says) {
				t.Errorf("got %v, want %s: %s", err, test.kind, test.says)
			}
		})
	}
}

package baseline

import (
	"context"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Samples are kept until the run is finished, each host's under its own name, and
// folded into the last look. One that cannot be read, or is another's, teaches nothing.
func TestSamplesAreKeptAndFoldedIn(t *testing.T) {
	s := open(t, t.TempDir())
	h := head("before")
	h.Samples = 3
	w, err := s.Create(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	put := func(n int, h Host) {
		t.Helper()
		if err := w.PutSample(t.Context(), n, h); err != nil {
			t.Fatal(err)
		}
	}
	learned := func() []string {
		t.Helper()
		h, err := w.Learned(t.Context(), sample("a.n=3"), foldCase)
		if err != nil {
			t.Fatal(err)
		}
		return words(h)
	}
	if d := cmp.Diff([]string{"a.n=3"}, learned()); d != "" {
		t.Errorf("of the last look alone (-want +got):\n%s", d)
	}
	put(1, sample("a.n=1"))
	put(2, sample("a.n=5"))
	put(3, sample("a.n=9")) // the last look is not kept here
	if d := cmp.Diff([]string{"a.n=3", "a.n: 1 | 5"}, learned()); d != "" {
		t.Errorf("of three (-want +got):\n%s", d)
	}
	other := sample("a.n=7")
	other.Rename("other")
	put(1, other)
	write(t, s.file(w.sampleFile(1, "h")), read(t, s.file(w.sampleFile(1, "other"))))
	if d := cmp.Diff([]string{"a.n=3", "a.n: 3 | 5"}, learned()); d != "" {
		t.Errorf("with another host's (-want +got):\n%s", d)
	}
	write(t, s.file(w.sampleFile(2, "h")), []byte("half"))
	if d := cmp.Diff([]string{"a.n=3"}, learned()); d != "" {
		t.Errorf("with one that cannot be read (-want +got):\n%s", d)
	}
	for n, want := range map[int]map[string]bool{
		1: {"h": true, "other": true, "none": false}, 2: {"h": true, "other": false}, 4: {"h": false},
	} {
		done, err := w.Sampled(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		for host, want := range want {
			if done(host) != want {
				t.Errorf("the look %d is done with %s: %v", n, host, !want)
			}
		}
	}
	if err := w.Put(t.Context(), sample("a.n=3")); err != nil {
		t.Fatal(err)
	}
	if err := w.Finish(t.Context(), finishedAt(), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(s.path("before", samplesFolder)); !os.IsNotExist(err) {
		t.Errorf("after the end: %v", err)
	}
	if _, err := s.Read(t.Context(), "before"); err != nil {
		t.Error(err)
	}
}

// A sample that could not be stored, or that nobody waits for any more, is an error.
func TestSamplesThatFail(t *testing.T) {
	w := begin(t, open(t, t.TempDir()), "before")
	want := `storing sample 2 of host "": "" is no host name`
	if err := w.PutSample(t.Context(), 2, Host{}); err == nil || err.Error() != want {
		t.Errorf("want %q, got %v", want, err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	w.begun.Samples = 2
	if _, err := w.Learned(cancelled, sample("a.n=3"), foldCase); err == nil {
		t.Error("learned though it was cancelled")
	}
}

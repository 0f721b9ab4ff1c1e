package baseline

import (
	"fmt"
	"os"
	"slices"
	"testing"
)

// A run whose manifest is damaged is no run that was cut off: it is not taken up, and
// nothing of it is lost.
func TestResumeTakesUpNoDamagedRun(t *testing.T) {
	s := stored(t, small())
	path := s.path("before", manifestName)
	data := read(t, path)
	write(t, path, data[:len(data)/2])
	_, err := s.Resume(t.Context(), head("before"))
	wantDamage(t, err, Truncated, "taking up run before: the manifest of baseline before is cut short")
	write(t, path, data)
	if _, err := whole(s, "before"); err != nil {
		t.Error(err)
	}
}

// A host's file under the name of another is none of the run's.
func TestResumeDropsACopyUnderAnotherName(t *testing.T) {
	s := cutOff(t)
	copied := s.path("before", hostFile("dc02"))
	write(t, copied, read(t, s.path("before", hostFile("dc01"))))
	w, err := s.Resume(t.Context(), head("before"))
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(w.Stored()); got != "[dc01 ex01.corp.test]" {
		t.Errorf("the run has %s", got)
	}
	if _, err := os.Stat(copied); !os.IsNotExist(err) {
		t.Errorf("the copy stays: %v", err)
	}
}

func TestStoredIsSorted(t *testing.T) {
	w := begin(t, open(t, t.TempDir()), "before")
	for i := range 20 {
		if err := w.Put(t.Context(), Host{Host: fmt.Sprintf("h%02d", 19-i)}); err != nil {
			t.Fatal(err)
		}
	}
	if got := w.Stored(); !slices.IsSorted(got) || len(got) != 20 {
		t.Errorf("got %v", got)
	}
}

// What a run was begun as is not known of one that is not there, or cannot be.
func TestHeadOfNoRun(t *testing.T) {
	s := stored(t, small())
	for name, wantErr := range map[string]bool{"after": false, "..": true} {
		if h, ok, err := s.Head(t.Context(), name); ok || h.Run != "" || (err != nil) != wantErr {
			t.Errorf("%s: %v, %v, %v", name, h, ok, err)
		}
	}
	if h, ok, err := s.Head(t.Context(), "before"); !ok || h.Run != "before" || err != nil {
		t.Errorf("%v, %v, %v", h, ok, err)
	}
}

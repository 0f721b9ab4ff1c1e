package baseline

import (
	"os"
	"path/filepath"
	"testing"
)

// What a link in the store leads to is not the store's: nothing of it goes.
func TestRemoveFollowsNoLink(t *testing.T) {
	s, other := stored(t, small()), stored(t, small())
	if err := os.Symlink(other.path("before"), s.path("linked")); err != nil {
		t.Fatal(err)
	}
	if err := s.Remove(t.Context(), "linked"); err == nil {
		t.Error("a link was removed as a run")
	}
	if _, err := whole(other, "before"); err != nil {
		t.Errorf("after removing a link to it: %v", err)
	}
}

func TestRemove(t *testing.T) {
	for _, name := range []string{"", "..", "../before", "nowhere", "before/hosts"} {
		s := stored(t, small())
		if err := s.Remove(t.Context(), name); err == nil {
			t.Errorf("%q was removed", name)
		}
		if _, err := whole(s, "before"); err != nil {
			t.Errorf("after removing %q: %v", name, err)
		}
	}
	s := stored(t, small())
	if err := s.Remove(t.Context(), "before"); err != nil {
		t.Fatal(err)
	}
	if left, err := filepath.Glob(filepath.Join(s.name, "*")); err != nil || len(left) > 0 {
		t.Errorf("left over: %v, %v", left, err)
	}
}

// A run that was cut off can be removed, and so can one of which some files have gone.
func TestRemoveOfARunThatWasCutOff(t *testing.T) {
	s := open(t, t.TempDir())
	w := begin(t, s, "before")
	if err := w.Put(t.Context(), small()); err != nil {
		t.Fatal(err)
	}
	if err := s.Remove(t.Context(), "before"); err != nil {
		t.Error(err)
	}
	if left, err := filepath.Glob(filepath.Join(s.name, "*")); err != nil || len(left) > 0 {
		t.Errorf("left over: %v, %v", left, err)
	}
}

// What the store does not know as its own stays, and is told.
func TestRemoveLeavesWhatIsNotOurs(t *testing.T) {
	s := stored(t, small())
	path := s.path("before", "mine.attrs") // which the library of folders never lists
	write(t, path, []byte("mine"))
	if err := s.Remove(t.Context(), "before"); err == nil {
		t.Error("nothing is told")
	}
	if got := string(read(t, path)); got != "mine" {
		t.Errorf("got %q", got)
	}
}

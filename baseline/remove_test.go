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

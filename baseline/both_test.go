package baseline

import (
	"path/filepath"
	"testing"

	"postpatch/probes/fact"
)

// Two snapshots of a host, read at once, are what each is alone: also where the host
// is written in another case, or missing on a side.
func TestBoth(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "evidence"))
	after := moved()
	after.Moves = nil
	after.Readings[2].Value = fact.Int(4295)
	upper := moved()
	upper.Rename("EX01.corp.test")
	finish(t, s, "before", moved(), Host{Host: "only-before"})
	finish(t, s, "after", after, Host{Host: "only-after"})
	finish(t, s, "upper", upper)
	snapshots := map[string]*Snapshot{}
	for _, run := range []string{"before", "after", "upper"} {
		var err error
		if snapshots[run], err = s.Read(t.Context(), run); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		before, now string
		was, is     string
	}{
		"on both sides":         {"before", "after", "ex01.corp.test", "ex01.corp.test"},
		"in another case":       {"upper", "after", "EX01.corp.test", "ex01.corp.test"},
		"not at the baseline":   {"before", "after", "", "only-after"},
		"not now":               {"before", "after", "only-before", "only-before"},
		"nowhere":               {"before", "after", "nowhere", ""},
		"under another's names": {"before", "after", "only-before", "only-after"},
	} {
		t.Run(name, func(t *testing.T) {
			before, now, err := Both(t.Context(), Of{snapshots[test.before], test.was}, Of{snapshots[test.now], test.is})
			if err != nil {
				t.Fatal(err)
			}
			was, _, err := snapshots[test.before].Host(t.Context(), test.was)
			if err != nil {
				t.Fatal(err)
			}
			is, _, err := snapshots[test.now].Host(t.Context(), test.is)
			if err != nil {
				t.Fatal(err)
			}
			if diff := same(was, before) + same(is, now); diff != "" {
				t.Errorf("(-alone +both)\n%s", diff)
			}
		})
	}
}

// Whichever of the two is damaged, that is told.
func TestBothTellsDamage(t *testing.T) {
	for _, harmed := range []int{0, 1} {
		s := stored(t, small())
		whole, err := s.Read(t.Context(), "before")
		if err != nil {
			t.Fatal(err)
		}
		plantText(t, s, encode(t, Host{Host: "ex02"})) // with a digest that is right
		strange, err := s.Read(t.Context(), "before")
		if err != nil {
			t.Fatal(err)
		}
		sides := []*Snapshot{strange, strange}
		sides[1-harmed] = &Snapshot{store: whole.store, zstd: whole.zstd} // has no host
		_, _, err = Both(t.Context(), Of{sides[0], "ex01.corp.test"}, Of{sides[1], "ex01.corp.test"})
		wantDamage(t, err, Edited, `is that of host "ex02"`)
		_, _, err = Both(t.Context(), Of{strange, "ex01.corp.test"}, Of{strange, "ex01.corp.test"})
		wantDamage(t, err, Edited, `is that of host "ex02"`)
		if sides[1-harmed], err = stored(t, small()).Read(t.Context(), "before"); err != nil {
			t.Fatal(err)
		}
		_, _, err = Both(t.Context(), Of{sides[0], "ex01.corp.test"}, Of{sides[1], "ex01.corp.test"})
		wantDamage(t, err, Edited, `is that of host "ex02"`)
	}
}

// When a host was seen is told with it, by which ages are judged.
func TestTaken(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "evidence"))
	finish(t, s, "before", moved(), Host{Host: "only-before"})
	snapshot, err := s.Read(t.Context(), "before")
	if err != nil {
		t.Fatal(err)
	}
	want := snapshot.Manifest().Started
	h, _, err := snapshot.Host(t.Context(), "ex01.corp.test")
	if err != nil || want.IsZero() || !h.Taken.Equal(want) {
		t.Errorf("got %v and %v, want %v", h.Taken, err, want)
	}
	for was, is := range map[string]string{"ex01.corp.test": "ex01.corp.test", "only-before": "", "": "only-before"} {
		b, n, err := Both(t.Context(), Of{snapshot, was}, Of{snapshot, is})
		if err != nil {
			t.Fatal(err)
		}
		if b.Taken.Equal(want) != (was != "") || n.Taken.Equal(want) != (is != "") {
			t.Errorf("%q and %q: got %v and %v", was, is, b.Taken, n.Taken)
		}
	}
}

package baseline

import (
	"strings"
	"testing"
	"time"
)

// tomorrow is later than all that the tests store.
func tomorrow() time.Time { return finishedAt().Add(24 * time.Hour) }

// finishAt stores a run that ends at a time.
func finishAt(t *testing.T, s *Store, run string, at time.Time) {
	t.Helper()
	w := begin(t, s, run)
	if err := w.Put(t.Context(), small()); err != nil {
		t.Fatal(err)
	}
	if err := w.Finish(t.Context(), at, nil); err != nil {
		t.Fatal(err)
	}
}

// A run whose clock was ahead would hide every later one until that time has come.
func TestLatestChoosesNoneFromTheFuture(t *testing.T) {
	s := open(t, t.TempDir())
	now := finishedAt()
	finishAt(t, s, "jumped", now.Add(time.Second))
	all := func(Manifest) bool { return true }
	if m, found, err := s.Latest(t.Context(), now, all); m.Run != "jumped" || !found || err != nil {
		t.Errorf("the only one: got %q, %v, %v", m.Run, found, err)
	}
	finishAt(t, s, "good", now.Add(-time.Hour))
	_, found, err := s.Latest(t.Context(), now, all)
	const wayOut = "name the one from before the patch with --baseline: jumped, good"
	if found || err == nil || !strings.HasSuffix(err.Error(), wayOut) {
		t.Errorf("got %v, %v", found, err)
	}
	for _, part := range []string{"2026-11-10T20:03:01Z", "2026-11-10T20:03:00Z"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s is not told: %v", part, err)
		}
	}
	m, found, err := s.Latest(t.Context(), now, func(m Manifest) bool { return m.Run == "good" })
	if m.Run != "good" || !found || err != nil {
		t.Errorf("the only one that is wanted: got %q, %v, %v", m.Run, found, err)
	}
	if m, found, err := s.Latest(t.Context(), now.Add(time.Second), all); m.Run != "jumped" || !found || err != nil {
		t.Errorf("when its time has come: got %q, %v, %v", m.Run, found, err)
	}
}

func TestLatestOfTwoAtOneMoment(t *testing.T) {
	s := open(t, t.TempDir())
	for _, run := range []string{"a", "b", "c", "d", "e"} {
		finishAt(t, s, run, finishedAt())
	}
	for _, names := range []string{"--baseline: e, d, c, b, a", "--baseline: e, d, c, b, a and 1 more"} {
		_, found, err := s.Latest(t.Context(), tomorrow(), func(Manifest) bool { return true })
		if found || err == nil || !strings.HasSuffix(err.Error(), names) {
			t.Errorf("want %s, got %v, %v", names, found, err)
		}
		finishAt(t, s, "old"+names[len(names)-1:], finishedAt().Add(-time.Hour))
	}
}

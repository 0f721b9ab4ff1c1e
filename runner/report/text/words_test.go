package text

import (
	"testing"
	"time"
)

func TestABaselineOfTomorrow(t *testing.T) {
	if got := ago(-time.Hour); got != "later than this run" {
		t.Errorf("a baseline of tomorrow: got %q", got)
	}
}

func TestTheYearIsToldWhenItIsAnother(t *testing.T) {
	run := time.Date(2026, 1, 1, 1, 0, 0, 0, time.FixedZone("CET", 2*3600)) // still 2025 in UTC
	if got := moment(run.Add(-time.Hour), run); got != "31 Dec 22:00 UTC" {
		t.Errorf("got %q", got)
	}
	if got := moment(run.Add(-8800*time.Hour), run); got != "30 Dec 2024 07:00 UTC" {
		t.Errorf("got %q", got)
	}
}

func TestNamesThatDoNotFitAreCounted(t *testing.T) {
	names := []string{"alpha", "beta", "gamma", "delta"}
	for room, want := range map[int]string{
		4: "alpha, 3 more", 18: "alpha, 3 more", 19: "alpha, beta, 2 more", 26: "alpha, beta, gamma, delta",
	} {
		if got := listed(names, room, true); got != want {
			t.Errorf("room %d: got %q, want %q", room, got, want)
		}
	}
	if got := listed(names, 4, false); got != "alpha, beta, gamma, delta" {
		t.Errorf("uncut: got %q", got)
	}
}

package text

import (
	"testing"
	"time"
)

func TestDurationsAreToldInTwoUnits(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second:                 "0 ms",
		430 * time.Millisecond:       "430 ms",
		9990 * time.Millisecond:      "9.9 s",
		68 * time.Second:             "1 m 08 s",
		5*time.Hour + 12*time.Minute: "5 h 12 m",
		50 * time.Hour:               "2 d 2 h",
	} {
		if got := spell(d); got != want {
			t.Errorf("%d: got %q, want %q", d, got, want)
		}
	}
	if got := ago(-time.Hour); got != "later than this run" {
		t.Errorf("a baseline of tomorrow: got %q", got)
	}
}

func TestNumbersAreGroupedFromFiveDigitsOn(t *testing.T) {
	for n, want := range map[int]string{0: "0", 9999: "9999", 10000: "10 000", 1234567: "1 234 567"} {
		if got := thousands(n); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
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

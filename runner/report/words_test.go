package report

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
		if got := Spell(d); got != want {
			t.Errorf("%d: got %q, want %q", d, got, want)
		}
	}
}

func TestNumbersAreGroupedFromFiveDigitsOn(t *testing.T) {
	for n, want := range map[int]string{0: "0", 9999: "9999", 10000: "10 000", 1234567: "1 234 567"} {
		if got := Thousands(n); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestOneOfThemIsNoPlural(t *testing.T) {
	for n, want := range map[int]string{0: "0 hosts", 1: "1 host", 12000: "12 000 hosts"} {
		if got := Count(n, "host"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

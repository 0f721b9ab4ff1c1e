package packed

import (
	"testing"
	"time"
)

// The last question that a host begins has to end in time, whatever it is; a short
// time is used for some of them all the same.
func TestTheHostStopsAskingInTime(t *testing.T) {
	for left, want := range map[time.Duration]int{
		20 * time.Minute: 1155, 2 * time.Minute: 75, time.Minute: 15, 20 * time.Second: 5, time.Second: 1, 0: 1,
	} {
		if got := secondsFor(left); got != want {
			t.Errorf("%s: got %d s, want %d", left, got, want)
		}
	}
}

func TestSecondsToEnd(t *testing.T) {
	for left, want := range map[time.Duration]int{
		2 * time.Minute: 96, 20 * time.Second: 15, 12 * time.Second: 7, 8 * time.Second: 4, time.Second: 1, -time.Minute: 1,
	} {
		if got := secondsToEnd(left); got != want {
			t.Errorf("%s: %d, want %d", left, got, want)
		}
	}
}

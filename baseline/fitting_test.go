package baseline

import (
	"strconv"
	"strings"
	"testing"

	"postpatch/probes/fact"
)

// ofLength is a move whose line has so many bytes.
func ofLength(n, of int) Move {
	m := Move{Key: fact.Key{Host: "h", Check: "c", Item: strconv.Itoa(1e6 + of)}, Absent: true}
	m.Seen = []fact.Value{fact.Text("")}
	m.Seen[0] = fact.Text(strings.Repeat("x", n-len(appendMove(nil, m))))
	return m
}

// What was learned is kept as far as there is room, to the last byte and line.
func TestWhatIsLearnedHasRoom(t *testing.T) {
	many := make([]Move, maxMoves/maxMove+1)
	for i := range many {
		many[i] = ofLength(maxMove, i)
	}
	for name, tt := range map[string]struct {
		host Host
		want int
	}{
		"as long as may be":  {Host{Moves: many[:1]}, 1},
		"longer":             {Host{Moves: []Move{ofLength(maxMove+1, 0), ofLength(100, 1)}}, 1},
		"more than fit":      {Host{Moves: many}, maxMoves / maxMove},
		"room for two":       {Host{Moves: many[:3], Checks: make([]Check, maxLines-4)}, 2},
		"and for no reading": {Host{Moves: many[:3], Checks: make([]Check, maxLines-5), Readings: make([]fact.Reading, 1)}, 2},
		"no room":            {Host{Moves: many[:3], Checks: make([]Check, maxLines)}, 0},
	} {
		if got := len(tt.host.fitting()); got != tt.want {
			t.Errorf("%s: want %d, got %d", name, tt.want, got)
		}
	}
}

package fact_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"postpatch/probes/fact"
)

// Readings are in order where sorting them by their keys changes nothing.
func TestInOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	letter := func() string { return string(rune('a' + random.IntN(2))) }
	seen := map[bool]int{}
	for range 5000 {
		readings := make([]fact.Reading, random.IntN(4))
		for i := range readings {
			readings[i].Key = fact.Key{Host: letter(), Check: letter(), Item: letter(), Name: letter()}
		}
		want := slices.IsSortedFunc(readings, func(a, b fact.Reading) int { return a.Key.Compare(b.Key) })
		if got := fact.InOrder(readings); got != want {
			t.Fatalf("%v: %t, want %t", readings, got, want)
		}
		seen[want]++
	}
	if seen[true] < 100 || seen[false] < 100 {
		t.Errorf("only %v", seen)
	}
}

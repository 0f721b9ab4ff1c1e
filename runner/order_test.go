package runner

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"postpatch/probes"
	"postpatch/probes/fact"
)

// inOrder is what sorting all readings by item and name is, whatever order they came in.
func TestInOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for n := range 200 {
		var readings []fact.Reading
		for i := range n {
			// Each is there once: of doubles, which are refused, the order is nobody's matter.
			readings = append(readings, probes.Read(fmt.Sprint("item ", i/4), fmt.Sprint("name ", i%4), fact.Int(int64(i))))
		}
		if n%3 > 0 { // by items, as probes report them, or without any order
			random.Shuffle(n, func(i, j int) { readings[i], readings[j] = readings[j], readings[i] })
		}
		want := slices.Clone(readings)
		slices.SortFunc(want, compareReadings)
		if got := inOrder(readings); !slices.EqualFunc(got, want, func(a, b fact.Reading) bool { return a.Key == b.Key }) {
			t.Fatalf("of %d readings the order is %v", n, got)
		}
	}
}

func compareReadings(a, b fact.Reading) int {
	return cmp.Or(strings.Compare(a.Key.Item, b.Key.Item), strings.Compare(a.Key.Name, b.Key.Name))
}

func BenchmarkInOrder(b *testing.B) {
	var readings []fact.Reading
	for i := range 1600 {
		item := fmt.Sprint("Service", i/6*7919%1000)
		readings = append(readings, probes.Read(item, []string{
			"state", "start_mode", "account", "path", "exit_code", "depends_on",
		}[i%6], fact.Int(int64(i))))
	}
	b.Run("by items", func(b *testing.B) {
		for b.Loop() {
			inOrder(slices.Clone(readings))
		}
	})
	b.Run("all", func(b *testing.B) {
		for b.Loop() {
			slices.SortFunc(slices.Clone(readings), compareReadings)
		}
	})
}

package main

import "testing"

// The more is in use before the first host is visited, the less may come to it.
func TestCollectAt(t *testing.T) {
	for inUse, want := range map[uint64]int{0: 200, 6 << 20: 200, 20 << 20: 140, 28 << 20: 100, 1 << 30: 40} {
		if got := collectAt(inUse); got != want {
			t.Errorf("with %d bytes in use: %d %%, want %d", inUse, got, want)
		}
	}
}

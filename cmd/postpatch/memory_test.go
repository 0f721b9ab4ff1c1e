package main

import "testing"

// The more is in use before the first host is visited, or the more are visited at once, the less
// may come to it.
func TestCollectAt(t *testing.T) {
	for _, tt := range []struct {
		inUse        uint64
		atOnce, want int
	}{
		{0, 1, 200},
		{8 << 20, 50, 157},
		{8 << 20, 200, 105},
		{25 << 20, 300, 58},
		{25 << 20, 500, 40},
		{120 << 20, 200, 40},
		{1 << 40, 1, 40},
		{0, 1 << 40, 40},
	} {
		if got := collectAt(tt.inUse, tt.atOnce); got != tt.want {
			t.Errorf("with %d bytes in use and %d at once: %d %%, want %d", tt.inUse, tt.atOnce, got, tt.want)
		}
	}
}

//go:build unix && !race

package main

// thousand is the fleet that one runner has to bear, atOnce how many of its hosts
// are visited at the same time: no more than may be late when the machine stands still.
const (
	thousand = 1000
	atOnce   = thousand / 20
)

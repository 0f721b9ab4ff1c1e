//go:build unix && race

package main

// thousand is the fleet that one runner has to bear, atOnce how many of its hosts
// are visited at the same time: no more than may be late when the machine stands still.
// They are fewer where each step of both sides is watched for races, which takes ten
// times as long.
const (
	thousand = 200
	atOnce   = thousand / 20
)

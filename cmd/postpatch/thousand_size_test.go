//go:build !race

package main

// thousand is the fleet that one runner has to bear.
const thousand = 1000

package main

import (
	"runtime"
	"runtime/debug"
)

// whileLoading is how often memory is collected while suites are read, in percent: of fifty
// thousand hosts' checks little is garbage, and twice of them is not to be held.
const whileLoading = 40

// tightenCollection holds memory tight until the end that it returns.
func tightenCollection(getenv func(string) string) (end func()) {
	if getenv("GOGC") != "" {
		return func() {}
	}
	before := debug.SetGCPercent(whileLoading)
	return func() { debug.SetGCPercent(before) }
}

// easeCollection says how often memory is collected while hosts are visited, from what is in
// use when all of them are known. What a host leaves behind is written and gone, so there is
// little to find, and to look for it took a tenth of the processor's time. Where the hosts
// themselves are many, that comes to much memory, and it is collected more often. GOGC has
// its own word.
func easeCollection(getenv func(string) string) {
	if getenv("GOGC") != "" {
		return
	}
	runtime.GC()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	debug.SetGCPercent(collectAt(memory.HeapAlloc))
}

// collectAt is by how many percent what is in use may grow until it is collected.
func collectAt(inUse uint64) int {
	const (
		room        = 28 << 20 // bytes
		least, most = 40, 200  // percent
	)
	return max(least, min(most, int(room*100/max(inUse, 1))))
}

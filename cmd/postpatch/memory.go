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

// easeCollection says how often memory is collected while hosts are visited, so many at once,
// from what is in use when all of them are known. What a host leaves behind is written and gone,
// so there is little to find, and to look for it took a tenth of the processor's time. Where the
// hosts themselves are many, or those at once, that comes to much memory, and it is collected
// more often. GOGC has its own word.
func easeCollection(getenv func(string) string, atOnce int) {
	if getenv("GOGC") != "" {
		return
	}
	runtime.GC()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	debug.SetGCPercent(collectAt(memory.HeapAlloc, atOnce))
}

// collectAt is by how many percent what is in use may grow until it is collected.
func collectAt(inUse uint64, atOnce int) int {
	const (
		room        = 220 << 20 // bytes that all may come to
		kept        = 70 << 20  // what hosts have in common, and what is under way
		each        = 150 << 10 // of a visit
		least, most = 40, 200   // percent
	)
	live := int(min(inUse, room)) + kept + min(max(atOnce, 1), room/each)*each
	return max(least, min(most, (room-live)*100/live))
}

package probetest

import "sync/atomic"

// Gauge counts what is under way, and the most that was at the same time.
type Gauge struct{ now, most atomic.Int32 }

// Up counts one more. Of several at once each counts for the most: to load, compare and
// store one after the other may put back a lower number.
func (g *Gauge) Up() {
	n := g.now.Add(1)
	for was := g.most.Load(); n > was && !g.most.CompareAndSwap(was, n); was = g.most.Load() {
	}
}

// Down counts one less.
func (g *Gauge) Down() { g.now.Add(-1) }

// Now returns how many are under way.
func (g *Gauge) Now() int { return int(g.now.Load()) }

// Most returns how many were at the same time, at most.
func (g *Gauge) Most() int { return int(g.most.Load()) }

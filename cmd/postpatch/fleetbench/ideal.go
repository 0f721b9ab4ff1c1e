//go:build linux

package fleetbench

import (
	"fmt"
	"runtime"
	"time"

	"postpatch/probes/lab/swarm"
)

// Ideal is how fast a run could be whose program costs nothing but what it does.
type Ideal struct {
	// Think is the time that all hosts take, in as many rows as hosts are visited at
	// the same time.
	Think float64 `json:"think_s"`
	// Slowest is the time of the slowest host.
	Slowest float64 `json:"slowest_s"`
	// Floor is the processor time of the program and of the lab, which share the
	// machine, over all of its processors: no wall time can be below it.
	Floor   float64 `json:"cpu_floor_s"`
	Seconds float64 `json:"ideal_s"` // the largest of them
}

// thoughts are the messages of a visit over which a host thinks: Create, Command,
// the Receive that waits for the command, and Delete. The Receive that tells of its
// end is answered at once. What goes out from the runner goes beside them, and is
// shorter: one thought of a page or a name, or a lost datagram.
const thoughts = 4

// visit is how long a host takes of a place among those that are visited.
func visit(p swarm.Profile, budget time.Duration) time.Duration {
	switch p.Death {
	case swarm.Refuses:
		return 0
	case swarm.Drops, swarm.Mute:
		return budget
	case swarm.Alive:
	}
	d := thoughts * p.Think
	if p.Lossy {
		d += swarm.Retransmit
	}
	return min(d, budget)
}

// ideal derives it: with H hosts of which each takes v of a place, c places, and P
// seconds of processor time on n processors,
//
//	ideal = max(sum of v / c, largest v, P / n)
func (f Fleet) ideal(state string, cpu time.Duration) Ideal {
	var sum, slowest time.Duration
	for i := range f.Swarm.Hosts {
		v := visit(f.Swarm.Profile(i).In(state), f.Budget)
		sum += v
		slowest = max(slowest, v)
	}
	i := Ideal{
		Think: sum.Seconds() / float64(f.Concurrency), Slowest: slowest.Seconds(),
		Floor: cpu.Seconds() / float64(runtime.NumCPU()),
	}
	i.Seconds = max(i.Think, i.Slowest, i.Floor)
	return i
}

// String tells the formula with its numbers.
func (i Ideal) String() string {
	return fmt.Sprintf("max(hosts' time / concurrency %.2f s, slowest host %.2f s, processor time / processors %.2f s)",
		i.Think, i.Slowest, i.Floor)
}

//go:build linux

package swarm

import (
	"fmt"
	"net/netip"
	"time"
)

// Death is how a host does not answer.
type Death string

// The deaths. A host that refuses has nothing that listens, one that drops loses
// every packet, as behind a firewall, and a mute one takes connections and says
// nothing.
const (
	Alive   Death = ""
	Refuses Death = "refuses"
	Drops   Death = "drops"
	Mute    Death = "mute"
)

// Fault is what is wrong with a host that answers.
type Fault string

// The faults. All but Ill come with the state After.
const (
	Well   Fault = ""
	Stops  Fault = "stops"  // the service W3SVC does not run
	Breaks Fault = "breaks" // its page /health answers 500
	Ill    Fault = "ill"    // so does it before
	Dies   Fault = "dies"   // it is mute
)

// The states of a swarm.
const (
	Before = "before"
	After  = "after"
)

// Profile is what the seed makes of one host: whoever knows the seed knows what a
// run has to come to.
type Profile struct {
	Index   int
	Name    string
	Address netip.Addr
	Think   time.Duration // over each message
	Slow    bool          // it thinks three times as long as others
	Lossy   bool          // a message and a datagram of its visit are lost, and come late
	Death   Death         // in both states
	Fault   Fault
}

// Retransmit is what a lossy host costs: the time after which TCP sends again.
const Retransmit = time.Second

const slowly = 3 // times

// Seed says how the hosts of a swarm are. Shares are of 1.
type Seed struct {
	Hosts  int
	Number uint64 // another one makes another swarm
	Think  time.Duration
	Jitter float64 // by which part of it a host's think time may be more or less
	Dead   float64
	Slow   float64
	Lossy  float64
	Faulty float64 // of those that answer
}

// Profile returns the host of an index.
func (s Seed) Profile(i int) Profile {
	p := Profile{Index: i, Name: fmt.Sprintf("srv%05d", i+1), Address: address(i)}
	p.Think = time.Duration(float64(s.Think) * (1 + s.Jitter*(2*s.draw(i, "jitter")-1)))
	switch {
	case s.draw(i, "dead") < s.Dead:
		p.Death = []Death{Refuses, Drops, Mute}[int(3*s.draw(i, "death"))]
		return p
	case s.draw(i, "slow") < s.Slow:
		p.Slow, p.Think = true, slowly*p.Think
	}
	p.Lossy = s.draw(i, "lossy") < s.Lossy
	if s.draw(i, "faulty") < s.Faulty {
		p.Fault = []Fault{Stops, Breaks, Ill, Dies}[int(4*s.draw(i, "fault"))]
	}
	return p
}

// In returns how a host is in a state.
func (p Profile) In(state string) Profile {
	switch {
	case p.Fault == Dies && state == After:
		p.Death = Mute
	case p.Fault != Ill && state == Before:
		p.Fault = Well
	}
	return p
}

// draw is a number from 0 up to 1 that follows from the seed, the host and what it
// is for.
func (s Seed) draw(i int, purpose string) float64 {
	x := s.Number + uint64(i)*0x9E3779B97F4A7C15
	for _, b := range []byte(purpose) {
		x = mix(x ^ uint64(b))
	}
	return float64(mix(x)>>11) / (1 << 53)
}

// mix is the finalizer of SplitMix64 (Steele, Lea, Flood 2014).
func mix(x uint64) uint64 {
	x += 0x9E3779B97F4A7C15
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
	x = (x ^ x>>27) * 0x94D049BB133111EB
	return x ^ x>>31
}

// The hosts' addresses: 127.64.0.10 and those that follow.
const first = 127<<24 | 64<<16 | 10

func address(i int) netip.Addr {
	n := uint32(first + i)
	return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
}

// indexOf is the index of the host that has an address.
func indexOf(a netip.Addr) int {
	b := a.Unmap().As4()
	return int(uint32(b[0])<<24|uint32(b[1])<<16|uint32(b[2])<<8|uint32(b[3])) - first
}

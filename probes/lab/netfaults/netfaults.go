// Package netfaults is a network with a fault in it: a runner and a server, each in a
// network namespace of its own, and a router of ours between them that delays, loses, cuts
// off and lies as it is told, to the packet. It takes Linux, TUN devices and root's rights
// in the namespaces, and nothing of the kernel that is made for faults.
package netfaults

import (
	"encoding/binary"
	"net/netip"
	"sync"
	"time"
)

// Runner is the address of the caller's end.
func Runner() netip.Addr { return netip.AddrFrom4([4]byte{10, 77, 1, 1}) }

// Parcel is a packet that the router sends on.
type Parcel struct {
	Packet Packet
	Back   bool          // to whom it came from
	After  time.Duration // how long it is under way
}

// Fault says what becomes of a packet that would be sent on. It is called for one packet
// at a time.
type Fault func(p Packet) []Parcel

func pass(p Packet) []Parcel { return []Parcel{{Packet: p}} }

// Healthy sends on what comes.
func Healthy() Fault { return pass }

// Blackhole loses everything.
func Blackhole() Fault { return func(Packet) []Parcel { return nil } }

// Delay is a long way to the server.
func Delay(by time.Duration) Fault {
	return func(p Packet) []Parcel {
		if !p.ToServer {
			return pass(p)
		}
		return []Parcel{{Packet: p, After: by}}
	}
}

// Lose loses every n-th packet of each direction of a conversation: of two ports, or of
// one id of ICMP.
func Lose(n int) Fault {
	count := map[string]int{}
	return func(p Packet) []Parcel {
		flow := p.flow()
		if count[flow]++; count[flow]%n == 0 {
			return nil
		}
		return pass(p)
	}
}

// Only is a fault of some packets; the others pass.
func Only(which func(Packet) bool, fault Fault) Fault {
	return func(p Packet) []Parcel {
		if which(p) {
			return fault(p)
		}
		return pass(p)
	}
}

// Narrow takes no packet of more than so many bytes. If it tells, the sender learns of it;
// otherwise larger ones vanish.
func Narrow(mtu int, tells bool) Fault {
	return func(p Packet) []Parcel {
		switch {
		case len(p.Bytes) <= mtu:
			return pass(p)
		case tells:
			return back(p.refusal(unreachable, fragmentation, uint32(mtu)))
		default:
			return nil
		}
	}
}

// Unreachable says that there is no way to the host.
func Unreachable() Fault {
	return func(p Packet) []Parcel { return back(p.refusal(unreachable, noHost, 0)) }
}

// Prohibited says, as a firewall does that is honest, that the packet may not pass.
func Prohibited() Fault {
	return func(p Packet) []Parcel { return back(p.refusal(unreachable, prohibited, 0)) }
}

// Refuse answers TCP in the server's place, that nothing listens there.
func Refuse() Fault {
	return func(p Packet) []Parcel {
		if p.ToServer && p.Protocol() == TCP {
			return back(p.reset())
		}
		return pass(p)
	}
}

// Reset lets connections of TCP begin, and ends them, for both sides, when the server first
// says something.
func Reset() Fault {
	return func(p Packet) []Parcel {
		if p.ToServer || len(p.payload()) == 0 {
			return pass(p)
		}
		return append(back(p.reset()), Parcel{Packet: p.resetOn()})
	}
}

// Stall lets each connection of TCP have so many bytes of the server, and no more.
func Stall(most int) Fault {
	began := map[netip.AddrPort]uint32{}
	return func(p Packet) []Parcel {
		data := p.payload()
		if p.ToServer || p.Protocol() != TCP {
			return pass(p)
		}
		client, sequence := p.destination(), binary.BigEndian.Uint32(p.segment()[4:])
		if p.segment()[13]&syn != 0 {
			began[client] = sequence + 1
		}
		if first, known := began[client]; known && int(int32(sequence-first))+len(data) > most {
			return nil
		}
		return pass(p)
	}
}

func back(p Packet) []Parcel {
	if p.Bytes == nil {
		return nil
	}
	return []Parcel{{Packet: p, Back: true}}
}

// Of says whether a packet is of a protocol.
func Of(protocol byte) func(Packet) bool {
	return func(p Packet) bool { return p.Protocol() == protocol }
}

// FromServer says whether a packet comes from the server.
func FromServer(p Packet) bool { return !p.ToServer }

// switchboard holds the present fault.
type switchboard struct {
	mu    sync.Mutex
	fault Fault
	count int // packets since it was set that did not simply pass
}

func (s *switchboard) set(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault, s.count = f, 0
}

func (s *switchboard) put(p Packet) []Parcel {
	s.mu.Lock()
	defer s.mu.Unlock()
	parcels := s.fault(p)
	if len(parcels) != 1 || parcels[0].Back || parcels[0].After > 0 {
		s.count++
	}
	return parcels
}

func (s *switchboard) faults() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count
}

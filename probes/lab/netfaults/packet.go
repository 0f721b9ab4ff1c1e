package netfaults

import (
	"encoding/binary"
	"net/netip"
	"slices"
)

// The protocols of IP.
const (
	ICMP byte = 1
	TCP  byte = 6
	UDP  byte = 17
)

const (
	head      = 20 // bytes of an IPv4 header without options, and of TCP's
	firstTTL  = 64
	fin, syn  = 1, 2
	rst, ack  = 4, 16
	dontBreak = 0x40 // the flag that a packet must not be broken up

	unreachable   = 3 // ICMP types, and codes of it
	expired       = 11
	noHost        = 1
	fragmentation = 4
	prohibited    = 13
)

// router is whose words ICMP's are.
func router() netip.Addr { return netip.AddrFrom4([4]byte{10, 77, 0, 254}) }

// Packet is one of IPv4, from its header on. It is not changed.
type Packet struct {
	Bytes    []byte
	ToServer bool
}

// parse takes a packet if it is a whole one of IPv4 without options.
func parse(b []byte, toServer bool) (Packet, bool) {
	if len(b) < head || b[0] != 0x45 || int(binary.BigEndian.Uint16(b[2:])) != len(b) {
		return Packet{}, false
	}
	p := Packet{b, toServer}
	if p.Protocol() == TCP && (len(p.segment()) < head || int(p.segment()[12]>>4)*4 > len(p.segment())) {
		return Packet{}, false
	}
	return p, true
}

// Protocol is what the packet carries.
func (p Packet) Protocol() byte { return p.Bytes[9] }

func (p Packet) segment() []byte { return p.Bytes[head:] }

// payload is what a packet of TCP carries, without headers.
func (p Packet) payload() []byte {
	if p.Protocol() != TCP {
		return nil
	}
	return p.segment()[int(p.segment()[12]>>4)*4:]
}

func (p Packet) source() netip.AddrPort      { return p.end(12, 0) }
func (p Packet) destination() netip.AddrPort { return p.end(16, 2) }

func (p Packet) end(address, port int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte(p.Bytes[address:])), binary.BigEndian.Uint16(p.segment()[port:]))
}

// flow is what the packets of one direction of a conversation have in common.
func (p Packet) flow() string {
	key := append([]byte{p.Protocol()}, p.Bytes[12:head]...)
	switch body := p.segment(); {
	case len(body) < 8:
	case p.Protocol() == ICMP:
		key = append(key, body[4:6]...)
	default:
		key = append(key, body[:4]...)
	}
	return string(key)
}

// Port says whether a packet of TCP or UDP is to or from a port of the server.
func Port(port uint16) func(Packet) bool {
	return func(p Packet) bool {
		if (p.Protocol() != TCP && p.Protocol() != UDP) || len(p.segment()) < 4 {
			return false
		}
		if p.ToServer {
			return p.destination().Port() == port
		}
		return p.source().Port() == port
	}
}

// hop is the packet behind the router; not ok where it has come far enough.
func (p Packet) hop() (on Packet, ok bool) {
	if p.Bytes[8] <= 1 {
		return p, false
	}
	b := slices.Clone(p.Bytes)
	b[8]--
	sum(b)
	return Packet{b, p.ToServer}, true
}

// refusal is what the router says of a packet; none of other errors, as the rules are.
func (p Packet) refusal(kind, code byte, info uint32) Packet {
	isError := p.Protocol() == ICMP && len(p.segment()) > 0 && p.segment()[0] != 8 && p.segment()[0] != 0
	if isError {
		return Packet{}
	}
	quoted := p.Bytes[:min(len(p.Bytes), head+64)]
	b := make([]byte, 8, 8+len(quoted))
	b[0], b[1] = kind, code
	binary.BigEndian.PutUint32(b[4:], info)
	b = append(b, quoted...)
	binary.BigEndian.PutUint16(b[2:], checksum(0, b))
	return p.made(ICMP, router(), p.source().Addr(), b)
}

// reset is how who is behind the router would end the packet's connection.
func (p Packet) reset() Packet {
	asked := p.segment()
	if asked[13]&rst != 0 {
		return Packet{}
	}
	length := uint32(len(p.payload()))
	if asked[13]&(syn|fin) != 0 {
		length++
	}
	return p.ended(p.destination(), p.source(), binary.BigEndian.Uint32(asked[8:]),
		binary.BigEndian.Uint32(asked[4:])+length)
}

// resetOn ends the packet's connection in its place.
func (p Packet) resetOn() Packet {
	said := p.segment()
	return p.ended(p.source(), p.destination(), binary.BigEndian.Uint32(said[4:]), binary.BigEndian.Uint32(said[8:]))
}

// ended is a segment that ends a connection.
func (p Packet) ended(from, to netip.AddrPort, sequence, acknowledged uint32) Packet {
	b := make([]byte, head)
	binary.BigEndian.PutUint16(b, from.Port())
	binary.BigEndian.PutUint16(b[2:], to.Port())
	binary.BigEndian.PutUint32(b[4:], sequence)
	binary.BigEndian.PutUint32(b[8:], acknowledged)
	b[12], b[13] = head/4<<4, rst|ack
	pseudo := slices.Concat(from.Addr().AsSlice(), to.Addr().AsSlice(), []byte{0, TCP, 0, head})
	binary.BigEndian.PutUint16(b[16:], checksum(added(0, pseudo), b))
	return p.made(TCP, from.Addr(), to.Addr(), b)
}

// made is a packet of the router's own.
func (p Packet) made(protocol byte, from, to netip.Addr, carried []byte) Packet {
	b := make([]byte, head, head+len(carried))
	b[0], b[6], b[8], b[9] = 0x45, dontBreak, firstTTL, protocol
	b = append(b, carried...)
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	copy(b[12:], from.AsSlice())
	copy(b[16:], to.AsSlice())
	sum(b)
	return Packet{b, p.ToServer}
}

// sum writes the checksum of an IPv4 header.
func sum(b []byte) {
	b[10], b[11] = 0, 0
	binary.BigEndian.PutUint16(b[10:], checksum(0, b[:head]))
}

// checksum is that of RFC 1071 over what was added already, and b.
func checksum(so uint32, b []byte) uint16 {
	so = added(so, b)
	for so>>16 != 0 {
		so = so>>16 + so&0xffff
	}
	return ^uint16(so)
}

func added(so uint32, b []byte) uint32 {
	for i := 0; i+1 < len(b); i += 2 {
		so += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	if len(b)%2 == 1 {
		so += uint32(b[len(b)-1]) << 8
	}
	return so
}

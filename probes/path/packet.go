package path

import (
	"encoding/binary"
	"net/netip"

	"golang.org/x/net/ipv4"
)

// The types of ICMP, and of ICMPv6.
const (
	request4, reply4 = 8, 0
	request6, reply6 = 128, 129

	echoHead  = 8 // bytes before what an echo carries
	nonceSize = 16
)

func headOf(six bool) int {
	if six {
		return 40
	}
	return ipv4.HeaderLen
}

// request is an echo request without its IP header, as long as the packet is to be.
func (m mark) request(p packet) []byte {
	b := make([]byte, max(p.size-headOf(m.six), echoHead+nonceSize))
	b[0] = request4
	if m.six {
		b[0] = request6
	}
	binary.BigEndian.PutUint16(b[4:], m.id)
	binary.BigEndian.PutUint16(b[6:], p.seq)
	copy(b[echoHead:], m.nonce[:])
	if !m.six { // whose checksum is the system's
		binary.BigEndian.PutUint16(b[2:], checksum(b))
	}
	return b
}

// checksum is that of RFC 1071.
func checksum(b []byte) uint16 {
	var sum uint32
	for i := 0; i+1 < len(b); i += 2 {
		sum += uint32(b[i])<<8 | uint32(b[i+1])
	}
	if len(b)%2 == 1 {
		sum += uint32(b[len(b)-1]) << 8
	}
	for sum>>16 != 0 {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// mark is what a socket's echoes have in common, and how it gets its packets.
type mark struct {
	six   bool
	bare  bool // a raw socket, which gets them with an IPv4 header
	id    uint16
	nonce [nonceSize]byte
}

// parseReply reads an echo reply that bears the mark; not ok for all else.
func (m mark) parseReply(b []byte) (seq uint16, ok bool) {
	want := byte(reply4)
	if m.six {
		want = reply6
	}
	if m.bare && !m.six {
		if len(b) < ipv4.HeaderLen || int(b[0]&0x0f)<<2 > len(b) || int(b[0]&0x0f)<<2 < ipv4.HeaderLen {
			return 0, false
		}
		b = b[int(b[0]&0x0f)<<2:]
	}
	if len(b) < echoHead+nonceSize || b[0] != want || b[1] != 0 || binary.BigEndian.Uint16(b[4:]) != m.id ||
		[nonceSize]byte(b[echoHead:]) != m.nonce {
		return 0, false
	}
	return binary.BigEndian.Uint16(b[6:]), true
}

// parseError reads what someone on the way says of a packet, which is quoted from its ICMP
// header on: a sock_extended_err of Linux, with the address of who says so behind it. Local
// is what the runner's own interface takes at most, where it was that one.
func (m mark) parseError(quoted, data []byte) (e event, local int) {
	const (
		extended = 16                         // bytes of a sock_extended_err
		own      = 1                          // SO_EE_ORIGIN_LOCAL
		icmp4    = 2                          // SO_EE_ORIGIN_ICMP
		icmp6    = 3                          // SO_EE_ORIGIN_ICMP6
		tooBig   = 90                         // EMSGSIZE
		at4, at6 = extended + 4, extended + 8 // where the address begins
		end4     = at4 + 4                    // and ends
		end6     = at6 + 16
	)
	if len(data) < extended {
		return event{}, 0
	}
	errno, origin := binary.NativeEndian.Uint32(data), data[4]
	said, info := data[5], int(binary.NativeEndian.Uint32(data[8:]))
	if origin == own {
		if errno != tooBig {
			info = 0
		}
		return event{}, max(info, 0)
	}
	want := byte(request4)
	if m.six {
		want = request6
	}
	if origin != icmp4 && origin != icmp6 || len(quoted) < echoHead || quoted[0] != want ||
		binary.BigEndian.Uint16(quoted[4:]) != m.id {
		return event{}, 0
	}
	e = event{seq: binary.BigEndian.Uint16(quoted[6:]), what: meaning(origin == icmp6, said, data[6])}
	switch {
	case origin == icmp4 && len(data) >= end4:
		e.from = netip.AddrFrom4([4]byte(data[at4:end4]))
	case origin == icmp6 && len(data) >= end6:
		e.from = netip.AddrFrom16([16]byte(data[at6:end6]))
	}
	if e.what == tooLarge && info > 0 && info < 1<<16 {
		e.mtu = info
	}
	return e, 0
}

// meaning is what a type and a code of ICMP say of a packet.
func meaning(six bool, kind, code byte) outcome {
	const (
		unreachable4, exceeded4, fragmentation = 3, 11, 4
		unreachable6, tooBig6, exceeded6       = 1, 2, 3
	)
	switch {
	case !six && kind == unreachable4 && code == fragmentation, six && kind == tooBig6:
		return tooLarge
	case !six && kind == exceeded4, six && kind == exceeded6:
		return expired
	case !six && kind == unreachable4, six && kind == unreachable6:
		return unreachable
	default:
		return nothing
	}
}

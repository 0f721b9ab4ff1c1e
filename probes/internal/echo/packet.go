package echo

import (
	"net/netip"
	"time"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

const (
	protocol4 = 1  // ICMP
	protocol6 = 58 // ICMPv6
	// nonceSize is how much of an echo only who received it can know.
	nonceSize = 16
	// headSize is as much of a packet as is looked at: the longest IPv4 header, the echo's
	// own, and the nonce.
	headSize = 60 + 8 + nonceSize
)

// nonce marks one packet.
type nonce [nonceSize]byte

// reply is an echo that came back, from whomever.
type reply struct {
	from  netip.Addr
	seq   uint16
	nonce nonce
	at    time.Time // when the system received it
}

// request is an echo request as it is sent.
func request(six bool, id, seq uint16, carried []byte) ([]byte, error) {
	m := icmp.Message{Type: ipv4.ICMPTypeEcho, Body: &icmp.Echo{ID: int(id), Seq: int(seq), Data: carried}}
	if six {
		m.Type = ipv6.ICMPTypeEchoRequest
	}
	return m.Marshal(nil) // without a checksum for ICMPv6, which is the system's
}

// parseReply reads the head of an echo reply to an id; not ok for any other packet.
func parseReply(six bool, id uint16, packet []byte) (r reply, ok bool) {
	protocol := protocol4
	if six {
		protocol = protocol6
	}
	m, err := icmp.ParseMessage(protocol, packet)
	if err != nil || m.Code != 0 || m.Type != ipv4.ICMPTypeEchoReply && m.Type != ipv6.ICMPTypeEchoReply {
		return reply{}, false
	}
	body, isEcho := m.Body.(*icmp.Echo)
	if !isEcho || body.ID != int(id) || len(body.Data) < nonceSize {
		return reply{}, false
	}
	return reply{seq: uint16(body.Seq), nonce: nonce(body.Data)}, true
}

// stripIPv4 cuts off the header that a raw socket hands over with a packet; nil where
// there is none.
func stripIPv4(packet []byte) []byte {
	if len(packet) < ipv4.HeaderLen || packet[0]>>4 != ipv4.Version {
		return nil
	}
	head := int(packet[0]&0x0f) << 2
	if head < ipv4.HeaderLen || head > len(packet) {
		return nil
	}
	return packet[head:]
}

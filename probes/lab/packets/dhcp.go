package packets

import (
	"cmp"
	"net"
	"net/netip"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"postpatch/probes/lab/estate"
)

// NewDHCP answers DISCOVER and INFORM as a server of DHCP does. It answers to where the
// question came from, which is where RFC 2131 wants the answer of a client or relay that
// asks from its own port.
func NewDHCP(host func() estate.Host) *Server {
	return newServer(host, func(h estate.Host, packet []byte) ([]byte, estate.Fault) {
		if h.DHCP == nil {
			return nil, estate.Drop
		}
		return serveDHCP(*h.DHCP, packet), h.DHCP.Fault
	})
}

// serveDHCP makes the answer; nil for silence.
func serveDHCP(d estate.DHCP, packet []byte) []byte {
	got, err := dhcpv4.FromBytes(packet)
	if err != nil || got.OpCode != dhcpv4.OpcodeBootRequest || d.Unauthorised {
		return nil
	}
	told := []dhcpv4.Modifier{
		dhcpv4.WithOption(dhcpv4.OptServerIdentifier(net.IPv4(10, 0, 0, 1))),
		dhcpv4.WithNetmask(net.CIDRMask(24, 32)),
		dhcpv4.WithRouter(addresses(d.Routers, "10.0.0.254")...),
		dhcpv4.WithDNS(addresses(d.DNS, "10.0.0.1")...),
		dhcpv4.WithOption(dhcpv4.OptDomainName(cmp.Or(d.Domain, "corp.test"))),
	}
	switch got.MessageType() {
	case dhcpv4.MessageTypeInform:
		if got.ClientIPAddr.IsUnspecified() { // RFC 2131, 4.4.3: who asks so has an address
			return nil
		}
		told = append(told, dhcpv4.WithMessageType(dhcpv4.MessageTypeAck))
	case dhcpv4.MessageTypeDiscover:
		if d.Full {
			return nil
		}
		const days = 8 * 24 * time.Hour
		told = append(told, dhcpv4.WithMessageType(dhcpv4.MessageTypeOffer),
			dhcpv4.WithYourIP(addresses(d.Offers, "10.0.0.100")[0]),
			dhcpv4.WithLeaseTime(uint32(cmp.Or(d.Lease, days)/time.Second)))
	default:
		return nil
	}
	if d.Fault == estate.Error {
		told = []dhcpv4.Modifier{
			dhcpv4.WithMessageType(dhcpv4.MessageTypeNak), dhcpv4.WithOption(dhcpv4.OptMessage("no lease for you")),
		}
	}
	reply, err := dhcpv4.NewReplyFromRequest(got, told...)
	if err != nil {
		return nil
	}
	return reply.ToBytes()
}

// addresses reads what the estate writes; the other where that is nothing.
func addresses(written []string, other string) []net.IP {
	var all []net.IP
	for _, text := range written {
		if address, err := netip.ParseAddr(text); err == nil && address.Is4() {
			all = append(all, address.AsSlice())
		}
	}
	if len(all) == 0 {
		all = []net.IP{net.ParseIP(other).To4()}
	}
	return all
}

package dhcpanswer

import (
	"crypto/sha256"
	"net"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/reach"
)

// message is the question, from whom a connection has for its own address.
func (p probe) message(conn net.Conn) (*dhcpv4.DHCPv4, error) {
	own := conn.LocalAddr().(*net.UDPAddr).IP.To4() // as dial made it
	wanted := dhcpv4.WithRequestedOptions(dhcpv4.OptionSubnetMask, dhcpv4.OptionRouter,
		dhcpv4.OptionDomainNameServer, dhcpv4.OptionDomainName)
	if !p.discover {
		return dhcpv4.NewInform(hardware(own), own, wanted)
	}
	modifiers := []dhcpv4.Modifier{wanted, dhcpv4.WithRelay(own)}
	if p.subnet.IsValid() {
		subnet := p.subnet.AsSlice()
		modifiers = append(modifiers,
			dhcpv4.WithOption(dhcpv4.OptGeneric(dhcpv4.OptionSubnetSelection, subnet)),
			dhcpv4.WithOption(dhcpv4.OptRelayAgentInfo(dhcpv4.OptGeneric(dhcpv4.LinkSelectionSubOption, subnet))))
	}
	return dhcpv4.NewDiscovery(invented(own), modifiers...)
}

// hardware is the address of the adapter that has an IP address; an invented one where
// there is none.
func hardware(own net.IP) net.HardwareAddr {
	all, err := net.Interfaces()
	if err != nil {
		return invented(own)
	}
	for _, adapter := range all {
		addresses, err := adapter.Addrs()
		if err != nil || len(adapter.HardwareAddr) != 6 {
			continue
		}
		for _, a := range addresses {
			if network, ok := a.(*net.IPNet); ok && network.IP.Equal(own) {
				return adapter.HardwareAddr
			}
		}
	}
	return invented(own)
}

// invented is an address that no adapter has, and always the same one, so that a server
// keeps one offer for this machine and not many.
func invented(own net.IP) net.HardwareAddr {
	sum := sha256.Sum256(append([]byte("postpatch "), own...))
	return append(net.HardwareAddr{0x02}, sum[:5]...) // locally administered
}

func answerName(m dhcpv4.MessageType) string {
	switch m {
	case dhcpv4.MessageTypeAck:
		return "ack"
	case dhcpv4.MessageTypeOffer:
		return "offer"
	case dhcpv4.MessageTypeNak:
		return "nak"
	default:
		return ""
	}
}

// readings are what an answer tells.
func readings(got *dhcpv4.DHCPv4) []fact.Reading {
	var all []fact.Reading
	add := func(name string, value fact.Value) { all = append(all, probes.Read("", name, value)) }
	add("state", fact.Text(answered))
	add("answer", fact.Text(answerName(got.MessageType())))
	if server := got.ServerIdentifier(); server != nil {
		add("server", fact.Text(server.String()))
	}
	if got.MessageType() == dhcpv4.MessageTypeNak {
		if words := reach.Printable(got.Message(), 200); words != "" {
			add("reason", fact.Text(words))
		}
		return all
	}
	if mask := got.SubnetMask(); mask != nil {
		add("subnet_mask", fact.Text(net.IP(mask).String()))
	}
	add("routers", set(got.Router()))
	add("dns_servers", set(got.DNS()))
	if domain := reach.Printable(got.DomainName(), 255); domain != "" {
		add("domain", fact.Text(domain))
	}
	if got.MessageType() == dhcpv4.MessageTypeOffer {
		if lease := got.IPAddressLeaseTime(0); lease > 0 {
			add("lease", fact.Duration(lease))
		}
		add("offered", fact.Text(got.YourIPAddr.String()))
	}
	return all
}

func set(addresses []net.IP) fact.Set {
	var all []string
	for _, a := range addresses {
		all = append(all, a.String())
	}
	return fact.SetOf(all...)
}

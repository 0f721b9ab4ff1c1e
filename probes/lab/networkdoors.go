package lab

import (
	"strconv"

	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/packets"
	"postpatch/probes/lab/rdp"
)

// addNetwork makes the doors of what serves the network around a host.
func (m *machine) addNetwork(h estate.Host) {
	udp := func(port int, has func(estate.Host) (bool, estate.Fault), make func() server) {
		m.add("udp/"+strconv.Itoa(port), func(h estate.Host) bool {
			serves, fault := has(h)
			return serves && fault != estate.Refuse
		}, fresh{make})
	}
	if h.NTP != nil {
		udp(123, func(h estate.Host) (bool, estate.Fault) {
			if h.NTP == nil {
				return false, ""
			}
			return true, h.NTP.Fault
		}, func() server { return packets.NewNTP(m.host) })
	}
	if h.RADIUS != nil {
		udp(1812, func(h estate.Host) (bool, estate.Fault) {
			if h.RADIUS == nil {
				return false, ""
			}
			return true, h.RADIUS.Fault
		}, func() server { return packets.NewRADIUS(m.host) })
	}
	if h.SNMP != nil {
		udp(161, func(h estate.Host) (bool, estate.Fault) {
			if h.SNMP == nil {
				return false, ""
			}
			return true, h.SNMP.Fault
		}, func() server { return packets.NewSNMP(m.host) })
	}
	if h.DHCP != nil {
		udp(67, func(h estate.Host) (bool, estate.Fault) {
			if h.DHCP == nil {
				return false, ""
			}
			return true, h.DHCP.Fault
		}, func() server { return packets.NewDHCP(m.host) })
	}
	if h.RDP != nil {
		m.add(tcp(3389), func(h estate.Host) bool {
			return h.RDP != nil && h.RDP.Fault != estate.Refuse
		}, fresh{func() server { return rdp.New(m.host, m.certs) }})
	}
	for port := range h.UDP {
		udp(port, func(h estate.Host) (bool, estate.Fault) {
			_, open := h.UDP[port]
			return open, ""
		}, func() server { return packets.NewEcho(m.host, port) })
	}
}

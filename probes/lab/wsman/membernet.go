package wsman

import (
	"fmt"
	"maps"
	"strings"

	"postpatch/probes/lab/estate"
)

// The network of a plain member server: one adapter with an address set by hand.
const (
	netIndex = 6
	netMAC   = "005056A3"
	ipv4     = 2
	ipv6     = 23
)

// netAddress is a host's address, which its name gives it, in a network of the
// lab's own.
func netAddress(h estate.Host) string {
	n := numberOf(h.Name)
	return fmt.Sprintf("10.20.%d.%d", (n>>8)%200, 10+n%240)
}

func netNeighbour(h estate.Host, last int) string {
	address := netAddress(h)
	return fmt.Sprintf("%s.%d", address[:strings.LastIndexByte(address, '.')], last)
}

func netGateway(h estate.Host) string { return netNeighbour(h, 1) }

func netServerAddresses(h estate.Host) []any { return []any{netNeighbour(h, 2), netNeighbour(h, 3)} }

func netAdapter(h estate.Host) row {
	mac := netMAC + fmt.Sprintf("%04X", numberOf(h.Name)&0xffff)
	return row{
		"DriverProvider": "VMware, Inc.", "Hidden": false, "IMFilter": false, "InterfaceAdminStatus": 1,
		"InterfaceDescription": "vmxnet3 Ethernet Adapter", "InterfaceIndex": netIndex, "InterfaceOperationalStatus": 1,
		"MediaConnectState": 1, "Name": "Ethernet0", "NetworkAddresses": []any{mac}, "PermanentAddress": mac,
		"InterfaceGuid": "{5E6A3B9C-0D0D-4D1E-9C5B-7A3C2B1F0E11}",
		"Speed":         int64(10_000_000_000), "State": 2,
	}
}

func netInterfaces(estate.Host) []row {
	return []row{
		{"InterfaceIndex": netIndex, "AddressFamily": ipv4, "NlMtu": 1500, "Dhcp": 0, "Store": 1},
		{"InterfaceIndex": netIndex, "AddressFamily": ipv6, "NlMtu": 1500, "Dhcp": 1, "Store": 1},
	}
}

func netAddresses(h estate.Host) []row {
	const manual, wellKnown, link, preferred = 1, 2, 4, 4
	n := numberOf(h.Name)
	own := row{
		"InterfaceIndex": netIndex, "IPAddress": netAddress(h), "PrefixLength": 24, "PrefixOrigin": manual,
		"SuffixOrigin": manual, "AddressState": preferred, "SkipAsSource": false, "Store": 1,
	}
	kept, linked := maps.Clone(own), maps.Clone(own)
	kept["Store"] = 0
	linked["IPAddress"], linked["PrefixLength"] = fmt.Sprintf("fe80::250:56ff:fea3:%x%%%d", n&0xffff, netIndex), 64
	linked["PrefixOrigin"], linked["SuffixOrigin"] = wellKnown, link
	return []row{own, kept, linked}
}

func netRoutes(h estate.Host) []row {
	const static = 3
	return []row{{
		"InterfaceIndex": netIndex, "DestinationPrefix": "0.0.0.0/0", "NextHop": netGateway(h), "Protocol": static,
		"Store": 1,
	}}
}

func netServers(h estate.Host) []row {
	return []row{
		{"InterfaceIndex": netIndex, "AddressFamily": ipv4, "ServerAddresses": netServerAddresses(h)},
		{"InterfaceIndex": netIndex, "AddressFamily": ipv6, "ServerAddresses": []any{}},
	}
}

func netClients(estate.Host) []row {
	return []row{{"InterfaceIndex": netIndex, "ConnectionSpecificSuffix": ""}}
}

func netSearchList(h estate.Host) row {
	if domain(h) == "" {
		return row{"SuffixSearchList": []any{}}
	}
	return row{"SuffixSearchList": []any{domain(h)}}
}

func netProfile(h estate.Host) row {
	const private, authenticated = 1, 2
	r := row{
		"InterfaceIndex": netIndex, "InterfaceAlias": "Ethernet0", "Name": domain(h), "NetworkCategory": authenticated,
	}
	if domain(h) == "" {
		r["Name"], r["NetworkCategory"] = "Network", private
	}
	return r
}

func netFirewall(estate.Host) []row {
	var rows []row
	for _, name := range []string{"Domain", "Private", "Public"} {
		rows = append(rows, row{"Name": name, "Enabled": 1, "DefaultInboundAction": 0, "DefaultOutboundAction": 0})
	}
	return rows
}

// netListeners are what Windows itself has open to others.
func netListeners(h estate.Host) []row {
	const listen, system = 2, 4
	of := func(name string) int {
		pid, _ := service(h, name, h.Services[name])["ProcessId"].(int)
		return pid
	}
	var rows []row
	open := func(port, pid int, addresses ...string) {
		for _, address := range addresses {
			if pid != 0 {
				rows = append(rows, row{
					"LocalAddress": address, "LocalPort": port, "OwningProcess": pid, "RemoteAddress": address, "RemotePort": 0,
					"State": listen,
				})
			}
		}
	}
	open(445, system, "::")
	open(139, system, netAddress(h))
	open(135, of("RpcSs"), "0.0.0.0", "::")
	open(3389, of("TermService"), "0.0.0.0", "::")
	if of("WinRM") != 0 {
		open(5985, system, "::")
		open(47001, system, "::")
	}
	return rows
}

// netEndpoints are the host's own, and the one at which a DHCP server is asked.
func netEndpoints(h estate.Host) []row {
	const asked = 67
	rows := []row{
		{"LocalAddress": netAddress(h), "LocalPort": 137, "OwningProcess": 4},
		{"LocalAddress": netAddress(h), "LocalPort": 138, "OwningProcess": 4},
	}
	for _, s := range services(h) {
		if pid, _ := s["ProcessId"].(int); pid != 0 && strings.EqualFold(s["Name"].(string), "DHCPServer") {
			rows = append(rows, row{"LocalAddress": netAddress(h), "LocalPort": asked, "OwningProcess": pid})
		}
	}
	return rows
}

func netPorts(estate.Host) row {
	return row{"SettingName": "Internet", "DynamicPortRangeStartPort": 49152, "DynamicPortRangeNumberOfPorts": 16384}
}

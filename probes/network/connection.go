package network

import (
	"strings"

	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
)

func interfaces() host.WQL {
	return standard("MSFT_NetIPInterface", "", "InterfaceIndex", "AddressFamily", "NlMtu", "Dhcp", "Store")
}

func dnsServers() host.WQL {
	return standard("MSFT_DNSClientServerAddress", "", "InterfaceIndex", "AddressFamily", "ServerAddresses")
}

func dnsClients() host.WQL {
	return standard("MSFT_DNSClient", "", "InterfaceIndex", "ConnectionSpecificSuffix")
}

func dnsGlobal() host.WQL { return standard("MSFT_DNSClientGlobalSetting", "", "SuffixSearchList") }

func profiles() host.WQL {
	return standard("MSFT_NetConnectionProfile", "", "InterfaceIndex", "NetworkCategory")
}

const (
	ipv4 = 2 // AF_INET
	ipv6 = 23
)

func (r *reader) readInterface(a adapter, rows []host.Row) {
	for _, family := range []int64{ipv4, ipv6} {
		for _, row := range rows {
			if f, _ := gather.Number(row, "AddressFamily"); f != family {
				continue
			}
			if mtu, known := gather.Number(row, "NlMtu"); known {
				r.Add(a.item, "mtu", fact.Int(mtu))
			}
			if dhcp, known := gather.Number(row, "Dhcp"); known && family == ipv4 {
				r.Add(a.item, "dhcp", fact.Bool(dhcp == 1))
			}
			return
		}
	}
}

func (r *reader) readServers(a adapter, rows []host.Row) {
	if len(rows) == 0 {
		return
	}
	var servers []string
	for _, family := range []int64{ipv4, ipv6} {
		for _, row := range rows {
			if f, _ := gather.Number(row, "AddressFamily"); f != family {
				continue
			}
			for _, server := range gather.List(row, "ServerAddresses") {
				// Windows fills an empty IPv6 list with three of its own (RFC 3879 ended them).
				if server = strings.ToLower(server); !strings.HasPrefix(server, "fec0:0:0:ffff::") {
					servers = append(servers, server)
				}
			}
		}
	}
	r.Add(a.item, "dns_servers", fact.Text(strings.Join(servers, ", ")))
}

// readProfile leaves the reading out where the adapter is connected to no
// network that has a category.
func (r *reader) readProfile(a adapter, rows []host.Row) {
	if len(rows) == 0 {
		return
	}
	category, known := gather.Number(rows[0], "NetworkCategory")
	words := []string{"public", "private", domain}
	if !known || category < 0 || category >= int64(len(words)) {
		r.fail(profiles(), "no category of the network at %q, got %q", a.item, rows[0].Get("NetworkCategory").Text)
		return
	}
	r.Add(a.item, "profile", fact.Text(words[category]))
}

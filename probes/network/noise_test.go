package network_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/host"
	"postpatch/probes/probetest"
)

// What changes on a healthy host from boot to boot is no finding.
func TestNoiseIsSilent(t *testing.T) {
	for name, change := range map[string]func(recording){
		"rows in another order": func(r recording) { r.With(probetest.Turn("")) },
		"other numbers of interfaces": func(r recording) {
			r.With(probetest.Edit(func(_ string, rows []host.Row) []host.Row {
				for _, row := range rows {
					if n, err := row["InterfaceIndex"].Int(); err == nil {
						row["InterfaceIndex"] = host.Cell{Text: strconv.FormatInt(n+40, 10)}
					}
				}
				return rows
			}))
		},
		"other numbers of processes": func(r recording) {
			r.set("Win32_Process", "2040", "ProcessId", "9999")
			r.set("MSFT_NetTCPConnection", "2040", "OwningProcess", "9999")
		},
		"other case of names": func(r recording) {
			r.set("MSFT_DNSClient", "corp.example", "ConnectionSpecificSuffix", "CORP.example")
			r.set("Win32_Process", "sqlservr.exe", "Name", "SQLSERVR.EXE")
			r.set("MSFT_NetAdapter", "005056A31C2D", "NetworkAddresses", "00:50:56:a3:1c:2d")
		},
		"other ports of RPC": func(r recording) {
			r.listen("MSFT_NetTCPConnection", 49664)
			r.listen("MSFT_NetTCPConnection", 65535)
		},
		"a DNS server's sockets": func(r recording) {
			for port := 49152; port < 51652; port++ {
				r.listen("MSFT_NetUDPEndpoint", port)
			}
			r.listen("MSFT_NetUDPEndpoint", 5060)
		},
		"connections, that another check asks for": func(r recording) {
			r.put("MSFT_NetTCPConnection",
				"LocalAddress", "10.20.0.10", "LocalPort", "2222", "OwningProcess", "4", "State", "5")
		},
		"another temporary address": func(r recording) {
			r.set("MSFT_NetIPAddress", "2001:db8:20::8d1e:4f2a:77b0:1c09", "IPAddress", "2001:db8:20::1:2:3:4")
		},
		"the same address written otherwise": func(r recording) {
			r.set("MSFT_NetIPAddress", "2001:db8:20::250:56ff:fea3:1c2d", "IPAddress",
				"2001:DB8:20:0:250:56FF:FEA3:1C2D")
		},
		"another node has the cluster's address": func(r recording) { r.drop("MSFT_NetIPAddress", "10.20.0.50") },
		"hidden adapters come and go": func(r recording) {
			r.drop("MSFT_NetAdapter", "WAN Miniport (Network Monitor)")
			r.put("MSFT_NetAdapter",
				"Name", "Local Area Connection* 9", "InterfaceIndex", "77", "Hidden", "true", "State", "2")
		},
		"a static address of a hidden adapter": func(r recording) {
			r.put("MSFT_NetIPAddress", "InterfaceIndex", "14", "IPAddress", "10.99.0.1", "PrefixLength", "24",
				"PrefixOrigin", "1", "SuffixOrigin", "1", "AddressState", "4", "Store", "1")
		},
		"a hidden adapter gives itself an address": func(r recording) {
			r.put("MSFT_NetIPAddress", "InterfaceIndex", "14", "IPAddress", "169.254.9.9", "PrefixLength", "16",
				"PrefixOrigin", "2", "SuffixOrigin", "4", "AddressState", "4", "Store", "1")
		},
		"a ghost of an adapter": func(r recording) { r.drop("MSFT_NetAdapter", "Ethernet1") },
		"a port for the host alone": func(r recording) {
			r.put("MSFT_NetTCPConnection",
				"LocalAddress", "127.0.0.1", "LocalPort", "6789", "OwningProcess", "900", "State", "2")
		},
		"what is kept for the next boot": func(r recording) {
			kept := probetest.Row("InterfaceIndex", "6", "AddressFamily", "2", "NlMtu", "4000", "Dhcp", "1", "Store", "0")
			r.Answer("MSFT_NetIPInterface").Rows = slices.Insert(r.Answer("MSFT_NetIPInterface").Rows, 0, kept)
		},
		"only what is kept for the next boot is told": func(r recording) {
			r.set("MSFT_NetIPInterface", "1", "Store", "0")
		},
		"routes of the link, that another check asks for": func(r recording) {
			for _, to := range []string{"0.0.0.0/0", "10.77.0.0/16"} {
				r.put("MSFT_NetRoute",
					"InterfaceIndex", "6", "DestinationPrefix", to, "NextHop", "0.0.0.0", "Protocol", "3", "Store", "1")
			}
		},
		"a port that all can reach, and the host too": func(r recording) {
			r.put("MSFT_NetTCPConnection",
				"LocalAddress", "127.0.0.1", "LocalPort", "443", "OwningProcess", "4", "State", "2")
		},
		"an address is being tried": func(r recording) {
			r.set("MSFT_NetIPAddress", "10.20.0.10", "AddressState", "1")
		},
	} {
		t.Run(name, func(t *testing.T) {
			before, after := recorded(t), recorded(t)
			change(after)
			if d := cmp.Diff([]string{"passed"}, judged(t, "", before, after)); d != "" {
				t.Errorf("outcome (-want +got):\n%s", d)
			}
		})
	}
}

func TestDynamicPortsAreNotListed(t *testing.T) {
	r := recorded(t)
	r.listen("MSFT_NetTCPConnection", 49664)
	r.listen("MSFT_NetUDPEndpoint", 49152)
	readings, err := r.Observe(map[string]any{"part": []string{"ports"}})
	if err != nil {
		t.Fatal(err)
	}
	if all := strings.Join(probetest.Texts(readings), "\n"); strings.Contains(all, "/49") {
		t.Errorf("a dynamic port is there:\n%s", all)
	}
}

// listen adds a socket that all can reach.
func (r recording) listen(class string, port int) {
	r.put(class, "LocalAddress", "0.0.0.0", "LocalPort", strconv.Itoa(port), "OwningProcess", "900", "State", "2")
}

// Exchange lets Windows hand out ports from 6005 on: which of them listen is
// chance, while an owner can still expect one.
func TestTheHostsOwnDynamicRangeIsIgnored(t *testing.T) {
	exchange := func(ports ...int) recording {
		r := recorded(t)
		r.set("MSFT_NetTCPSetting", "49152", "DynamicPortRangeNumberOfPorts", "53526")
		r.set("MSFT_NetTCPSetting", "53526", "DynamicPortRangeStartPort", "6005")
		for _, port := range ports {
			r.listen("MSFT_NetTCPConnection", port)
		}
		return r
	}
	const expect = "    expect: {listening: 'contains tcp/443, tcp/6005'}\n"
	if d := cmp.Diff([]string{"passed"}, judged(t, expect, exchange(6005, 6010), exchange(6005, 6011))); d != "" {
		t.Errorf("outcome (-want +got):\n%s", d)
	}
	narrow := func(ports ...int) recording { // from 6005 to 7004
		r := exchange(ports...)
		r.set("MSFT_NetTCPSetting", "6005", "DynamicPortRangeNumberOfPorts", "1000")
		return r
	}
	want := []string{"drifted failing", "tcp/7005: drifted there -> gone"}
	if d := cmp.Diff(want, judged(t, expect, narrow(6005, 7004, 7005), narrow(6005))); d != "" {
		t.Errorf("outcome (-want +got):\n%s", d)
	}
	want = []string{"drifted failing", "tcp/6004: drifted there -> gone"}
	if d := cmp.Diff(want, judged(t, expect, exchange(6004, 6005), exchange(6005))); d != "" {
		t.Errorf("outcome (-want +got):\n%s", d)
	}
}

// Where Windows lists the addresses of the next boot too, one that is not among
// them was lent by a cluster, even without a mark.
func TestAnAddressThatIsNotKeptForTheBootFloats(t *testing.T) {
	r := recorded(t)
	for ip, store := range map[string]string{"10.20.0.10": "0", "10.20.0.60": "1"} {
		r.put("MSFT_NetIPAddress", "InterfaceIndex", "6", "IPAddress", ip, "PrefixLength", "24", "PrefixOrigin", "1",
			"SuffixOrigin", "1", "AddressState", "4", "SkipAsSource", "false", "Store", store)
	}
	readings, err := r.Observe(map[string]any{"part": []string{"adapters"}})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, reading := range readings {
		if reading.Key.Item == "Ethernet0" && strings.HasSuffix(reading.Key.Name, "addresses") {
			got[reading.Key.Name] = reading.Value.String()
		}
	}
	want := map[string]string{
		"addresses": "10.20.0.10/24", "floating_addresses": "10.20.0.50/24, 10.20.0.60/24",
		"leased_addresses": "2001:db8:20:0:250:56ff:fea3:1c2d/64",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("addresses (-want +got):\n%s", d)
	}
}

// A single element of an array comes as a text by WS-Man, as a list by PowerShell.
func TestOneElementIsAListHoweverItComes(t *testing.T) {
	before, after := recorded(t), recorded(t)
	for _, row := range after.Answer("MSFT_DNSClientServerAddress").Rows {
		if l := row["ServerAddresses"].List; len(l) == 1 {
			row["ServerAddresses"] = host.Cell{Text: l[0]}
		}
	}
	if d := cmp.Diff([]string{"passed"}, judged(t, "", before, after)); d != "" {
		t.Errorf("outcome (-want +got):\n%s", d)
	}
}

// An adapter without a cable has nobody to ask, and one that has a real address too
// can be reached.
func TestWhoIsWithoutAnAddress(t *testing.T) {
	const own = "169.254.9.9"
	for name, tt := range map[string]struct {
		operational string
		more        []string // an address of the same adapter, and its origin
		want        string
	}{
		"only its own":            {"1", nil, "Ethernet4"},
		"without a cable":         {"2", nil, ""},
		"a static one too":        {"1", []string{"10.60.0.4", "1"}, ""},
		"a leased one too":        {"1", []string{"10.60.0.4", "3"}, ""},
		"of IPv6 one of its own":  {"1", []string{"fe80::4", "2"}, "Ethernet4"},
		"of IPv6 one of a router": {"1", []string{"2001:db8::4", "4"}, "Ethernet4"},
	} {
		t.Run(name, func(t *testing.T) {
			r := recorded(t)
			r.put("MSFT_NetAdapter", "Name", "Ethernet4", "InterfaceIndex", "40", "State", "2",
				"InterfaceOperationalStatus", tt.operational)
			address := func(ip, origin string) {
				r.put("MSFT_NetIPAddress", "InterfaceIndex", "40", "IPAddress", ip, "PrefixLength", "16",
					"PrefixOrigin", origin, "SuffixOrigin", "4", "AddressState", "4", "Store", "1")
			}
			address(own, "2")
			if len(tt.more) > 0 {
				address(tt.more[0], tt.more[1])
			}
			readings, err := r.Observe(map[string]any{"part": []string{"adapters"}})
			if err != nil {
				t.Fatal(err)
			}
			if all := probetest.Texts(readings); !slices.Contains(all, " without_address="+tt.want) {
				t.Errorf("want %q in %q", tt.want, all)
			}
		})
	}
}

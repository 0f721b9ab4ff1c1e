package network_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/host"
	"postpatch/probes/network"
	"postpatch/probes/probetest"
	"postpatch/runner/runnertest"
)

// judged holds the host after a patch against the host before.
func judged(t *testing.T, expect string, before, after recording) []string {
	t.Helper()
	return runnertest.Told(t, network.Kind, "- network: {}\n"+strings.ReplaceAll(expect, "    expect", "  expect"),
		[2]runnertest.Seen{runnertest.See(before.Recording, nil), runnertest.See(after.Recording, nil)})
}

func TestWhatAPatchBreaks(t *testing.T) {
	for name, tt := range map[string]struct {
		expect string
		after  func(recording)
		want   []string
	}{
		"the profile turned public": {
			after: func(r recording) { r.set("MSFT_NetConnectionProfile", "2", "NetworkCategory", "0") },
			want:  []string{"regressed failing", "Ethernet0 profile: regressed domain -> public"},
		},
		"a private network turned public": {
			after: func(r recording) { r.set("MSFT_NetConnectionProfile", "1", "NetworkCategory", "0") },
			want:  []string{"drifted", "Backup profile: drifted private -> public"},
		},
		"a listening port is gone": {
			after: func(r recording) { r.drop("MSFT_NetTCPConnection", "443") },
			want:  []string{"drifted failing", "tcp/443: drifted there -> gone"},
		},
		"a port that the owner expects is gone": {
			expect: "    expect: {listening: contains tcp/443}\n",
			after:  func(r recording) { r.drop("MSFT_NetTCPConnection", "443") },
			want: []string{
				"regressed failing",
				"tcp/443: drifted there -> gone",
				"listening: regressed tcp/135, tcp/139, tcp/1433, tcp/443, tcp/445, tcp/5985, tcp/8443, udp/123, udp/5353" +
					" -> tcp/135, tcp/139, tcp/1433, tcp/445, tcp/5985, tcp/8443, udp/123, udp/5353",
			},
		},
		"a port is for the host alone now": {
			after: func(r recording) {
				r.set("MSFT_NetTCPConnection", "443", "LocalAddress", "127.0.0.1")
			},
			want: []string{"drifted failing", "tcp/443: drifted there -> gone"},
		},
		"a new port": {
			after: func(r recording) {
				r.put("MSFT_NetTCPConnection",
					"LocalAddress", "::", "LocalPort", "8080", "OwningProcess", "900", "State", "2")
			},
			want: []string{"drifted", "tcp/8080: drifted  -> new"},
		},
		"another program listens at the port": {
			after: func(r recording) { r.set("MSFT_NetTCPConnection", "443", "OwningProcess", "900") },
			want:  []string{"drifted", "tcp/443 owner: drifted System -> svchost.exe"},
		},
		"DHCP gave another address": {
			after: func(r recording) { r.set("MSFT_NetIPAddress", "10.30.0.117", "IPAddress", "10.30.0.118") },
			want:  []string{"drifted", "Backup leased_addresses: drifted 10.30.0.117/24 -> 10.30.0.118/24"},
		},
		"no DHCP server answered": {
			after: func(r recording) {
				r.drop("MSFT_NetIPAddress", "10.30.0.117")
				r.put("MSFT_NetIPAddress",
					"InterfaceIndex", "9", "IPAddress", "169.254.80.10", "PrefixLength", "16", "PrefixOrigin", "2", "SuffixOrigin", "4", "AddressState", "4", "Store", "1")
			},
			want: []string{
				"regressed failing", "without_address: drifted  -> Backup",
				"Backup leased_addresses: regressed 10.30.0.117/24 -> ",
				"Backup self_assigned: regressed false -> true",
			},
		},
		"the adapter was found anew": { // S05 of the corpus
			after: func(r recording) {
				r.set("MSFT_NetAdapter", "Ethernet0", "Name", "Ethernet3")
				r.set("MSFT_NetAdapter", "Ethernet3", "InterfaceGuid", "{0D3C7E52-8F6A-4B1D-9C25-71B0A4E6F802}")
				r.set("MSFT_NetIPInterface", "0", "Dhcp", "1")
				r.drop("MSFT_NetIPAddress", "10.20.0.50")
				r.drop("MSFT_NetIPAddress", "2001:db8:20::250:56ff:fea3:1c2d")
				r.set("MSFT_NetIPAddress", "10.20.0.10", "PrefixOrigin", "2")
				r.set("MSFT_NetIPAddress", "10.20.0.10", "IPAddress", "169.254.18.4")
			},
			want: []string{
				"drifted failing",
				"static_addresses: drifted 10.20.0.10/24 -> ", "without_address: drifted  -> Ethernet3",
				"Ethernet0: drifted there -> gone", "Ethernet3: drifted  -> new",
			},
		},
		"the adapter has another name, and all that it had": {
			after: func(r recording) { r.set("MSFT_NetAdapter", "Ethernet0", "Name", "LAN") },
			want:  []string{"drifted failing", "Ethernet0: drifted there -> gone", "LAN: drifted  -> new"},
		},
		"another adapter under the same name": {
			after: func(r recording) {
				r.set("MSFT_NetAdapter", "Backup", "InterfaceGuid", "{0D3C7E52-8F6A-4B1D-9C25-71B0A4E6F802}")
			},
			want: []string{
				"drifted", "Backup guid: drifted {6B29FC40-CA47-1067-B31D-00DD01066202} -> " +
					"{0D3C7E52-8F6A-4B1D-9C25-71B0A4E6F802}",
			},
		},
		"the static address was lost": {
			after: func(r recording) {
				r.set("MSFT_NetIPInterface", "0", "Dhcp", "1")
				r.set("MSFT_NetIPAddress", "10.20.0.10", "PrefixOrigin", "3")
			},
			want: []string{
				"drifted failing", "static_addresses: drifted 10.20.0.10/24 -> ",
				"Ethernet0 addresses: drifted 10.20.0.10/24 -> ", "Ethernet0 dhcp: drifted false -> true",
				"Ethernet0 leased_addresses: drifted 2001:db8:20:0:250:56ff:fea3:1c2d/64 -> " +
					"10.20.0.10/24, 2001:db8:20:0:250:56ff:fea3:1c2d/64",
			},
		},
		"another host has the address": {
			after: func(r recording) { r.set("MSFT_NetIPAddress", "10.20.0.10", "AddressState", "2") },
			want: []string{
				"drifted failing", "static_addresses: drifted 10.20.0.10/24 -> ",
				"Ethernet0 addresses: drifted 10.20.0.10/24 -> ",
			},
		},
		"a second adapter came back enabled": {
			after: func(r recording) {
				for column, value := range map[string]string{
					"State": "2", "InterfaceAdminStatus": "1", "InterfaceOperationalStatus": "1",
				} {
					r.set("MSFT_NetAdapter", "Ethernet2", column, value)
				}
				r.put("MSFT_NetIPAddress",
					"InterfaceIndex", "12", "IPAddress", "10.20.0.77", "PrefixLength", "24", "PrefixOrigin", "1", "SuffixOrigin", "1", "AddressState", "4", "Store", "1")
			},
			want: []string{"drifted", "disabled: drifted Ethernet2 -> ", "Ethernet2: drifted  -> new"},
		},
		"an adapter went down": {
			after: func(r recording) {
				r.set("MSFT_NetAdapter", "Backup", "InterfaceOperationalStatus", "2")
				r.set("MSFT_NetAdapter", "Backup", "MediaConnectState", "2")
				r.drop("MSFT_NetConnectionProfile", "9")
			},
			want: []string{"regressed failing", "Backup state: regressed up -> disconnected"},
		},
		"an adapter was disabled": {
			after: func(r recording) { r.set("MSFT_NetAdapter", "Backup", "State", "3") },
			want: []string{
				"drifted failing", "disabled: drifted Ethernet2 -> Backup, Ethernet2", "Backup: drifted there -> gone",
			},
		},
		"the gateway is gone": {
			after: func(r recording) { r.drop("MSFT_NetRoute", "0.0.0.0/0") },
			want:  []string{"regressed failing", "Ethernet0 gateways: regressed 10.20.0.1 -> "},
		},
		"a route that was not kept for the boot": {
			after: func(r recording) { r.drop("MSFT_NetRoute", "10.50.0.0/16") },
			want:  []string{"drifted failing", "Ethernet0 routes: drifted 10.50.0.0/16 via 10.20.0.254 -> "},
		},
		"other order of DNS servers": {
			after: func(r recording) {
				for _, row := range r.Answer("MSFT_DNSClientServerAddress").Rows {
					if len(row["ServerAddresses"].List) == 2 {
						row["ServerAddresses"] = host.Cell{List: []string{"10.20.0.3", "10.20.0.2"}}
					}
				}
			},
			want: []string{
				"drifted", "Ethernet0 dns_servers: drifted 10.20.0.2, 10.20.0.3 -> 10.20.0.3, 10.20.0.2",
			},
		},
		"the owner wants the domain's profile": {
			expect: "    expect: {profile: domain}\n",
			after:  func(recording) {},
			want:   []string{"pre-existing", "Backup profile: pre-existing private -> private"},
		},
		"a class is missing, and the profile turned public": {
			after: func(r recording) {
				r.With(probetest.Refuse("MSFT_NetRoute", errInvalidClass))
				r.set("MSFT_NetConnectionProfile", "2", "NetworkCategory", "0")
			},
			want: []string{"regressed failing", "Ethernet0 profile: regressed domain -> public"},
		},
		"a class is missing": {
			after: func(r recording) { r.With(probetest.Refuse("MSFT_NetRoute", errInvalidClass)) },
			want:  []string{"unknown"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			before, after := recorded(t), recorded(t)
			tt.after(after)
			if d := cmp.Diff(tt.want, judged(t, tt.expect, before, after)); d != "" {
				t.Errorf("outcome (-want +got):\n%s", d)
			}
		})
	}
}

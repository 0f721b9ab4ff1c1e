package network_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/host"
	"postpatch/probes/network"
	"postpatch/probes/probetest"
)

// recording is what the server answers, to be changed.
type recording struct{ *probetest.Recording }

func recorded(t *testing.T) recording {
	t.Helper()
	return recording{probetest.Load(t, network.Kind, server, nil)}
}

const server = "handmade-server-2022.json"

func (r recording) set(class, row, column, value string) {
	r.With(probetest.Set(class, row, column, value))
}
func (r recording) drop(class, row string)            { r.With(probetest.Drop(class, row)) }
func (r recording) put(class string, cells ...string) { r.With(probetest.Add(class, cells...)) }

func TestKind(t *testing.T) { probetest.RunRecorded(t, network.Kind, server, nil) }

func TestObserve(t *testing.T) {
	readings, err := recorded(t).Observe(nil)
	if err != nil {
		t.Fatal(err)
	}
	got := probetest.Texts(readings)
	slices.Sort(got)
	want := []string{
		" disabled=Ethernet2",
		" firewall_hash=5b6f9c1d0e2a47838d4e5f60718293a4b5c6d7e8f9010203040506070809a0b1", " firewall_rules=143",
		" ghosts=Ethernet1",
		" listening=tcp/135, tcp/139, tcp/1433, tcp/443, tcp/445, tcp/5985, tcp/8443, udp/123, udp/5353",
		" local_listening=tcp/1434", " static_addresses=10.20.0.10/24", " suffixes=corp.example, example",
		" udp=udp/123, udp/5353", " without_address=",
		"Backup addresses=", "Backup dhcp=true", "Backup dns_servers=10.20.0.2", "Backup floating_addresses=",
		"Backup gateways=", "Backup guid={6B29FC40-CA47-1067-B31D-00DD01066202}",
		"Backup leased_addresses=10.30.0.117/24", "Backup mac=00-50-56-A3-1C-2E",
		"Backup mtu=9000", "Backup profile=private", "Backup routes=", "Backup self_assigned=false",
		"Backup state=up", "Backup suffix=",
		"Ethernet0 addresses=10.20.0.10/24", "Ethernet0 dhcp=false", "Ethernet0 dns_servers=10.20.0.2, 10.20.0.3",
		"Ethernet0 floating_addresses=10.20.0.50/24", "Ethernet0 gateways=10.20.0.1",
		"Ethernet0 guid={6B29FC40-CA47-1067-B31D-00DD01066201}",
		"Ethernet0 leased_addresses=2001:db8:20:0:250:56ff:fea3:1c2d/64", "Ethernet0 mac=00-50-56-A3-1C-2D",
		"Ethernet0 mtu=1500", "Ethernet0 profile=domain", "Ethernet0 routes=10.50.0.0/16 via 10.20.0.254",
		"Ethernet0 self_assigned=false", "Ethernet0 state=up", "Ethernet0 suffix=corp.example",
		"firewall/domain firewall=on", "firewall/domain inbound=block", "firewall/domain outbound=allow",
		"firewall/private firewall=on", "firewall/private inbound=block",
		"firewall/private outbound=allow",
		"firewall/public firewall=off", "firewall/public inbound=allow", "firewall/public outbound=allow",
		"tcp/135 bound=any", "tcp/135 owner=svchost.exe", "tcp/135 port=open",
		"tcp/139 bound=10.20.0.10, 10.30.0.117", "tcp/139 owner=System", "tcp/139 port=open",
		"tcp/1433 bound=any", "tcp/1433 owner=sqlservr.exe", "tcp/1433 port=open",
		"tcp/443 bound=any", "tcp/443 owner=System", "tcp/443 port=open",
		"tcp/445 bound=any", "tcp/445 owner=System", "tcp/445 port=open",
		"tcp/5985 bound=any", "tcp/5985 owner=System", "tcp/5985 port=open",
		"tcp/8443 bound=10.20.0.10", "tcp/8443 owner=unknown", "tcp/8443 port=open",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
}

func TestPartsAskNoMoreThanTheyNeed(t *testing.T) {
	for name, tt := range map[string]struct {
		args map[string]any
		want []string
	}{
		"firewall": {
			map[string]any{"part": []string{"firewall"}}, []string{"MSFT_NetFirewallProfile", "firewall"},
		},
		"ports without owners": {
			map[string]any{"part": []string{"ports"}, "owners": false},
			[]string{"MSFT_NetTCPConnection", "MSFT_NetUDPEndpoint", "MSFT_NetTCPSetting"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, q := range probetest.Questions(t, network.Kind, tt.args) {
				if wql, is := q.(host.WQL); is {
					got = append(got, wql.Class)
				} else {
					got = append(got, q.String())
				}
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("questions (-want +got):\n%s", d)
			}
			readings, err := recorded(t).Observe(tt.args)
			if err != nil || len(readings) == 0 {
				t.Errorf("got %v, %v", readings, err)
			}
			for _, r := range readings {
				if r.Key.Name == "state" || r.Key.Name == "owner" {
					t.Errorf("%s of %q was not asked for", r.Key.Name, r.Key.Item)
				}
			}
		})
	}
}

func TestWhatIsLeftOut(t *testing.T) {
	args := map[string]any{"except": []string{"BACKUP"}, "except_ports": []string{"tcp/8443", "udp/5353"}}
	readings, err := recorded(t).Observe(args)
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Join(probetest.Texts(readings), "\n")
	for _, gone := range []string{"Backup", "8443", "5353"} {
		if strings.Contains(all, gone) {
			t.Errorf("%s is there:\n%s", gone, all)
		}
	}
	if !strings.Contains(all, "Ethernet0 state=up") {
		t.Errorf("more is gone than was named:\n%s", all)
	}
}

func TestNamesOfAdaptersThatAreLeftOut(t *testing.T) {
	for name, tt := range map[string]struct {
		except string
		want   string
	}{
		"a name in another case":           {"BACKUP", "Ethernet0, Lab [a]"},
		"a pattern":                        {"ether*", "Backup, Lab [a]"},
		"a name that looks like a pattern": {"lab [a]", "Backup, Ethernet0"},
		"a broken pattern":                 {"[", "Backup, Ethernet0, Lab [a]"},
		"a part of a name":                 {"Back", "Backup, Ethernet0, Lab [a]"},
	} {
		t.Run(name, func(t *testing.T) {
			r := recorded(t)
			r.put("MSFT_NetAdapter", "Name", "Lab [a]", "InterfaceIndex", "30", "InterfaceOperationalStatus", "1")
			readings, err := r.Observe(map[string]any{"except": []string{tt.except}})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, reading := range readings {
				if reading.Key.Name == "state" {
					got = append(got, reading.Key.Item)
				}
			}
			if strings.Join(got, ", ") != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestParametersAreChecked(t *testing.T) {
	for field, args := range map[string]map[string]any{
		"part":         {"part": []string{"routes"}},
		"except_ports": {"except_ports": []string{"443"}},
	} {
		_, err := network.Kind.Build(args)
		var problem *probes.FieldError
		if !errors.As(err, &problem) || problem.Field != field {
			t.Errorf("%v: got %v", args, err)
		}
	}
	if _, err := network.Kind.Build(map[string]any{"part": []string{}}); err == nil {
		t.Error("an empty list of parts is taken")
	}
}

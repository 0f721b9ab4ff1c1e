package network_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/probetest"
)

var (
	errInvalidClass = errors.New("invalid class (0x80041010)")
	errDenied       = errors.New("0x80041003: Zugriff verweigert")
)

// What is missing is missing alone, with its reason; all else is there.
func TestWhatIsMissingIsNamed(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(recording)
		says   []string
		gone   []string // readings
		kept   []string
	}{
		"a class": {
			func(r recording) { r.With(probetest.Refuse("MSFT_NetIPAddress", errInvalidClass)) },
			[]string{"reading MSFT_NetIPAddress: invalid class (0x80041010)"},
			[]string{"addresses", "leased_addresses", "self_assigned", "static_addresses", "without_address"},
			[]string{"state", "gateways", "profile", "firewall", "port"},
		},
		"two classes for one reason, and one for another": {
			func(r recording) {
				r.With(probetest.Refuse("MSFT_NetRoute", errInvalidClass))
				r.With(probetest.Refuse("MSFT_DNSClient", errInvalidClass))
				r.With(probetest.Refuse("Win32_Process", errDenied))
			},
			[]string{
				"MSFT_NetRoute, MSFT_DNSClient: invalid class (0x80041010); Win32_Process: 0x80041003: Zugriff verweigert",
			},
			[]string{"gateways", "routes", "suffix", "owner"},
			[]string{"state", "addresses", "dns_servers", "port", "bound", "listening"},
		},
		"the adapters themselves": {
			func(r recording) { r.With(probetest.Refuse("MSFT_NetAdapter", errInvalidClass)) },
			[]string{"reading MSFT_NetAdapter: invalid class"},
			[]string{"state", "addresses", "disabled"},
			[]string{"firewall", "port", "suffixes"},
		},
		"sockets of one protocol": {
			func(r recording) { r.With(probetest.Refuse("MSFT_NetUDPEndpoint", errDenied)) },
			[]string{"MSFT_NetUDPEndpoint: 0x80041003"},
			[]string{"udp", "listening"},
			[]string{"port", "local_listening"},
		},
		"rows before an error are no whole list": {
			func(r recording) { r.Answer("MSFT_NetTCPConnection").Err = errors.New("the answer was cut off") },
			[]string{"MSFT_NetTCPConnection: the answer was cut off"},
			[]string{"port", "listening"},
			[]string{"udp"},
		},
		"every listening port": {
			func(r recording) { r.Answer("MSFT_NetTCPConnection").Rows = nil },
			[]string{"MSFT_NetTCPConnection: the host named none"},
			[]string{"port", "listening"},
			[]string{"udp"},
		},
		"every adapter": {
			func(r recording) { r.Answer("MSFT_NetAdapter").Rows = nil },
			[]string{"MSFT_NetAdapter: the host named none"},
			[]string{"state"},
			[]string{"port"},
		},
		"the numbers of adapters": {
			func(r recording) {
				r.With(probetest.Null("MSFT_NetAdapter", "Backup", "InterfaceIndex"))
				r.set("MSFT_NetConnectionProfile", "9", "InterfaceIndex", "nine")
			},
			[]string{
				"MSFT_NetAdapter: an adapter without a name or a number",
				"MSFT_NetConnectionProfile: a row without the number of its interface",
			},
			[]string{"static_addresses", "without_address"},
			[]string{"state", "profile"},
		},
		"whose an address is": {
			func(r recording) { r.With(probetest.Null("MSFT_NetIPAddress", "10.20.0.10", "InterfaceIndex")) },
			[]string{"MSFT_NetIPAddress: a row without the number of its interface"},
			[]string{"static_addresses", "without_address"},
			[]string{"addresses", "state"},
		},
		"an adapter's state": {
			func(r recording) {
				for _, column := range []string{"State", "InterfaceAdminStatus", "InterfaceOperationalStatus"} {
					r.With(probetest.Null("MSFT_NetAdapter", "Backup", column))
				}
			},
			[]string{`MSFT_NetAdapter: no state of "Backup"`},
			nil,
			[]string{"state", "addresses"},
		},
		"a profile that comes twice": {
			func(r recording) {
				r.put("firewall", "Part", "profile", "Name", "PUBLIC", "Enabled", "1")
			},
			[]string{`the firewall in force, its profile: a profile without a name of its own, got "public"`},
			nil,
			[]string{"firewall"},
		},
		"a category, an address and a port": {
			func(r recording) {
				r.set("MSFT_NetConnectionProfile", "9", "NetworkCategory", "7")
				r.set("MSFT_NetIPAddress", "10.30.0.117", "IPAddress", "10.30.0")
				r.set("MSFT_NetTCPConnection", "5985", "LocalPort", "99999")
				r.With(probetest.Null("firewall", "Public", "Enabled"))
				r.With(probetest.Null("MSFT_NetRoute", "10.50.0.0/16", "NextHop"))
			},
			[]string{
				`no category of the network at "Backup", got "7"`, `no address of "Backup", got "10.30.0"`,
				`a port without its number, got "99999"`, "no Enabled of the public profile",
				`a route of "Ethernet0" without its end or its next hop`,
			},
			[]string{"static_addresses", "without_address"},
			[]string{"profile", "addresses", "port", "firewall", "routes"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := recorded(t)
			tt.change(r)
			readings, err := r.Observe(nil)
			for _, want := range tt.says {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("error %v\nwant %q in it", err, want)
				}
			}
			has := func(reading string) bool {
				return slices.ContainsFunc(readings, func(r fact.Reading) bool { return r.Key.Name == reading })
			}
			for _, reading := range tt.gone {
				if has(reading) {
					t.Errorf("%s is there", reading)
				}
			}
			for _, reading := range tt.kept {
				if !has(reading) {
					t.Errorf("%s is gone", reading)
				}
			}
		})
	}
}

// A server of 2008 has none of the classes, and an account without the right is
// shown none: one reason is said once.
func TestTheNamespaceIsClosed(t *testing.T) {
	for _, cause := range []error{errors.New("invalid namespace (0x8004100e)"), errDenied} {
		r := recorded(t)
		r.With(probetest.Refuse("root/StandardCimv2", cause))
		r.Answer("firewall").Rows = []host.Row{probetest.Row("Part", "module", "There", "false")}
		readings, err := r.Observe(nil)
		want := "reading root/StandardCimv2, which servers before 2012 lack: " + cause.Error()
		if err == nil || err.Error() != want || !errors.Is(err, cause) || len(readings) > 0 {
			t.Errorf("got %v and %v, want %q", readings, err, want)
		}
	}
}

// Older servers leave columns null; what hangs on them is left out.
func TestNullColumnsAreNoReadings(t *testing.T) {
	r := recorded(t)
	r.With(probetest.Edit(func(_ string, rows []host.Row) []host.Row {
		for _, row := range rows {
			for _, column := range []string{
				"NlMtu", "Dhcp", "PrefixLength", "SkipAsSource", "Store", "ConnectionSpecificSuffix", "IMFilter",
				"NetworkAddresses", "MediaConnectState", "DynamicPortRangeStartPort", "State",
			} {
				delete(row, column)
			}
		}
		return rows
	}))
	readings, err := r.Observe(nil)
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Join(probetest.Texts(readings), "\n")
	for _, want := range []string{"Ethernet0 state=up", "mac=00-50-56-A3-1C-2D", "tcp/443 port=open"} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is missing in\n%s", want, all)
		}
	}
	for _, gone := range []string{" mtu=", " dhcp="} {
		if strings.Contains(all, gone) {
			t.Errorf("%q is there", gone)
		}
	}
}

// A name is kept as it is, whatever is in it; two that differ only in case stay two.
func TestStrangeNames(t *testing.T) {
	r := recorded(t)
	const strange = "Łącze \"lokalne\"'; DROP\n$(reboot)"
	r.set("MSFT_NetAdapter", "Ethernet0", "Name", strange)
	r.set("MSFT_NetAdapter", "Backup", "Name", strings.ToUpper(strange))
	upper := strings.ToUpper(strange)
	r.put("MSFT_NetAdapter", "Name", upper+" (2)", "InterfaceIndex", "31", "State", "2")
	readings, err := r.Observe(nil)
	if err != nil {
		t.Fatal(err)
	}
	items := map[string]bool{}
	seen := map[fact.Key]bool{}
	for _, reading := range readings {
		if seen[reading.Key] {
			t.Errorf("%v comes twice", reading.Key)
		}
		seen[reading.Key] = true
		if reading.Key.Name == "state" {
			items[reading.Key.Item] = true
		}
	}
	if len(items) != 3 || !items[strange] || !items[upper+" (2)"] || !items[upper+" (2) (2)"] {
		t.Errorf("adapters %v", items)
	}
}

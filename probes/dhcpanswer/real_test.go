//go:build real && linux

package dhcpanswer_test

import (
	"net"
	"strings"
	"testing"

	"postpatch/cmd/postpatch/realtest"
	"postpatch/probes"
	"postpatch/probes/dhcpanswer"
	"postpatch/probes/probetest"
)

// TestDnsmasq asks a server of another make at the ports of the protocol, as one that has an
// address and as a relay, and once it was stopped.
func TestDnsmasq(t *testing.T) {
	if !realtest.OwnNetwork(t) {
		return
	}
	server := realtest.StartDnsmasq(t, "dhcp-range=10.99.0.50,10.99.0.50,255.255.255.0,1h", "no-ping",
		"dhcp-range=10.98.0.60,10.98.0.60,255.255.255.0,2h",
		"dhcp-option=option:router,10.99.0.254", "dhcp-option=option:dns-server,10.99.0.53,10.99.0.54", "domain=corp.test")
	target := probetest.Routed("10.99.0.1", probes.Routes{})
	const told = " server=10.99.0.1 subnet_mask=255.255.255.0 routers=10.99.0.254 " +
		"dns_servers=10.99.0.53, 10.99.0.54 domain=corp.test"
	for name, tt := range map[string]struct {
		args map[string]any
		want string
	}{
		"inform":   {map[string]any{}, "state=answered answer=ack" + told},
		"discover": {map[string]any{"ask": "discover"}, "state=answered answer=offer" + told + " lease=1h0m0s offered=10.99.0.50"},
		"another network": {
			map[string]any{"ask": "discover", "subnet": "10.98.0.0"},
			"state=answered answer=offer" + told + " lease=2h0m0s offered=10.98.0.60",
		},
	} {
		if got := observe(t, target, tt.args); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
	server.Stop(t)
	if got := observe(t, target, map[string]any{}); got != "state=refused" {
		t.Errorf("stopped: %s", got)
	}
	var config net.ListenConfig
	client, err := config.ListenPacket(t.Context(), "udp", "0.0.0.0:68") // as a client of DHCP does
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	readings, err := probetest.Observe(t, dhcpanswer.Kind, target, map[string]any{})
	if err == nil || !strings.Contains(err.Error(), "UDP port 68 of 10.99.0.2, which is not to be had here") {
		t.Errorf("with a client of DHCP here: %v, %v", readings, err)
	}
}

//go:build real && linux

package dhcpanswer_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"

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

// TestOneAfterTheOther asks a server while another, which is silent, has been asked.
func TestOneAfterTheOther(t *testing.T) {
	if !realtest.OwnNetwork(t) {
		return
	}
	serve := func(address string, answer func(net.PacketConn, net.Addr, *dhcpv4.DHCPv4)) {
		var config net.ListenConfig
		conn, err := config.ListenPacket(t.Context(), "udp", address)
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		t.Cleanup(func() {
			_ = conn.Close()
			<-done
		})
		go func() {
			defer close(done)
			packet := make([]byte, 2000)
			for {
				n, from, err := conn.ReadFrom(packet)
				if err != nil {
					return
				}
				if question, err := dhcpv4.FromBytes(packet[:n]); err == nil {
					answer(conn, from, question)
				}
			}
		}()
	}
	asked := make(chan struct{}, 9)
	serve("127.0.0.1:67", func(net.PacketConn, net.Addr, *dhcpv4.DHCPv4) { asked <- struct{}{} })
	serve("127.0.0.2:67", func(conn net.PacketConn, from net.Addr, question *dhcpv4.DHCPv4) {
		ack, err := dhcpv4.NewReplyFromRequest(question, dhcpv4.WithMessageType(dhcpv4.MessageTypeAck))
		if err == nil {
			_, _ = conn.WriteTo(ack.ToBytes(), from)
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	probe, err := dhcpanswer.Kind.Build(map[string]any{})
	if err != nil {
		t.Fatal(err)
	}
	shared := new(probes.Shared)
	silence := make(chan error, 1)
	ask := func(address string) error {
		target := probetest.Routed(address, probes.Routes{})
		target.Shared = shared
		_, err := probe.Observe(ctx, target)
		return err
	}
	go func() { silence <- ask("127.0.0.1") }()
	<-asked
	if err := ask("127.0.0.2"); err != nil {
		t.Errorf("the second: %v", err)
	}
	if err := <-silence; !errors.Is(err, probes.ErrNoAnswer) {
		t.Errorf("the silent one: %v", err)
	}
}

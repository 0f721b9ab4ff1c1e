//go:build real && linux

package path_test

import (
	"context"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/cmd/postpatch/realtest"
	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/lab/netfaults"
	"postpatch/probes/path"
	"postpatch/probes/probetest"
)

// The kernel's own words of faults on the way are understood, through either socket.
func TestRealWays(t *testing.T) {
	if !realtest.OwnNetwork(t) {
		return
	}
	server := netip.MustParseAddr("10.77.2.10")
	n, err := netfaults.New(server)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = n.Close() }()
	listener := listen(t, n, server)
	defer func() { _ = listener.Close() }()
	target := probetest.Routed("10.77.2.10", probes.Routes{})
	for _, way := range []struct{ name, groups string }{{"a raw socket", "1 0"}, {"a socket for ping", "0 2147483647"}} {
		if err := os.WriteFile("/proc/sys/net/ipv4/ping_group_range", []byte(way.groups), 0); err != nil {
			t.Fatal(err)
		}
		for _, tt := range []struct {
			name  string
			fault netfaults.Fault
			args  map[string]any
			want  []string
			err   string
		}{
			{
				"all is well", netfaults.Healthy(),
				map[string]any{"port": 443},
				[]string{"state=clear", "mtu=1500", "hops=2", "route=10.77.0.254 > 10.77.2.10", "mss=1460"},
				"",
			},
			{
				"more than the interface takes", netfaults.Healthy(),
				map[string]any{"size": 9000, "hops": 0},
				[]string{"state=clear", "mtu=1500", "cause=the runner's own interface sends no more than 1500 bytes"},
				"",
			},
			{
				"a narrow way", netfaults.Narrow(1333, true),
				map[string]any{"port": 443, "hops": 0},
				[]string{
					"state=narrow", "mtu=1333", "cause=10.77.0.254 takes no more than 1333 bytes, and says so", "mss=1293",
				},
				"",
			},
			{
				"a hole", netfaults.Narrow(1333, false),
				map[string]any{"port": 443, "hops": 0},
				[]string{
					"state=black hole", "mtu=1333", "cause=packets of more than 1333 bytes vanish, and nobody on the way says " +
						"why: an MTU there is too small, and a firewall keeps back the ICMP that would tell", "mss=1460",
				},
				"",
			},
			{
				"a hole on the way back", netfaults.Only(netfaults.FromServer, netfaults.Narrow(600, false)),
				map[string]any{"hops": 0},
				[]string{
					"state=black hole", "mtu=600", "cause=packets of more than 600 bytes vanish, and nobody on the way says " +
						"why: an MTU there is too small, and a firewall keeps back the ICMP that would tell",
				},
				"",
			},
			{
				"no way", netfaults.Unreachable(), nil, nil,
				`measuring the way to "10.77.2.10": no answer: 10.77.0.254 says that the host cannot be reached`,
			},
			{
				"silence", netfaults.Blackhole(), nil, nil, `measuring the way to "10.77.2.10": no answer: no echo comes back: ` +
					`the host is down, or it or a firewall drops ping`,
			},
			{
				"losses", netfaults.Lose(4), nil,
				[]string{"state=clear", "mtu=1500", "hops=2", "route=10.77.0.254 > 10.77.2.10"},
				"",
			},
		} {
			n.Set(tt.fault)
			if err := n.Forget(); err != nil {
				t.Fatal(err)
			}
			readings, err := observe(t, target, tt.args)
			var want []string
			for _, text := range tt.want {
				want = append(want, "10.77.2.10 "+text)
			}
			if d := cmp.Diff(want, probetest.Texts(readings, "rtt")); d != "" || probetest.Words(err) != tt.err {
				t.Errorf("%s by %s: %v, readings (-want +got):\n%s", tt.name, way.name, err, d)
			}
		}
	}
}

// observe gives a search the time that it takes.
func observe(t *testing.T, target probes.Target, args map[string]any) ([]fact.Reading, error) {
	t.Helper()
	probe, err := path.Kind.Build(args)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	return probe.Observe(ctx, target)
}

// listen takes connections at the server's port 443.
func listen(t *testing.T, n *netfaults.Network, server netip.Addr) net.Listener {
	t.Helper()
	var listener net.Listener
	err := n.Do(func() (err error) {
		listener, err = new(net.ListenConfig).Listen(context.WithoutCancel(t.Context()), "tcp",
			netip.AddrPortFrom(server, 443).String())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			_ = c.Close()
		}
	}()
	return listener
}

package dhcpanswer_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"postpatch/probes"
	"postpatch/probes/dhcpanswer"
	"postpatch/probes/lab/labtest"
	"postpatch/probes/probetest"
)

func TestKind(t *testing.T) {
	for _, ask := range []string{"inform", "discover"} {
		t.Run(ask, func(t *testing.T) {
			probetest.Run(t, probetest.Suite{
				Kind: dhcpanswer.Kind, Args: map[string]any{"ask": ask},
				Healthy: func(t *testing.T) probes.Target { return labtest.Start(t, "{dhcp: {}}") },
			})
		})
	}
}

func observe(t *testing.T, target probes.Target, args map[string]any) string {
	t.Helper()
	readings, err := probetest.Observe(t, dhcpanswer.Kind, target, args)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range readings {
		if r.Key.Name != "latency" {
			got = append(got, r.Key.Name+"="+r.Value.String())
		}
	}
	return strings.Join(got, " ")
}

func TestWhatServersSay(t *testing.T) {
	const yaml = "{dhcp: {routers: [10.1.0.1, 10.1.0.2], dns: [10.1.0.3], domain: example.test, offers: [10.1.0.9], " +
		"lease: 1h}}"
	const told = "server=10.0.0.1 subnet_mask=255.255.255.0 routers=10.1.0.1, 10.1.0.2 dns_servers=10.1.0.3 " +
		"domain=example.test"
	inform, discover := map[string]any{}, map[string]any{"ask": "discover", "subnet": "10.1.0.0"}
	for name, tt := range map[string]struct {
		yaml string
		args map[string]any
		want string
	}{
		"inform":   {yaml, inform, "state=answered answer=ack " + told},
		"discover": {yaml, discover, "state=answered answer=offer " + told + " lease=1h0m0s offered=10.1.0.9"},
		"no":       {"{dhcp: {fault: error}}", inform, "state=answered answer=nak reason=no lease for you"},
		"stopped":  {"{dhcp: {fault: refuse}}", inform, "state=refused"},
	} {
		if got := observe(t, labtest.Start(t, tt.yaml), tt.args); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}

func TestNotObserved(t *testing.T) {
	elsewhere := labtest.Start(t, "{dhcp: {}}")
	elsewhere.Dial = func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		return ours, theirs.Close()
	}
	for name, tt := range map[string]struct {
		target probes.Target
		args   map[string]any
		is     error
		says   string
	}{
		"not authorised": {labtest.Start(t, "{dhcp: {unauthorised: true}}"), nil, probes.ErrNoAnswer, "the directory does not authorise"},
		"full":           {labtest.Start(t, "{dhcp: {full: true}}"), map[string]any{"ask": "discover"}, probes.ErrNoAnswer, "no address left"},
		"another way":    {elsewhere, nil, probes.ErrNotTried, "IPv4 alone"},
	} {
		probe, err := dhcpanswer.Kind.Build(tt.args)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond) // however early it ends
		readings, err := probe.Observe(ctx, tt.target)
		cancel()
		if !errors.Is(err, tt.is) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v, %v", name, readings, err)
		}
	}
}

func TestParameters(t *testing.T) {
	probetest.Refuses(t, dhcpanswer.Kind, map[string]map[string]any{
		"another question": {"ask": "request"}, "no network": {"ask": "discover", "subnet": "corp"},
		"IPv6": {"ask": "discover", "subnet": "fe80::"}, "a network to inform": {"subnet": "10.0.0.0"},
	})
}

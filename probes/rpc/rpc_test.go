package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/lab"
	"postpatch/probes/lab/estate"
	labrpc "postpatch/probes/lab/rpc"
	"postpatch/probes/probetest"
	"postpatch/probes/rpc"
	"postpatch/runner/runnertest"
)

const host = `
estate: rpc-test
hosts:
  dc01.corp.test:
    rpc:
      interfaces:
        12345678-1234-abcd-ef00-01234567cffb: {port: 49664}
        e3514235-4b06-11d1-ab04-00c04fc2dcd2: {port: 49665, version: 4.0}
        00000000-1111-2222-3333-444444444444: {port: 49665, version: 2.3}
states:
  before:
  closed: {dc01.corp.test: {rpc: {fault: refuse}}}
  silent: {dc01.corp.test: {rpc: {fault: silent}}}
  dropping: {dc01.corp.test: {rpc: {fault: drop}}}
  busy: {dc01.corp.test: {rpc: {fault: error}}}
  garbage: {dc01.corp.test: {rpc: {fault: garbage}}}
  denied: {dc01.corp.test: {rpc: {denied: true}}}
  lost: {dc01.corp.test: {rpc: {interfaces: {12345678-1234-abcd-ef00-01234567cffb: {lost: true}}}}}
  gone: {dc01.corp.test: {rpc: {interfaces: {12345678-1234-abcd-ef00-01234567cffb: {fault: refuse}}}}}
  hanging: {dc01.corp.test: {rpc: {interfaces: {12345678-1234-abcd-ef00-01234567cffb: {fault: silent}}}}}
  another: {dc01.corp.test: {rpc: {interfaces: {12345678-1234-abcd-ef00-01234567cffb: {fault: error}}}}}
  moved: {dc01.corp.test: {rpc: {interfaces: {12345678-1234-abcd-ef00-01234567cffb: {port: 50001}}}}}
`

func start(t *testing.T) *lab.Lab {
	t.Helper()
	e, err := estate.Parse("test", []byte(host))
	if err != nil {
		t.Fatal(err)
	}
	l, err := lab.Start(t.Context(), e, lab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func target(l *lab.Lab) probes.Target { return probetest.Routed("dc01.corp.test", l.Routes()) }

var both = map[string]any{"interface": []string{"netlogon", "drsuapi"}}

func TestKind(t *testing.T) {
	l := start(t)
	probetest.Run(t, probetest.Suite{
		Kind: rpc.Kind, Args: both, Healthy: func(*testing.T) probes.Target { return target(l) },
	})
}

func TestReadings(t *testing.T) {
	readings, err := probetest.Observe(t, rpc.Kind, target(start(t)), map[string]any{"interface": []string{
		"netlogon", "DRSUAPI", "00000000-1111-2222-3333-444444444444/2.1", "00000000-1111-2222-3333-444444444444/2.4",
		"00000000-1111-2222-3333-444444444444", "spoolss",
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		" state=answered", "netlogon ports=49664", "netlogon interface=answers", "DRSUAPI ports=49665",
		"DRSUAPI interface=answers", "00000000-1111-2222-3333-444444444444/2.1 ports=49665",
		"00000000-1111-2222-3333-444444444444/2.1 interface=answers",
		"00000000-1111-2222-3333-444444444444/2.4 interface=not registered",
		"00000000-1111-2222-3333-444444444444 interface=not registered", "spoolss interface=not registered",
	}
	if d := cmp.Diff(want, probetest.Texts(readings, "latency")); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
}

// TestFaults shows what is told of a host that has one fault since the baseline.
func TestFaults(t *testing.T) {
	l := start(t)
	for state, tt := range map[string]struct {
		want   []string
		reason string
	}{
		"before":   {[]string{"passed"}, ""},
		"closed":   {[]string{"regressed failing", "state: regressed answered -> refused"}, ""},
		"dropping": {[]string{"regressed failing", "state: regressed answered -> reset"}, ""},
		"busy": {
			[]string{"regressed failing", "state: regressed answered -> fault"}, "the server refuses the call with 0x000006bb",
		},
		"garbage": {[]string{"unknown"}, ""},
		"denied":  {[]string{"unknown"}, ""},
		"lost":    {[]string{"regressed failing", "netlogon interface: regressed answers -> not registered"}, ""},
		"gone": {
			[]string{"regressed failing", "netlogon interface: regressed answers -> refused"},
			"at port 49664: nothing listens there any more",
		},
		"another": {
			[]string{"regressed failing", "netlogon interface: regressed answers -> rejected"}, "it does not have it",
		},
		"moved": {[]string{"passed"}, ""},
	} {
		t.Run(state, func(t *testing.T) {
			var seen [2]runnertest.Seen
			for i, now := range []string{"before", state} {
				if err := l.Switch(now); err != nil {
					t.Fatal(err)
				}
				seen[i].Readings, seen[i].Err = probetest.Observe(t, rpc.Kind, target(l), both)
			}
			got := runnertest.Told(t, rpc.Kind, "- rpc: [netlogon, drsuapi]", seen)
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("told (-want +got):\n%s\nreadings: %q, %v", d, probetest.Texts(seen[1].Readings), seen[1].Err)
			}
			reason := reasonOf(seen[1].Readings)
			if !strings.Contains(reason, tt.reason) || (reason == "") != (tt.reason == "") {
				t.Errorf("the reason is %q, want %q", reason, tt.reason)
			}
		})
	}
}

// TestSilence has a host whose mapper, or one of whose services, takes connections and says nothing.
func TestSilence(t *testing.T) {
	e, err := estate.Parse("test", []byte(host))
	if err != nil {
		t.Fatal(err)
	}
	inMemory := func(state string) probes.Target {
		serve := map[string]func(net.Conn){}
		for _, port := range []int{labrpc.Port, 49664, 49665} {
			s := labrpc.New(func() estate.Host { return e.Hosts(state)[0] }, port)
			serve[fmt.Sprintf("tcp/%d", port)] = probetest.Served(s.Serve)
		}
		return probetest.InMemory(serve)
	}
	for state, tt := range map[string]struct{ want, reason string }{
		"silent":  {"state: regressed answered -> no answer", ""},
		"hanging": {"netlogon interface: regressed answers -> no answer", "or the service hangs"},
	} {
		var seen [2]runnertest.Seen
		synctest.Test(t, func(t *testing.T) {
			for i, now := range []string{"before", state} {
				seen[i].Readings, seen[i].Err = probetest.Observe(t, rpc.Kind, inMemory(now), both)
			}
		})
		got := runnertest.Told(t, rpc.Kind, "- rpc: [netlogon, drsuapi]", seen)
		if d := cmp.Diff([]string{"regressed failing", tt.want}, got); d != "" {
			t.Errorf("%s: told (-want +got):\n%s\nreadings: %q, %v", state, d, probetest.Texts(seen[1].Readings), seen[1].Err)
		}
		if reason := reasonOf(seen[1].Readings); !strings.Contains(reason, tt.reason) || (reason == "") != (tt.reason == "") {
			t.Errorf("%s: the reason is %q, want %q", state, reason, tt.reason)
		}
	}
}

func reasonOf(readings []fact.Reading) string {
	for _, r := range readings {
		if r.Key.Name == "reason" {
			return r.Value.String()
		}
	}
	return ""
}

// TestFirewall shows a port that lets the mapper through and nothing else.
func TestFirewall(t *testing.T) {
	closed := target(start(t))
	through := closed.Dial
	closed.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		if !strings.HasSuffix(address, ":135") {
			return nil, &net.OpError{Op: "dial", Err: context.DeadlineExceeded}
		}
		return through(ctx, network, address)
	}
	readings, err := probetest.Observe(t, rpc.Kind, closed, map[string]any{"interface": []string{"netlogon"}})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		" state=answered", "netlogon ports=49664", "netlogon interface=no answer",
		"netlogon reason=at port 49664: nothing came back: a firewall drops what goes there, or the service hangs",
	}
	if d := cmp.Diff(want, probetest.Texts(readings, "latency")); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
}

func TestCancelled(t *testing.T) {
	l := start(t)
	if err := l.Switch("silent"); err != nil {
		t.Fatal(err)
	}
	probe, err := rpc.Kind.Build(both)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if readings, err := probe.Observe(ctx, target(l)); !errors.Is(err, context.Canceled) || len(readings) > 0 {
		t.Errorf("got %v, %v", readings, err)
	}
}

func TestRefusedParameters(t *testing.T) {
	probetest.Refuses(t, rpc.Kind, map[string]map[string]any{
		"no port":         {"port": 0},
		"no interface":    {"interface": []string{"spooler"}},
		"half a UUID":     {"interface": []string{"12345678-1234"}},
		"a UUID of signs": {"interface": []string{"zzzzzzzz-1234-abcd-ef00-01234567cffb"}},
		"no version":      {"interface": []string{"12345678-1234-abcd-ef00-01234567cffb/1"}},
		"a name's own":    {"interface": []string{"netlogon/2.0"}},
	})
}

package snmp_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/host"
	"postpatch/probes/lab/labtest"
	"postpatch/probes/probetest"
	"postpatch/probes/snmp"
)

func community(text string) map[string]host.Credential {
	return map[string]host.Credential{"snmp": {Password: host.NewSecret(text)}}
}

func user(name, passphrase string) map[string]host.Credential {
	return map[string]host.Credential{"snmp": {User: name, Password: host.NewSecret(passphrase)}}
}

func TestKind(t *testing.T) {
	probetest.Run(t, probetest.Suite{
		Kind: snmp.Kind, Args: map[string]any{},
		Healthy: func(t *testing.T) probes.Target {
			return labtest.With(labtest.Start(t, "{snmp: {}}"), community("public"))
		},
	})
}

func TestVersion3SurvivesAll(t *testing.T) {
	probetest.Run(t, probetest.Suite{
		Kind: snmp.Kind, Args: map[string]any{},
		Healthy: func(t *testing.T) probes.Target {
			return labtest.With(labtest.Start(t, "{snmp: {}}"), community("public"))
		},
		Silent: func(t *testing.T) probes.Target { // the lab's agent knows version 2c alone
			return labtest.With(labtest.Start(t, "{snmp: {}}"), user("probe", "swordfish"))
		},
		Refused: func(t *testing.T) probes.Target {
			return labtest.With(labtest.Start(t, "{snmp: {fault: garbage}}"), user("probe", "swordfish"))
		},
	})
}

func observe(t *testing.T, target probes.Target, args map[string]any) string {
	t.Helper()
	readings, err := probetest.Observe(t, snmp.Kind, target, args)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range readings {
		if r.Key.Name != "latency" {
			got = append(got, strings.TrimSpace(r.Key.Item+" "+r.Key.Name+"="+r.Value.String()))
		}
	}
	return strings.Join(got, "\n")
}

func TestValues(t *testing.T) {
	const yaml = `{snmp: {community: c0mmunity, values: {1.3.1: "[gauge] 7", 1.3.2: "-3", 1.3.3: "[counter64] 4294967296",
    1.3.4: "[hex] 00ff", 1.3.5: "[ip] 10.0.0.1", 1.3.6: "[ticks] 8640000", 1.3.7: "[hex] 610d0a62",
    1.3.8: "[oid] 1.3.6.1",
    1.3.6.1.2.1.1.5.0: "evil\e[31m"}}}`
	target := labtest.With(labtest.Start(t, yaml), community("c0mmunity"))
	got := observe(t, target, map[string]any{"object": []string{
		"sysName", ".1.3.1", "1.3.2", "1.3.3", "1.3.4", "1.3.5", "1.3.6", "1.3.7", "1.3.8", "1.3.9", "sysObjectID", "sysName",
	}})
	want := strings.Join([]string{
		"agent=answered", "sysName state=answered", "sysName value=6576696c1b5b33316d", ".1.3.1 state=answered", ".1.3.1 gauge=7",
		"1.3.2 state=answered", "1.3.2 number=-3", "1.3.3 state=answered", "1.3.3 gauge=4294967296", "1.3.4 state=answered",
		"1.3.4 value=00ff", "1.3.5 state=answered", "1.3.5 value=10.0.0.1", "1.3.6 state=answered", "1.3.6 duration=24h0m0s",
		"1.3.7 state=answered", "1.3.7 value=a b", "1.3.8 state=answered", "1.3.8 value=1.3.6.1", "1.3.9 state=no such object",
		"sysObjectID state=answered", "sysObjectID value=1.3.6.1.4.1.311.1.1.3.1.2",
	}, "\n")
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	stopped := labtest.With(labtest.Start(t, "{snmp: {fault: refuse}}"), community("public"))
	if got := observe(t, stopped, map[string]any{}); got != "agent=refused" {
		t.Errorf("stopped: %s", got)
	}
}

// RFC 2578, 3.5: a part of an object's number has 32 bits, of which the lab knows 31.
func TestLargeNumbersOfObjects(t *testing.T) {
	target := labtest.With(labtest.Start(t, `{snmp: {values: {1.3.2147483647: "7"}}}`), community("public"))
	got := observe(t, target, map[string]any{"object": []string{"1.3.2147483647"}})
	if want := "agent=answered\n1.3.2147483647 state=answered\n1.3.2147483647 number=7"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if _, err := snmp.Kind.Build(map[string]any{"object": []string{"1.3.4294967295"}}); err != nil {
		t.Error(err)
	}
}

func TestNotObserved(t *testing.T) {
	healthy := labtest.Start(t, "{snmp: {}}")
	led := labtest.With(healthy, community("public"))
	led.Address = "127.0.0.1"
	late := labtest.With(healthy, community("public"))
	late.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		<-ctx.Done()
		return healthy.Dial(context.WithoutCancel(ctx), network, address)
	}
	for name, tt := range map[string]struct {
		target probes.Target
		is     error
		says   string
	}{
		"no entry":          {healthy, probes.ErrNotTried, "no entry for snmp"},
		"an empty one":      {labtest.With(healthy, community("")), probes.ErrNotTried, "has no password"},
		"a short one":       {labtest.With(healthy, user("probe", "short")), probes.ErrNotTried, "at least 8"},
		"led elsewhere":     {led, probes.ErrNotTried, "the suite leads"},
		"too late a way":    {late, probes.ErrNoAnswer, "no answer by UDP"},
		"another community": {labtest.With(healthy, community("trout")), probes.ErrNoAnswer, "community"},
	} {
		t.Run(name, func(t *testing.T) {
			probe, err := snmp.Kind.Build(nil)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			readings, err := probe.Observe(ctx, tt.target)
			if !errors.Is(err, tt.is) || !strings.Contains(err.Error(), tt.says) || len(readings) > 0 {
				t.Errorf("got %v, %v", readings, err)
			}
			if err != nil && strings.Contains(err.Error(), "trout") {
				t.Errorf("the error tells a secret: %v", err)
			}
		})
	}
	for fault, says := range map[string]string{"error": "the agent answers GenErr", "garbage": "what came was no answer"} {
		target := labtest.With(labtest.Start(t, "{snmp: {fault: "+fault+"}}"), community("public"))
		if got, err := probetest.Observe(t, snmp.Kind, target, map[string]any{}); err == nil ||
			!strings.Contains(err.Error(), says) || errors.Is(err, probes.ErrNoAnswer) {
			t.Errorf("%s: %v, %v", fault, got, err)
		}
	}
}

func TestParameters(t *testing.T) {
	probetest.Refuses(t, snmp.Kind, map[string]map[string]any{
		"no object": {"object": []string{}}, "a word": {"object": []string{"sysname"}}, "one that ends": {"object": []string{"1.3."}},
		"too large a part": {"object": []string{"1.3.4294967296"}}, "a sign": {"object": []string{"1.3.+1"}},
		"too many": {"object": make([]string, 33)}, "no port": {"port": 0}, "another proof": {"auth": "crc"}, "another way": {"privacy": "rot13"},
	})
}

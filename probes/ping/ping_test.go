package ping_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/ping"
	"postpatch/probes/probetest"
)

// local resolves every name to this machine.
func local(*testing.T) probes.Target { return probetest.Target("") }

func build(t *testing.T, args map[string]any) probes.Probe {
	t.Helper()
	probe, err := ping.Kind.Build(args)
	if err != nil {
		t.Fatal(err)
	}
	return probe
}

// permitted skips on a machine that gives no socket, and asserts that the probe
// says so.
func permitted(t *testing.T) {
	t.Helper()
	_, err := build(t, map[string]any{"count": 1}).Observe(t.Context(), local(t))
	if err == nil {
		return
	}
	if !strings.Contains(err.Error(), "ping unavailable") || errors.Is(err, probes.ErrNoAnswer) {
		t.Fatalf("got %v, want that ping is unavailable", err)
	}
	t.Skip(err)
}

func TestKind(t *testing.T) {
	permitted(t)
	probetest.Run(t, probetest.Suite{
		Kind:    ping.Kind,
		Args:    map[string]any{"count": 2, "interval": 10 * time.Millisecond},
		Healthy: local,
		Silent: func(t *testing.T) probes.Target {
			target := local(t)
			target.Resolve = func(ctx context.Context, _ string) (netip.Addr, error) {
				<-ctx.Done()
				return netip.Addr{}, ctx.Err()
			}
			return target
		},
	})
}

func TestEchoesComeBack(t *testing.T) {
	permitted(t)
	probe := build(t, map[string]any{
		"address": []string{"a.test", "127.0.0.2", "a.test"}, "count": 2, "interval": 10 * time.Millisecond,
	})
	if strings.Join(probe.(probes.Aimer).Aims(), "") == "" {
		t.Error("an address of its own is not elsewhere")
	}
	readings, err := probe.Observe(t.Context(), local(t))
	if err != nil {
		t.Fatal(err)
	}
	items := map[string]bool{}
	for _, r := range readings {
		items[r.Key.Item] = true
		switch {
		case r.Key.Name == "loss" && r.Value != fact.Value(fact.Int(0)),
			r.Key.Name == "received" && r.Value != fact.Value(fact.Int(2)):
			t.Errorf("%s of %s is %s", r.Key.Name, r.Key.Item, r.Value)
		}
	}
	if len(readings) != 6 || !items["a.test"] || !items["127.0.0.2"] {
		t.Errorf("readings %v", readings)
	}
}

func TestNoAnswer(t *testing.T) {
	target := local(t)
	target.Resolve = func(context.Context, string) (netip.Addr, error) {
		return netip.Addr{}, &net.DNSError{Err: "no such host", Name: "gone.test", IsNotFound: true}
	}
	if readings, err := build(t, nil).Observe(t.Context(), target); !errors.Is(err, probes.ErrNoAnswer) {
		t.Errorf("got %v and %v, want no answer", readings, err)
	}
}

func TestInterrupted(t *testing.T) {
	permitted(t)
	ctx, cancel := context.WithCancel(t.Context())
	target := local(t)
	target.Resolve = func(context.Context, string) (netip.Addr, error) {
		cancel()
		return netip.MustParseAddr("127.0.0.1"), nil
	}
	_, err := build(t, nil).Observe(ctx, target)
	if !errors.Is(err, context.Canceled) || errors.Is(err, probes.ErrNoAnswer) {
		t.Errorf("got %v, want canceled", err)
	}
}

func TestParameters(t *testing.T) {
	for name, args := range map[string]map[string]any{
		"address":  {"address": []string{"a", " "}},
		"count":    {"count": 0},
		"interval": {"interval": time.Nanosecond},
		"wait":     {"wait": time.Hour},
		"size":     {"size": 8},
	} {
		var field *probes.FieldError
		if _, err := ping.Kind.Build(args); !errors.As(err, &field) || field.Field != name {
			t.Errorf("%v: got %v, want a problem of %s", args, err, name)
		}
	}
}

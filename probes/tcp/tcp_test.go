package tcp_test

import (
	"context"
	"errors"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/probetest"
	"postpatch/probes/tcp"
)

func build(t *testing.T, args map[string]any) probes.Probe {
	t.Helper()
	probe, err := tcp.Kind.Build(args)
	if err != nil {
		t.Fatal(err)
	}
	return probe
}

func states(readings []fact.Reading) []string {
	var got []string
	for _, r := range readings {
		if r.Key.Name == "state" {
			got = append(got, r.Key.Item+" "+r.Value.String())
		}
	}
	return got
}

func TestKind(t *testing.T) {
	probetest.Run(t, probetest.Suite{
		Kind: tcp.Kind, Args: map[string]any{"port": []int{25, 443}},
		Healthy: func(t *testing.T) probes.Target {
			return probetest.Target(probetest.Serve(t, func(net.Conn) {}))
		},
	})
}

// estate answers each port in its own way.
func estate() probes.Target {
	target := probetest.Target("")
	target.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		fail := func(err error) (net.Conn, error) { return nil, &net.OpError{Op: "dial", Net: network, Err: err} }
		switch _, port, _ := net.SplitHostPort(address); port {
		case "1":
			return fail(os.NewSyscallError("connect", syscall.ECONNREFUSED))
		case "2":
			return fail(os.NewSyscallError("connect", syscall.EHOSTUNREACH))
		case "3":
			<-ctx.Done()
			return fail(ctx.Err())
		case "4":
			return nil, &net.DNSError{Err: "no such host", Name: address, IsNotFound: true}
		case "5":
			return fail(os.NewSyscallError("socket", syscall.EMFILE))
		}
		near, far := net.Pipe()
		return near, far.Close()
	}
	return target
}

func TestStates(t *testing.T) { synctest.Test(t, everyState) }

func everyState(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 900e6)
	defer cancel()
	readings, err := build(t, map[string]any{"port": []int{3, 443, 1, 2, 443}}).Observe(ctx, estate())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"3 no answer", "443 open", "1 refused", "2 unreachable"}
	if d := cmp.Diff(want, states(readings)); d != "" {
		t.Errorf("states (-want +got):\n%s", d)
	}
}

func TestNotObserved(t *testing.T) {
	for name, tt := range map[string]struct {
		port     int
		noAnswer bool
	}{
		"a name that does not resolve":   {4, true},
		"a runner without file handles":  {5, false},
		"a run that was interrupted":     {3, false},
		"one open port is proof of life": {443, false},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			if tt.port == 3 {
				cancel()
			}
			defer cancel()
			ports := []int{tt.port}
			if tt.port == 443 {
				ports = []int{4, 443}
			}
			readings, err := build(t, map[string]any{"port": ports}).Observe(ctx, estate())
			if err == nil {
				t.Fatalf("got %v and no error", readings)
			}
			if errors.Is(err, probes.ErrNoAnswer) != tt.noAnswer {
				t.Errorf("got %v, want no answer: %t", err, tt.noAnswer)
			}
		})
	}
}

// Each round of ports may end late, as on a busy machine, and yet there is time for the last.
func TestManySilentPortsEndInTime(t *testing.T) {
	ports := slices.Repeat([]int{0}, 64)
	for i := range ports {
		ports[i] = 1000 + i
	}
	for _, late := range []time.Duration{0, 20 * time.Millisecond, 40 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			target := estate()
			target.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
				<-ctx.Done()
				time.Sleep(late)
				return nil, ctx.Err()
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			readings, err := build(t, map[string]any{"port": ports}).Observe(ctx, target)
			if err != nil || len(readings) != len(ports) {
				t.Errorf("%s late: got %d readings and %v, want one for each of %d ports", late, len(readings), err, len(ports))
			}
		})
	}
}

// A port has the same time whatever became of those before it: with ports that are open at
// once, no check waits longer for the silent ones.
func TestSilenceTakesAShare(t *testing.T) {
	for open, shares := range map[int]int{0: 3, 7: 3, 24: 5} {
		synctest.Test(t, func(t *testing.T) {
			ports := []int{}
			for i := range open {
				ports = append(ports, 443+i)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
			defer cancel()
			start := time.Now()
			_, err := build(t, map[string]any{"port": append(ports, 3)}).Observe(ctx, estate())
			if took := time.Since(start); err != nil || took != 15*time.Second/time.Duration(shares) {
				t.Errorf("behind %d open ports: %s, %v", open, took, err)
			}
		})
	}
}

func TestElsewhere(t *testing.T) {
	probe := build(t, map[string]any{"port": []int{443}, "address": "::1"})
	readings, err := probe.Observe(t.Context(), estate())
	if err != nil || strings.Join(probe.(probes.Aimer).Aims(), "") == "" {
		t.Errorf("elsewhere: %v", err)
	}
	if d := cmp.Diff([]string{"[::1]:443 open"}, states(readings)); d != "" {
		t.Errorf("states (-want +got):\n%s", d)
	}
	if strings.Join(build(t, map[string]any{"port": []int{443}}).(probes.Aimer).Aims(), "") != "" {
		t.Error("the host itself is elsewhere")
	}
}

func TestParameters(t *testing.T) {
	for _, ports := range [][]int{nil, {}, {0}, {443, 65536}} {
		var field *probes.FieldError
		if _, err := tcp.Kind.Build(map[string]any{"port": ports}); !errors.As(err, &field) || field.Field != "port" {
			t.Errorf("%v: got %v, want a problem of port", ports, err)
		}
	}
}

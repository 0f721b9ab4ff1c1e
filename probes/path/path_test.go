package path_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/path"
	"postpatch/probes/probetest"
)

// permitted skips where the system gives no socket; where everything has to be tried it
// fails.
func permitted(t *testing.T) {
	t.Helper()
	_, err := probetest.Observe(t, path.Kind, probetest.Target(""), nil)
	switch {
	case !errors.Is(err, probes.ErrNotTried):
	case os.Getenv("CI") == "true" && runtime.GOOS == "linux":
		t.Fatal(err)
	default:
		t.Skip(err)
	}
}

func TestKind(t *testing.T) {
	permitted(t)
	loopback := func(*testing.T) probes.Target { return probetest.Target("") }
	probetest.Run(t, probetest.Suite{Kind: path.Kind, Healthy: loopback})
}

func TestLoopback(t *testing.T) {
	permitted(t)
	at := probetest.Serve(t, func(c net.Conn) { _, _ = c.Read(make([]byte, 1)) })
	for _, address := range []string{"127.0.0.1", "::1"} {
		target := probetest.Target(at)
		target.Resolve = func(context.Context, string) (netip.Addr, error) { return netip.ParseAddr(address) }
		readings, err := probetest.Observe(t, path.Kind, target, map[string]any{"port": 445})
		if err != nil {
			t.Fatal(err)
		}
		want := []string{
			"srv.example.test state=clear", "srv.example.test mtu=1500",
			"srv.example.test hops=1", "srv.example.test route=" + address,
		}
		if d := cmp.Diff(want, probetest.Texts(readings, "rtt", "mss")); d != "" {
			t.Errorf("readings (-want +got):\n%s", d)
		}
		// No more than half a window, which is not the same everywhere.
		if mss, is := readings[len(readings)-1].Value.(fact.Int); !is || mss < 16<<10 {
			t.Errorf("the size of a segment is %v", readings[len(readings)-1])
		}
	}
}

// More than the runner's own interface sends is its own limit, and no fault on the way.
func TestLargerThanLoopback(t *testing.T) {
	permitted(t)
	readings, err := probetest.Observe(t, path.Kind, probetest.Target(""),
		map[string]any{"address": []string{"a", "b", "a"}, "hops": 0, "size": 65535})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"a state=clear", "a mtu=65535", "b state=clear", "b mtu=65535"}
	if d := cmp.Diff(want, probetest.Texts(readings, "rtt")); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
}

func TestErrors(t *testing.T) {
	permitted(t)
	unknown := probetest.Routed("nobody.example.test", probes.Routes{probes.Elsewhere: {}})
	_, err := probetest.Observe(t, path.Kind, unknown, nil)
	if !errors.Is(err, probes.ErrNoAnswer) {
		t.Errorf("a name that nobody knows: %v", err)
	}
	closed := probetest.Target("127.0.0.1:1")
	_, err = probetest.Observe(t, path.Kind, closed, map[string]any{"port": 445})
	if err == nil || errors.Is(err, probes.ErrNoAnswer) {
		t.Errorf("a port that is closed: %v", err)
	}
	silent := probetest.Target("")
	silent.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, context.DeadlineExceeded }
	readings, err := probetest.Observe(t, path.Kind, silent, map[string]any{"port": 445})
	if err == nil || errors.Is(err, probes.ErrNoAnswer) || len(readings) == 0 {
		t.Errorf("a port that is silent, of a host that is not: %v, %v", readings, err)
	}
}

func TestBadParameters(t *testing.T) {
	probetest.Refuses(t, path.Kind, map[string]map[string]any{
		"an empty address": {"address": []string{" "}},
		"a size":           {"size": 100},
		"a larger size":    {"size": 65536},
		"a port":           {"port": 65536},
		"hops":             {"hops": 65},
		"a wait":           {"wait": time.Minute},
	})
}

package ping_test

import (
	"context"
	"net"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/ping"
	"postpatch/probes/probetest"
)

// The runner's view of two tells a name that it does not find as the host would.
func TestTheRunnersViewOfTwo(t *testing.T) {
	probe, err := ping.Kind.Build(map[string]any{"address": []string{"srv.corp.test"}, "from": "both"})
	if err != nil {
		t.Fatal(err)
	}
	pair, is := probe.(probes.Pair)
	if !is || len(pair.Questions()) != 1 {
		t.Fatalf("%T has no two views", probe)
	}
	target := probetest.Target("")
	target.Resolve = func(context.Context, string) (netip.Addr, error) {
		return netip.Addr{}, &net.DNSError{Err: "no such host", Name: "srv.corp.test", IsNotFound: true}
	}
	readings, err := pair.Outside().Observe(t.Context(), target)
	want := []string{
		"srv.corp.test loss=100", "srv.corp.test received=0",
		"srv.corp.test cause=the runner finds no address for the name",
	}
	if d := cmp.Diff(want, probetest.Texts(readings)); d != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
	probetest.Refuses(t, ping.Kind, map[string]map[string]any{
		"what the host alone knows": {"address": []string{"gateway"}, "from": "both"},
	})
}

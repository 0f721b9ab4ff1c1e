package tcp_test

import (
	"context"
	"net"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/probetest"
	"postpatch/probes/tcp"
)

// The runner's view of two tells a name that it does not find as the host would.
func TestTheRunnersViewOfTwo(t *testing.T) {
	probe, err := tcp.Kind.Build(map[string]any{"port": []int{443}, "from": "both"})
	if err != nil {
		t.Fatal(err)
	}
	pair, is := probe.(probes.Pair)
	if !is || len(pair.Questions()) != 1 {
		t.Fatalf("%T has no two views", probe)
	}
	target := probetest.Target("")
	target.Dial = func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.DNSError{Err: "no such host", Name: "www.corp.test", IsNotFound: true}
	}
	readings, err := pair.Outside().Observe(t.Context(), target)
	if d := cmp.Diff([]string{"443 state=no address"}, probetest.Texts(readings)); d != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
}

package http_test

import (
	"context"
	"net"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/http"
	"postpatch/probes/probetest"
)

// The runner's view of two tells a name that it does not find as the host would.
func TestTheRunnersViewOfTwo(t *testing.T) {
	probe, err := http.Kind.Build(map[string]any{"url": []string{"https://www.corp.test/"}, "from": "both"})
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
	want := []string{"https://www.corp.test/ state=no address"}
	if d := cmp.Diff(want, probetest.Texts(readings)); d != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
}

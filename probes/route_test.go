package probes_test

import (
	"errors"
	"net"
	"testing"

	"postpatch/probes"
)

// Where a lab's routes say so, a name or an address that is not in it leads nowhere: not
// even the resolver is asked.
func TestElsewhere(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it is of this test and on loopback
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	routes := probes.Routes{
		"web01":          {Address: "127.0.0.1", Ports: map[string]string{"tcp/443": ln.Addr().String()}},
		probes.Elsewhere: {},
	}
	for address, reached := range map[string]bool{
		"WEB01.:443": true, ln.Addr().String(): true, "localhost:443": false, "192.0.2.1:443": false, "*:443": false,
	} {
		conn, err := routes.Dial(t.Context(), "tcp", address)
		if err == nil {
			_ = conn.Close()
		}
		var unknown *net.DNSError
		if (err == nil) != reached || err != nil && !errors.As(err, &unknown) {
			t.Errorf("dialling %s: %v, want it reached: %v", address, err, reached)
		}
	}
	for name, found := range map[string]bool{"web01": true, "127.0.0.7": true, "localhost": false, "192.0.2.1": false} {
		if _, err := routes.Resolve(t.Context(), name); (err == nil) != found {
			t.Errorf("resolving %s: %v, want it found: %v", name, err, found)
		}
	}
}

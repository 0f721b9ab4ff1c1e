//go:build real

package rdp_test

import (
	"testing"

	"postpatch/cmd/postpatch/realtest"
	"postpatch/probes/fact"
	"postpatch/probes/probetest"
	"postpatch/probes/rdp"
)

// TestXRDP asks a server of another make, set up in three ways, and once it was stopped.
func TestXRDP(t *testing.T) {
	for security, want := range map[string]map[string]string{
		"negotiate": {"state": "ready", "protocol": "tls", "security": "rdp", "certificate": "valid", "tls": "TLS 1.3"},
		"tls":       {"state": "ready", "protocol": "tls", "security": "tls", "certificate": "valid"},
		"rdp":       {"state": "ready", "protocol": "rdp", "security": "rdp"},
	} {
		t.Run(security, func(t *testing.T) {
			const name = "srv.example.test"
			server := realtest.StartXRDP(t, name, security)
			target := probetest.Target(server.Addr)
			target.Host, target.Address, target.Roots = name, name, server.Roots
			readings, err := probetest.Observe(t, rdp.Kind, target, map[string]any{})
			got := map[string]fact.Value{}
			for _, r := range readings {
				got[r.Key.Name] = r.Value
			}
			t.Logf("%v, %v", got, err)
			for reading, value := range want {
				if got[reading] == nil || got[reading].String() != value {
					t.Errorf("%s is %v, want %s", reading, got[reading], value)
				}
			}
			server.Stop(t)
			readings, err = probetest.Observe(t, rdp.Kind, target, map[string]any{})
			if err != nil || len(readings) != 1 || readings[0].Value != fact.Value(fact.Text("refused")) {
				t.Errorf("stopped: %v, %v", readings, err)
			}
		})
	}
}

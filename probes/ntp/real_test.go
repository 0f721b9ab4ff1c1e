//go:build real

package ntp_test

import (
	"testing"

	"postpatch/cmd/postpatch/realtest"
	"postpatch/probes/fact"
	"postpatch/probes/ntp"
	"postpatch/probes/probetest"
)

// TestChrony asks a server that has its own clock alone, one that has no time from anywhere,
// and one that was stopped.
func TestChrony(t *testing.T) {
	for lines, want := range map[string]map[string]string{
		"local stratum 8": {"synchronized": "true", "stratum": "8", "source": "LOCL", "leap": "none", "state": "answered"},
		"":                {"synchronized": "false", "leap": "unsynchronized", "state": "answered"},
	} {
		server := realtest.StartChrony(t, lines)
		target := probetest.Target(server.Addr)
		got := map[string]fact.Value{}
		readings, err := probetest.Observe(t, ntp.Kind, target, map[string]any{})
		for _, r := range readings {
			got[r.Key.Name] = r.Value
		}
		t.Logf("%q: %v, %v", lines, got, err)
		for name, value := range want {
			if got[name] == nil || got[name].String() != value {
				t.Errorf("%q: %s is %v, want %s", lines, name, got[name], value)
			}
		}
		server.Stop(t)
		readings, err = probetest.Observe(t, ntp.Kind, target, map[string]any{})
		if err != nil || len(readings) != 1 || readings[0].Value != fact.Value(fact.Text("refused")) {
			t.Errorf("stopped: %v, %v", readings, err)
		}
	}
}

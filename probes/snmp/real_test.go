//go:build real

package snmp_test

import (
	"maps"
	"testing"

	"postpatch/cmd/postpatch/realtest"
	"postpatch/probes/host"
	"postpatch/probes/lab/labtest"
	"postpatch/probes/probetest"
)

// TestNetSNMP asks Net-SNMP's agent by both versions, and with what it does not like.
func TestNetSNMP(t *testing.T) {
	server := realtest.StartSNMPD(t, "probe", "swordfish")
	target := probetest.Target(server.Addr)
	objects := []string{"sysName", "sysObjectID", "1.3.6.1.2.1.1.99.0"}
	const values = "agent=answered\nsysName state=answered\nsysName value=srv.example.test\n" +
		"sysObjectID state=answered\nsysObjectID value=1.3.6.1.4.1.8072.3.2.10\n1.3.6.1.2.1.1.99.0 state=no such object"
	args := func(more map[string]any) map[string]any {
		all := map[string]any{"object": objects}
		maps.Copy(all, more)
		return all
	}
	if got := observe(t, labtest.With(target, community("c0mmunity")), args(nil)); got != values {
		t.Errorf("version 2c: %s", got)
	}
	const denied = "agent=denied\nreason="
	for name, tt := range map[string]struct {
		user, passphrase string
		args             map[string]any
		want             string
	}{
		"version 3":        {"probe", "swordfish", nil, values},
		"a wrong password": {"probe", "troutfish", nil, denied + "the agent finds the passphrase wrong, or another way to prove it"},
		"another user":     {"nobody", "swordfish", nil, denied + "the agent does not know the user"},
		"without privacy":  {"probe", "swordfish", map[string]any{"privacy": "none"}, denied + "the agent lets the account read none of it"},
		"another proof":    {"probe", "swordfish", map[string]any{"auth": "sha256"}, denied + "the agent finds the passphrase wrong, or another way to prove it"},
	} {
		if got := observe(t, labtest.With(target, user(tt.user, tt.passphrase)), args(tt.args)); got != tt.want {
			t.Errorf("%s: %s", name, got)
		}
	}
	server.Stop(t)
	for version, c := range map[string]map[string]host.Credential{
		"2c": community("c0mmunity"), "3": user("probe", "swordfish"),
	} {
		if got := observe(t, labtest.With(target, c), args(nil)); got != "agent=refused" {
			t.Errorf("stopped, version %s: %s", version, got)
		}
	}
}

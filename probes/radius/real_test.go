//go:build real

package radius_test

import (
	"strings"
	"testing"

	"postpatch/cmd/postpatch/realtest"
	"postpatch/probes"
	"postpatch/probes/host"
	"postpatch/probes/lab/labtest"
	"postpatch/probes/probetest"
)

// TestFreeRADIUS asks a server of another make, with and without an account.
func TestFreeRADIUS(t *testing.T) {
	server := realtest.StartFreeRADIUS(t)
	target := func(user host.Credential) probes.Target {
		return labtest.With(probetest.Target(server.Addr), map[string]host.Credential{
			"radius": secret(server.Secret), "radius_user": user,
		})
	}
	// Debian's of 2023 does not sign its answers yet.
	unsigned := strings.NewReplacer(" signed=true", "", " signed=false", "")
	right, wrong := account(server.User, server.Password), account(server.User, "trout")
	for name, tt := range map[string]struct {
		user host.Credential
		args map[string]any
		want string
	}{
		"nobody":           {right, map[string]any{}, "state=answered answer=Access-Reject refuses=true"},
		"status":           {right, map[string]any{"ask": "status"}, "state=answered answer=Access-Accept"},
		"MS-CHAPv2":        {right, map[string]any{"login": true}, "state=answered answer=Access-Accept login=ok"},
		"PAP":              {right, map[string]any{"login": true, "method": "pap"}, "state=answered answer=Access-Accept login=ok"},
		"a wrong password": {wrong, map[string]any{"login": true, "method": "pap"}, "state=answered answer=Access-Reject login=refused"},
	} {
		got := unsigned.Replace(observe(t, target(tt.user), tt.args))
		if got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
	t.Log("MS-CHAPv2 with a wrong password:", observe(t, target(wrong), map[string]any{"login": true}))
	server.Stop(t)
	if got := observe(t, target(right), map[string]any{}); got != "state=refused" {
		t.Errorf("stopped: %s", got)
	}
}

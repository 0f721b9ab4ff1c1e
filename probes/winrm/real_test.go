//go:build real

package winrm_test

import (
	"strings"
	"testing"

	"postpatch/cmd/postpatch/realtest"
	"postpatch/probes"
	"postpatch/probes/probetest"
	"postpatch/probes/winrm"
)

// TestRealStranger has a web server in the place of WinRM, since Debian has no server of
// WS-Management.
func TestRealStranger(t *testing.T) {
	nginx := realtest.StartNginx(t, "web01.corp.test")
	target := probetest.Routed("web01.corp.test", probes.Routes{
		"web01.corp.test": {Address: "127.0.0.1", Ports: map[string]string{"tcp/5985": nginx.Addr, "tcp/5986": nginx.Addr}},
	})
	target.Roots = nginx.Roots
	readings, err := probetest.Observe(t, winrm.Kind, target, both)
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join(probetest.Texts(readings), "\n")
	for _, want := range []string{
		"5985 state=not winrm", "5985 reason=HTTP 400 from nginx", "5986 certificate=valid", "5986 state=not winrm",
		"5986 reason=HTTP 404 from nginx",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in:\n%s", want, got)
		}
	}
}

//go:build linux

package swarm_test

import (
	"strings"
	"testing"
	"time"

	"github.com/masterzen/winrm"

	"postpatch/probes/lab/swarm"
)

// TestPrints has every host print what the swarm is told, each under its own name.
func TestPrints(t *testing.T) {
	o := options(3)
	o.Dead, o.Lossy = 0, 0
	s := start(t, o)
	run := func(p swarm.Profile, script string) (string, int) {
		t.Helper()
		endpoint := winrm.NewEndpoint(p.Address.String(), s.Ports().WinRM, false, false, nil, nil, nil, time.Minute)
		client, err := winrm.NewClient(endpoint, swarm.User, swarm.Password)
		if err != nil {
			t.Fatal(err)
		}
		out, _, code, err := client.RunPSWithContext(t.Context(), script)
		if err != nil {
			t.Fatal(err)
		}
		return out, code
	}
	last := o.Hosts - 1
	if out, code := run(s.Profile(last), "Get-This"); code == 0 {
		t.Errorf("before it is told: %q", out)
	}
	s.Print(map[string]string{"Get-This": "$env:COMPUTERNAME this"})
	for i := range last {
		want := strings.ToUpper(s.Profile(i).Name) + " this\r\n"
		if out, code := run(s.Profile(i), "Get-This"); out != want || code != 0 {
			t.Errorf("exit %d, %q, want %q", code, out, want)
		}
	}
}

package auth

import (
	"testing"

	"postpatch/probes/host"
)

// Where nobody is logged on to a domain, as on Wine, the system says so, and it is no panic.
func TestTheCurrentUserOfThisMachine(t *testing.T) {
	for _, method := range []string{"", "negotiate", "kerberos", "ntlm"} {
		m, err := New(Options{Method: method})
		if err != nil {
			t.Errorf("%q: %v", method, err)
			continue
		}
		c, used, err := m.New(t.Context(), Peer{Host: "web01.corp.test"})
		if err != nil {
			t.Logf("%q: %v", method, err)
			continue
		}
		out, done, err := c.Step(t.Context(), nil)
		t.Logf("%q: %s, %d bytes, %t, %v", method, used.Mechanism, len(out), done, err)
	}
	if _, err := New(Options{Method: "basic"}); err == nil {
		t.Error("want an error")
	}
	if _, err := New(Options{Credential: host.Credential{User: "x"}}); err == nil {
		t.Error("a user without a password is not the current one")
	}
}

package auth_test

import (
	"strings"
	"testing"

	"github.com/alexbrainman/sspi/ntlm"

	"postpatch/probes/host/winrm/auth"
)

// What secur32 makes, the other side written from MS-NLMP takes, and seals for it.
func TestNTLMOfThisMachine(t *testing.T) {
	credentials, err := ntlm.AcquireUserCredentials("CORP", "probe", "pw")
	if err != nil {
		t.Fatal(err)
	}
	c, err := auth.ProofOf(credentials, auth.Peer{Host: "web01"})
	if err != nil {
		t.Fatal(err)
	}
	s := newNTLMServer("probe", "CORP", "pw")
	negotiate, done, err := c.Step(t.Context(), nil)
	if err != nil && strings.Contains(err.Error(), "2148074254") {
		t.Skip("Wine has no NTLM without Samba's ntlm_auth")
	}
	if err != nil || done {
		t.Fatalf("%t, %v", done, err)
	}
	challenge := s.challenge()
	answer, done, err := c.Step(t.Context(), challenge)
	if err != nil || !done {
		t.Fatalf("%t, %v", done, err)
	}
	if wrong := s.accept(negotiate, challenge, answer, nil); wrong != "" {
		t.Fatal(wrong)
	}
	for _, message := range []string{"one", "two, which is longer"} {
		signature, sealed, err := c.Seal([]byte(message))
		if err != nil {
			t.Fatal(err)
		}
		plain, want := s.open(sealed)
		if string(plain) != message || string(want) != string(signature) {
			t.Errorf("got %q, signature % x, want % x", plain, signature, want)
		}
		opened, err := c.Open(s.seal([]byte("re: " + message)))
		if err != nil || string(opened) != "re: "+message {
			t.Errorf("opened %q, %v", opened, err)
		}
	}
}

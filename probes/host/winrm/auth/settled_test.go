package auth_test

import (
	"testing"

	"postpatch/probes/host/winrm/auth"
)

// TestSettled leaves what was certain from the beginning. What Windows chooses
// shows on Windows alone.
func TestSettled(t *testing.T) {
	proof := prove(t, password(`CORP\probe`, "pw"), newNTLMServer("probe", "CORP", "pw"), nil)
	used := auth.Used{Mechanism: "NTLM", Why: "so"}
	if got := auth.Settled(proof, used); got != used {
		t.Errorf("got %v", got)
	}
}

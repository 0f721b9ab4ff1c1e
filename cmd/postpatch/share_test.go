package main

import (
	"testing"

	"postpatch/probes/host/winrm/auth"
)

// The pings of a run share a socket when there are many; see probes.Shared.
func TestRunsShare(t *testing.T) {
	j := job{logins: auth.NewLogins()}
	one, other := options(j, 1), options(j, 1)
	if one.Shared == nil || one.Shared == other.Shared {
		t.Errorf("two runs share %p and %p", one.Shared, other.Shared)
	}
}

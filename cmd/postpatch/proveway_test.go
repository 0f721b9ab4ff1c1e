package main

import (
	"testing"

	"postpatch/probes/host"
	"postpatch/probes/host/winrm/auth"
)

// TestDoorsVouchForNothing shows that a directory that takes NTLM does not end the trial of the
// account at the Windows hosts.
func TestDoorsVouchForNothing(t *testing.T) {
	j := job{logins: auth.NewLogins()}
	c := host.Credential{User: `CORP\probe`, Password: host.NewSecret("swordfish")}
	prove, err := proveWay(j, c, "ldap")
	if err != nil {
		t.Fatal(err)
	}
	proof, err := prove(t.Context(), host.Service{Host: "dc01.corp.test", Method: "ntlm"})
	if err != nil {
		t.Fatal(err)
	}
	proof.Ended(host.Taken)
	for range 3 { // the place is free again
		done, err := j.logins.Try(t.Context(), c, "web01.corp.test")
		if err != nil || done == nil {
			t.Fatalf("the trial is over: %v", err)
		}
	}
}

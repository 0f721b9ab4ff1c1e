package main

import (
	"testing"

	"postpatch/probes/host"
	"postpatch/probes/host/winrm/auth"
)

// TestDoorsVouchForNothing shows that a directory or a mail server that takes NTLM does not end
// the trial of the account at the Windows hosts.
func TestDoorsVouchForNothing(t *testing.T) {
	c := host.Credential{User: `CORP\probe`, Password: host.NewSecret("swordfish"), Mail: &host.Mail{Auth: "ntlm"}}
	for door, begin := range map[string]func(job) (host.Proof, error){
		"ldap": func(j job) (host.Proof, error) {
			prove, err := proveWay(j, c, "ldap")
			if err != nil {
				return nil, err
			}
			return prove(t.Context(), host.Service{Host: "dc01.corp.test", Method: "ntlm"})
		},
		"mail": func(j job) (host.Proof, error) {
			way, err := mailWay(j, c)
			if err != nil {
				return nil, err
			}
			return way.Prove(t.Context(), host.WebService{Scheme: "NTLM", Host: "ex01.corp.test"})
		},
	} {
		for _, shown := range []host.Shown{host.Taken, host.LetIn} {
			j := job{logins: auth.NewLogins()}
			proof, err := begin(j)
			if err != nil {
				t.Fatal(door, err)
			}
			proof.Ended(shown)
			for range 3 { // the place is free again
				done, err := j.logins.Try(t.Context(), c, "web01.corp.test")
				if err != nil || done == nil {
					t.Fatalf("%s: the trial is over: %v", door, err)
				}
			}
		}
	}
}

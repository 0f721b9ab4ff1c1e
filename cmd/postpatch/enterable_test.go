package main

import (
	"slices"
	"testing"

	"postpatch/probes"
	"postpatch/probes/kerberos"
	"postpatch/probes/ldap"
	"postpatch/probes/smb"
	"postpatch/suites"
)

// TestEntersElsewhere shows for whom a check wants a credential that has an address of its own.
func TestEntersElsewhere(t *testing.T) {
	for _, tt := range []struct {
		kind probes.Kind
		args map[string]any
	}{
		{ldap.Kind, map[string]any{"bind": "negotiate"}},
		{smb.Kind, map[string]any{"share": []string{"a"}}},
		{kerberos.Kind, map[string]any{"login": true}},
	} {
		for address, want := range map[string]string{"": "web01.corp.test", "dc01.corp.test": "dc01.corp.test"} {
			delete(tt.args, "address")
			if address != "" {
				tt.args["address"] = address
			}
			probe, err := tt.kind.Build(tt.args)
			if err != nil {
				t.Fatal(err)
			}
			h := suites.Host{Name: "web01.corp.test", Checks: []*suites.Check{{Kind: &tt.kind, Probe: probe}}}
			uses, servers := credentialUses(h)
			if !slices.Equal(uses, []string{tt.kind.Name}) || !slices.Equal(servers[tt.kind.Name], []string{want}) {
				t.Errorf("%s at %q wants %q of %q", tt.kind.Name, address, uses, servers)
			}
		}
	}
}

package dns_test

import (
	"slices"
	"testing"

	"postpatch/probes/lab/estate"
)

// A domain keeps its own name, whatever words are in it.
func TestADomainWithSITEInItsName(t *testing.T) {
	got := found(t, estateOf(t, []string{"dc01.corp.test"}, estate.DNS{Records: corp()}), map[string]any{
		"domain": []string{"WEBSITE.Test"}, "site": []string{"Berlin"},
	}, "count")
	for _, want := range []string{
		"website.test A count=0", "_ldap._tcp.website.test SRV count=0", "_gc._tcp.website.test SRV count=0",
		"_ldap._tcp.berlin._sites.website.test SRV count=0", "_gc._tcp.berlin._sites.website.test SRV count=0",
		"_kerberos._tcp.berlin._sites.dc._msdcs.website.test SRV count=0",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("no %q in %q", want, got)
		}
	}
}

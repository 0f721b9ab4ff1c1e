//go:build real && linux

package dns_test

import (
	"strings"
	"testing"

	"postpatch/cmd/postpatch/realtest"
	"postpatch/probes"
	"postpatch/probes/probetest"
)

// A domain controller has all the records of its domain, of its site and of its zones, and
// one that is deleted is missed.
func TestSambaHasADomain(t *testing.T) {
	if !realtest.OwnNetwork(t) {
		return
	}
	samba := realtest.StartSamba(t)
	target := probetest.Routed(realtest.SambaHost, probes.Routes{
		probes.Elsewhere: {}, realtest.SambaHost: {Address: realtest.SambaAddress},
	})
	const domain, records = realtest.SambaDomain, 1 + 10 + 6
	domainArgs := map[string]any{"domain": []string{domain}, "site": []string{"Default-First-Site-Name"}}
	got := found(t, target, domainArgs, "rcode", "count", "unresolved")
	well := 0
	for _, line := range got {
		if strings.HasSuffix(line, " rcode=NOERROR") || strings.HasSuffix(line, " count=1") {
			well++
		}
	}
	if well != 2*records {
		t.Errorf("%d of %d are there, once each: %q", well, 2*records, got)
	}
	wants(t, got, domain+" SRV targets unresolved=")
	wants(t, found(t, target, map[string]any{
		"zone": []string{domain, "_msdcs." + domain}, "absent": []string{"nope." + domain},
	}, "behind", "authoritative", "absence"),
		domain+" SOA "+realtest.SambaHost+" behind=0", "_msdcs."+domain+" SOA "+realtest.SambaHost+" authoritative=true",
		"nope."+domain+" A absent absence=name error")

	samba.Tool(t, "dns", "delete", realtest.SambaAddress, "_msdcs."+domain, "_ldap._tcp.pdc", "SRV",
		realtest.SambaHost+" 389 0 100", "-U", realtest.SambaUser+"%"+realtest.SambaPassword)
	wants(t, found(t, target, domainArgs, "rcode", "count"), "_ldap._tcp.pdc._msdcs."+domain+" SRV count=0",
		"_ldap._tcp.dc._msdcs."+domain+" SRV count=1")
}

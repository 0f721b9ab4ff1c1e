//go:build real

package directory

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/cmd/postpatch/realtest"
	"postpatch/probes/host"
	"postpatch/suites/inventory"
)

// TestSlapd asks OpenLDAP, which gives 500 entries at once and has the schema of
// Active Directory, by TLS and by StartTLS.
func TestSlapd(t *testing.T) {
	const name = "dc01.corp.example.org"
	var ldif strings.Builder
	fmt.Fprint(&ldif, "dn: ou=Servers,dc=corp,dc=example,dc=org\nobjectClass: organizationalUnit\nou: Servers\n\n")
	logon := (time.Now().Unix() + 11_644_473_600) * 10_000_000
	for i := range 1200 {
		flags := 4096
		if i%100 == 7 {
			flags = 4098
		}
		fmt.Fprintf(&ldif, "dn: cn=SRV%04[1]d,ou=Servers,dc=corp,dc=example,dc=org\nobjectClass: computer\ncn: SRV%04[1]d\n"+
			"sn: needed by this schema\ninstanceType: 4\nnTSecurityDescriptor: x\nobjectCategory: cn=Computer,dc=corp,dc=example,dc=org\n"+
			"userAccountControl: %[2]d\n"+
			"lastLogonTimestamp: %[3]d\n", i, flags, logon)
		if i != 3 { // whose name is made of its own and the domain
			fmt.Fprintf(&ldif, "dNSHostName: srv%04d.corp.example.org\n", i)
		}
		fmt.Fprintln(&ldif)
	}
	s := realtest.StartSlapd(t, name, "open-sesame", ldif.String())
	ask := func(search inventory.Search, password string) (inventory.Found, error) {
		addr := s.Addr
		if search.StartTLS {
			addr = s.Plain
		}
		// Of operatingSystem this schema has no rule by which it could be compared.
		search.Server, search.Filter, search.Seen = name, "(&(objectClass=computer)(!(cn=SRV11*)))", 90*24*time.Hour
		return Ask(t.Context(), search, Options{
			Roots: s.Roots, User: realtest.SlapdUser, Password: host.NewSecret(password),
			Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, network, addr)
			},
		})
	}
	const base = "OU=Servers,DC=corp,DC=example,DC=org"
	for _, startTLS := range []bool{false, true} {
		found, err := ask(inventory.Search{Base: base, StartTLS: startTLS}, "open-sesame")
		if err != nil || len(found.Hosts) != 1100-11 {
			t.Fatalf("%d hosts, %v", len(found.Hosts), err)
		}
		want := []string{"srv0002.corp.example.org", "srv0003.corp.example.org"}
		if diff := cmp.Diff(want, namesOf(found)[2:4]); diff != "" {
			t.Errorf("hosts (-want +got):\n%s", diff)
		}
		if len(found.LeftOut) != 1 || !strings.HasPrefix(found.LeftOut[0], "11 the account is disabled: srv0007.corp") {
			t.Errorf("left out %q", found.LeftOut)
		}
	}
	if _, err := ask(inventory.Search{Base: base}, "open-barley"); err == nil ||
		!strings.Contains(err.Error(), "the account was refused") {
		t.Errorf("got %v", err)
	}
	if _, err := ask(inventory.Search{Base: "OU=Nowhere,DC=corp,DC=example,DC=org"}, "open-sesame"); err == nil ||
		!strings.Contains(err.Error(), "there is no such base") {
		t.Errorf("got %v", err)
	}
}

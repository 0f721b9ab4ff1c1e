//go:build real

package realtest

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Slapd is OpenLDAP's directory, with the schema of Active Directory.
type Slapd struct {
	Server

	Plain string // the address for StartTLS
}

// SlapdUser is who may read a Slapd.
const SlapdUser = "cn=probe,dc=corp,dc=example,dc=org"

// StartSlapd starts slapd (package slapd) with a certificate for the name. It knows
// the entries of an LDIF below dc=corp,dc=example,dc=org, and refuses to talk of them
// without TLS. SlapdUser enters it with the password.
func StartSlapd(t testing.TB, name, password, ldif string) *Slapd {
	t.Helper()
	s := &Slapd{}
	s.Addr, s.Plain, s.dir = FreeAddress(t), FreeAddress(t), folder(t)
	certFile, keyFile, roots := certify(t, s.dir, []string{name})
	s.Roots, s.CA = roots, certFile
	config, entries := filepath.Join(s.dir, "slapd.conf"), filepath.Join(s.dir, "entries.ldif")
	write(t, filepath.Join(s.dir, "db", "folder"), "")
	write(t, config, fmt.Sprintf(`
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include /etc/ldap/schema/nis.schema
include /etc/ldap/schema/msuser.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile %[1]s/pid
TLSCertificateFile %[2]s
TLSCertificateKeyFile %[3]s
TLSProtocolMin 3.3
security tls=128
disallow bind_anon
require authc
sizelimit 500 size.prtotal=unlimited
database mdb
maxsize 268435456
suffix "dc=corp,dc=example,dc=org"
directory %[1]s/db
rootdn "cn=nobody,dc=corp,dc=example,dc=org"
access to attrs=userPassword by anonymous auth
access to * by users read
limits dn.exact="%[4]s" size.soft=500 size.hard=500 size.prtotal=unlimited
`, s.dir, certFile, keyFile, SlapdUser))
	write(t, entries, `dn: dc=corp,dc=example,dc=org
objectClass: dcObject
objectClass: organization
dc: corp
o: Example

dn: `+SlapdUser+`
objectClass: person
cn: probe
sn: probe
userPassword: `+password+"\n\n"+strings.TrimSpace(ldif)+"\n")
	add := exec.CommandContext(t.Context(), "/usr/sbin/slapadd", "-q", "-f", config, "-l", entries)
	if out, err := add.CombinedOutput(); err != nil {
		t.Fatalf("slapadd: %v\n%s", err, out)
	}
	s.up = func(t testing.TB) func() error {
		t.Helper()
		return run(t, connects(s.Addr), "/usr/sbin/slapd", "-d", "0", "-f", config,
			"-h", "ldaps://"+s.Addr+" ldap://"+s.Plain).stop
	}
	s.begin(t)
	return s
}

//go:build real

package tcp_test

import (
	"crypto/x509"
	"strings"
	"testing"

	"postpatch/cmd/postpatch/realtest"
	"postpatch/probes/probetest"
)

// Seven servers of other makes start TLS, each in its own way, and show the certificate
// that was made for them.
func TestStartTLSOfRealServers(t *testing.T) {
	const name = "srv.example.test"
	mail := realtest.StartMail(t, name, "probe@example.test", "swordfish")
	directory := realtest.StartSlapd(t, name, "swordfish", "")
	maria, postgres := realtest.StartMariaDB(t, name), realtest.StartPostgres(t, name)
	ftp := realtest.StartVSFTPD(t, name)
	for protocol, server := range map[string]struct {
		addr  string
		roots *x509.CertPool
	}{
		"smtp": {mail.Addr, mail.Roots}, "imap": {mail.IMAP, mail.Roots}, "pop3": {mail.POP3, mail.Roots},
		"ldap": {directory.Plain, directory.Roots}, "mysql": {maria.Addr, maria.Roots},
		"postgres": {postgres.Addr, postgres.Roots}, "ftp": {ftp.Addr, ftp.Roots},
	} {
		target := probetest.Target(server.addr)
		target.Host, target.Address, target.Roots = name, name, server.roots
		got := spoken(t, target, map[string]any{"port": []int{1}, "starttls": protocol})
		if got != "state=open starttls=offered certificate=valid" {
			t.Errorf("%s: %s", protocol, got)
		}
	}
	target := probetest.Target(ftp.Addr)
	target.Host, target.Address, target.Roots = name, name, ftp.Roots
	got := spoken(t, target, map[string]any{
		"port": []int{21}, "starttls": "ftp", "script": []string{"send FEAT", "expect ^ (EPSV)", "expect ^211 ", "send QUIT", "expect ^221"},
	})
	if got != "state=open starttls=offered certificate=valid script=ok found=EPSV" {
		t.Errorf("a script within TLS: %s", got)
	}
	plain := probetest.Target(mail.Addr)
	got = spoken(t, plain, map[string]any{
		"port": []int{25}, "script": []string{"expect ^220 (.*)", "send QUIT", "expect ^221"},
	})
	if !strings.Contains(got, "found="+name+" ESMTP") {
		t.Errorf("a greeting: %s", got)
	}
}

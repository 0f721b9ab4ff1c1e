//go:build real

package realtest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Mail is a mail host: Dovecot shows what Postfix delivers to one mailbox, whose
// password Postfix asks Dovecot for. Both have the same certificate's authority.
type Mail struct {
	*Postfix

	Dovecot                  *Server
	IMAP, IMAPS, POP3, POP3S string // addresses
}

// StartMail starts Dovecot (packages dovecot-imapd and dovecot-pop3d) and Postfix,
// which only root can, for the mailbox user, an address of its own domain.
func StartMail(t testing.TB, name, user, password string) *Mail {
	t.Helper()
	_, domain, _ := strings.Cut(user, "@")
	m := &Mail{Postfix: newPostfix(t, name), Dovecot: &Server{}}
	for _, at := range []*string{&m.IMAP, &m.IMAPS, &m.POP3, &m.POP3S} {
		*at = FreeAddress(t)
	}
	boxes := filepath.Join(m.dir, "mail")
	if err := os.Mkdir(boxes, 0o755); err != nil {
		t.Fatal(err)
	}
	own(t, boxes, "mail")
	m.dovecot(t, boxes, user, password)
	m.extra = fmt.Sprintf(`virtual_mailbox_domains = %[1]s
virtual_mailbox_base = %[2]s
virtual_mailbox_maps = inline:{ %[3]s=box/ }
virtual_transport = virtual
virtual_minimum_uid = 1
virtual_uid_maps = static:8
virtual_gid_maps = static:8
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = %[4]s/auth
smtpd_tls_auth_only = yes
`, domain, boxes, user, m.Dovecot.dir)
	m.SetBanner(t, name+" ESMTP")
	m.begin(t)
	return m
}

// dovecot starts Dovecot over Postfix' maildirs, as Debian's user mail, which has
// the number 8.
func (m *Mail) dovecot(t testing.TB, boxes, user, password string) {
	t.Helper()
	d := m.Dovecot
	d.Addr, d.dir = m.IMAP, folder(t)
	own(t, d.dir, "root")
	config := filepath.Join(d.dir, "dovecot.conf")
	write(t, filepath.Join(d.dir, "users"), fmt.Sprintf("%s:{PLAIN}%s\n", user, password))
	listener := func(protocol, address string, secured bool) string {
		tls := "no"
		if secured {
			tls = "yes"
		}
		return fmt.Sprintf("  inet_listener %s {\n address = 127.0.0.1\n port = %s\n ssl = %s\n }\n",
			protocol, port(t, address), tls)
	}
	write(t, config, fmt.Sprintf(`base_dir = %[1]s/run
state_dir = %[1]s/state
log_path = /dev/stderr
protocols = imap pop3
ssl = yes
ssl_cert = <%[2]s/cert.pem
ssl_key = <%[2]s/key.pem
disable_plaintext_auth = yes
auth_mechanisms = plain login
first_valid_uid = 1
mail_uid = 8
mail_gid = 8
mail_location = maildir:%[3]s/box
passdb {
 driver = passwd-file
 args = %[1]s/users
}
userdb {
 driver = static
 args = uid=8 gid=8 home=%[3]s
}
service auth {
 unix_listener %[1]s/auth {
  mode = 0666
 }
}
service imap-login {
%[4]s%[5]s}
service pop3-login {
%[6]s%[7]s}
`, d.dir, m.dir, boxes,
		listener("imap", m.IMAP, false), listener("imaps", m.IMAPS, true),
		listener("pop3", m.POP3, false), listener("pop3s", m.POP3S, true)))
	d.up = func(t testing.TB) func() error {
		t.Helper()
		return run(t, connects(m.IMAP), "dovecot", "-F", "-c", config).stop
	}
	d.begin(t)
}

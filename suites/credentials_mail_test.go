package suites

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/host"
)

// A password that no entry names for mail is shown to no mail server, however well
// the entry fits.
func TestOnlyWhatIsNamedForMailIsForMail(t *testing.T) {
	c, _ := credentials(t, `credentials:
  - {hosts: ex01, user: admin, password: {env: P}}
  - hosts: "ex*"
    for: mail
    user: probe@example.org
    password: {env: P}
    mail:
      {address: probe@mail.example.org, names: [mail.example.org], insecure: true, allow_plain: true, auth: ntlm,
       channel_binding: false, krb5_conf: krb5.conf}
`, secretsOf(map[string]string{"P.": "x"}))
	got, err := c.For("ex01", "mail")
	if err != nil {
		t.Fatal(err)
	}
	got.Mail.Krb5Conf = filepath.Base(got.Mail.Krb5Conf) // it lies beside the file
	want := &host.Mail{
		Address: "probe@mail.example.org", Names: []string{"mail.example.org"}, Insecure: true, AllowPlain: true,
		Auth: "ntlm", Unbound: true, Krb5Conf: "krb5.conf",
	}
	if diff := cmp.Diff(want, got.Mail); got.User != "probe@example.org" || diff != "" {
		t.Errorf("user %s (-want +got):\n%s", got.User, diff)
	}
	if got, err := c.For("ex01", "winrm"); err != nil || got.User != "admin" || got.Mail != nil {
		t.Errorf("winrm: %v, %v", got, err)
	}
	if _, err := c.For("dc01", "mail"); err == nil || !strings.Contains(err.Error(), "for: [mail]") {
		t.Errorf("without an entry: %v", err)
	}
}

// Who runs postpatch reads a mailbox over the web, where the entry says so, and by no password.
func TestTheCurrentUserAndMail(t *testing.T) {
	c, _ := credentials(t, `credentials:
  - {hosts: "ex*", for: mail, current_user: true, mail: {address: probe@example.org, auth: kerberos}}
  - {hosts: "*", current_user: true}
`, secretsOf(nil))
	if got, err := c.For("ex01", "mail"); err != nil || !got.Current || got.User != "" || got.Mail.Auth != "kerberos" {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := c.For("web01", "mail"); err == nil {
		t.Error("an entry that does not say so is for mail")
	}
	for _, text := range []string{
		`{hosts: x, for: mail, current_user: true, mail: {auth: basic}}`,
		`{hosts: x, for: smb, current_user: true}`, `{hosts: x, for: ldap, current_user: true}`,
	} {
		r := reader{file: "c.credentials.yaml", found: &problems{}, secret: true}
		if r.credentials([]byte("credentials: [" + text + "]\n")); len(r.found.sorted()) == 0 {
			t.Errorf("%s is taken", text)
		}
	}
}

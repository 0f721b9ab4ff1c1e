// Package mailtest starts the lab's mail server for the tests of the mail kinds.
package mailtest

import (
	"crypto/x509"
	"fmt"
	"strings"
	"testing"
	"unicode"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/lab"
	"postpatch/probes/lab/estate"
)

// The mailbox of the lab, and its password.
const (
	User     = "probe@corp.test"
	Password = "swordfish"
)

// Healthy is a host that takes mail and shows it.
const Healthy = `
    os: {domain: corp.test}
    smtp: {ports: [25, 587, 465], tls: {}}
    mail: {users: {probe@corp.test: swordfish}, imap: {}, pop3: {}}
`

// Lab starts a lab whose host ex01.corp.test is as the YAML says, and returns the
// way to it, with the operator's credential.
func Lab(t *testing.T, host string) (probes.Target, *lab.Lab) {
	t.Helper()
	e, err := estate.Parse("test", []byte("estate: mail\nhosts:\n  ex01.corp.test:"+host))
	if err != nil {
		t.Fatal(err)
	}
	l, err := lab.Start(t.Context(), e, lab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Errorf("closing the lab: %v", err)
		}
	})
	const name = "ex01.corp.test"
	routes := l.Routes()
	target := probes.Target{
		Host: name, Address: name, Dial: routes.Dial, Resolve: routes.Resolve, Roots: x509.NewCertPool(),
	}
	target.Roots.AppendCertsFromPEM(l.CA())
	return WithPassword(target, Password), l
}

// WithPassword is the target with that password for the mailbox, and with nothing
// known of the account.
func WithPassword(t probes.Target, password string) probes.Target {
	return With(t, host.Credential{User: User, Password: host.NewSecret(password)})
}

// With is the target with a credential, and with nothing known of it.
func With(t probes.Target, c host.Credential) probes.Target {
	t.Accounts = &host.Accounts{}
	t.Credential = func(string) (host.Credential, error) { return c, nil }
	return t
}

// Fit holds that no reading, and no error, has what a terminal would obey.
func Fit(t *testing.T, readings []fact.Reading, err error) {
	t.Helper()
	shown := []string{fmt.Sprint(err)}
	for _, r := range readings {
		shown = append(shown, r.Key.Item, r.Value.String())
	}
	for _, text := range shown {
		if strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("%q is not fit to be shown", text)
		}
	}
}

package exchangeclient_test

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"testing"

	"postpatch/probes"
	"postpatch/probes/host"
	"postpatch/probes/host/winrm/auth"
	"postpatch/probes/lab"
	"postpatch/probes/lab/estate"
)

const (
	server   = "ex01.corp.test"
	mailbox  = "probe@corp.test"
	password = "swordfish"
	healthy  = "{mailboxes: {probe@corp.test: {password: swordfish}}}"
)

// corp is a lab with an Exchange server, and who goes there.
type corp struct {
	*lab.Lab

	target probes.Target
	realm  bool
}

// start starts a lab whose ex01 has that exchange in YAML, and maybe a domain.
func start(t testing.TB, exchange string, more ...string) corp {
	t.Helper()
	realm, lines := "", ""
	for _, line := range more {
		if line == "realm" {
			realm = "realm: CORP.TEST\n"
			continue
		}
		lines += "    " + line + "\n"
	}
	e, err := estate.Parse("test", fmt.Appendf(nil,
		"estate: mail\n%shosts:\n  %s:\n    os: {domain: corp.test}\n%s    exchange: %s\n", realm, server, lines, exchange))
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
	c := corp{Lab: l, realm: realm != ""}
	routes := l.Routes()
	c.target = probes.Target{
		Host: server, Address: server, Dial: routes.Dial, Resolve: routes.Resolve, Roots: x509.NewCertPool(),
	}
	c.target.Roots.AppendCertsFromPEM(l.CA())
	return c.enter(password, host.Mail{})
}

// enter is the same, with an entry of the operator's, and nothing known of the account.
func (c corp) enter(password string, way host.Mail) corp {
	credential := host.Credential{User: mailbox, Password: host.NewSecret(password)}
	way.Prove = c.prover(credential, way.Auth)
	credential.Mail = &way
	c.target.Accounts = &host.Accounts{}
	c.target.Credential = func(string) (host.Credential, error) { return credential, nil }
	return c
}

// prover proves the account as the command does.
func (c corp) prover(
	credential host.Credential, method string,
) func(context.Context, host.WebService) (host.Proof, error) {
	logins := auth.NewLogins()
	return func(ctx context.Context, s host.WebService) (host.Proof, error) {
		o := auth.Options{Method: cmp.Or(method, "negotiate"), Credential: credential, Dial: c.target.Dial, Logins: logins}
		if o.Krb5Conf = c.Krb5Conf(); !c.realm || s.Scheme == "NTLM" {
			o.Method = "ntlm"
		}
		mechanism, err := auth.New(o)
		if err != nil {
			return nil, err
		}
		proof, used, err := mechanism.New(ctx, auth.Peer{Host: s.Host, Bindings: s.Bindings})
		if errors.Is(err, auth.ErrAccount) {
			return nil, fmt.Errorf("%w: %w", host.ErrRefused, err)
		}
		return proved{proof, used}, err
	}
}

type proved struct {
	auth.Context

	used auth.Used
}

func (p proved) Used() (mechanism, why string) { return p.used.Mechanism, p.used.Why }
func (proved) Ended(host.Shown)                {}

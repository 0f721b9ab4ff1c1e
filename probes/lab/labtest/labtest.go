// Package labtest starts a lab of one host for the tests of kinds.
package labtest

import (
	"context"
	"crypto/x509"
	"errors"
	"testing"

	"postpatch/probes"
	"postpatch/probes/host"
	"postpatch/probes/lab"
	"postpatch/probes/lab/estate"
)

// Host is the name of the one host.
const Host = "srv01.corp.test"

// Start starts a lab whose host is as the YAML says, a mapping on one line such as
// "{ntp: {}}", and returns the way to it, without any credential.
func Start(t *testing.T, yaml string) probes.Target {
	t.Helper()
	e, err := estate.Parse("test", []byte("estate: net\nhosts:\n  "+Host+": "+yaml+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	l, err := lab.Start(context.WithoutCancel(t.Context()), e, lab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Errorf("closing the lab: %v", err)
		}
	})
	routes := l.Routes()
	target := probes.Target{
		Host: Host, Address: Host, Dial: routes.Dial, Resolve: routes.Resolve, Roots: x509.NewCertPool(),
		Accounts:   &host.Accounts{},
		Credential: func(use string) (host.Credential, error) { return host.Credential{}, errors.New("no entry for " + use) },
	}
	target.Roots.AppendCertsFromPEM(l.CA())
	return target
}

// With is the target with credentials, by their uses, and with nothing known of them.
func With(t probes.Target, all map[string]host.Credential) probes.Target {
	t.Accounts = &host.Accounts{}
	t.Credential = func(use string) (host.Credential, error) {
		c, found := all[use]
		if !found {
			return host.Credential{}, errors.New("no entry for " + use)
		}
		return c, nil
	}
	return t
}

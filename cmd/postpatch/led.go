package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"postpatch/probes/host"
	"postpatch/probes/host/winrm"
	"postpatch/suites"
)

// led says whether a host goes where its suite's address leads, and not its
// name, and nothing proves that the host is there. The credentials are for the
// name. TLS proves it that checks the certificate, and Kerberos, whose tickets
// are for the name; with anything else a stranger's suite could have the account
// shown to a stranger's machine.
func led(h suites.Host, s suites.WinRMSettings) bool {
	return !strings.EqualFold(h.Address, h.Name) && (!s.TLS || s.Insecure)
}

// followable refuses Basic where a host is led: it would hand out the password.
// NTLM, which shows the account to whoever is there, is left to the operator, and
// a certificate's key is never sent.
func followable(h suites.Host, s suites.WinRMSettings) error {
	if s.Auth != winrm.Basic || !led(h, s) {
		return nil
	}
	return fmt.Errorf("the suite leads the host to another address, and Basic would show the password "+
		"to whatever is there: %s, or lead the host there yourself, by --connect-to and not by the suite", byTLS(s))
}

// byTLS is what makes TLS prove a host's name.
func byTLS(s suites.WinRMSettings) string {
	if s.TLS {
		return "leave out insecure in the credentials file (ca_file: says whom to trust)"
	}
	return "write winrm: {tls: true} in the credentials file"
}

// ledSession is one of a led host, where negotiate is Kerberos alone.
type ledSession struct {
	*winrm.Session

	astray func(error) error
}

// Ask implements host.Session.
func (s ledSession) Ask(ctx context.Context, questions []host.Question) (host.Answers, error) {
	answers, err := s.Session.Ask(ctx, questions)
	if err != nil && s.Used().Mechanism == "" && !errors.Is(err, host.ErrNoAnswer) {
		err = s.astray(err)
	}
	return answers, err
}

// astray tells of an error of Kerberos that it is the suite that wants Kerberos.
func astray(h suites.Host, s suites.WinRMSettings) func(error) error {
	return func(err error) error {
		return fmt.Errorf("%w (the suite leads this host to %q, and only Kerberos, or TLS that checks the certificate, "+
			"makes sure that it is there: %s, or auth: ntlm if you trust the suite)", err, h.Address, byTLS(s))
	}
}

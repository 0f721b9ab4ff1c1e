package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"postpatch/probes"
	"postpatch/probes/host"
	"postpatch/probes/host/winrm"
	"postpatch/runner"
	"postpatch/suites"
)

// options wires the runner to how this operator reaches the hosts.
func options(j job, atOnce int) runner.Options {
	return runner.Options{
		Hosts: atOnce, Dial: j.routes.Dial, Resolve: j.routes.Resolve, Roots: j.roots,
		Credential: func(hostName, use string) (host.Credential, error) {
			if j.credentials == nil {
				return host.Credential{}, errors.New("there is no --credentials file")
			}
			return j.credentials.For(hostName, use)
		},
		Open: func(ctx context.Context, h suites.Host) (host.Session, error) {
			return openSession(ctx, h, j)
		},
	}
}

func openSession(ctx context.Context, h suites.Host, j job) (host.Session, error) {
	credential, err := j.credentials.For(h.Name, "winrm")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", probes.ErrNotTried, err)
	}
	s := j.credentials.WinRM(h.Name)
	o := winrm.Options{
		Host: h.Name, Address: h.Address, Port: s.Port, TLS: s.TLS, Insecure: s.Insecure,
		AllowPlain: s.AllowPlain, Credential: credential, Dial: j.routes.Dial,
	}
	if s.CAFile != "" {
		if o.CA, err = os.ReadFile(s.CAFile); err != nil {
			return nil, fmt.Errorf("reading the CA of host %q: %w", h.Name, err)
		}
	}
	session, err := winrm.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	return session, nil
}

// needsCredentials names a check that cannot be observed without a credential,
// so that a forgotten --credentials is told before the window and not as a
// thousand unknown checks.
func needsCredentials(set *suites.Set) (suites.Check, bool) {
	for _, h := range set.Hosts {
		for _, c := range h.Checks {
			if _, asks := c.Probe.(probes.Asker); asks || c.Kind.Name == "sql" {
				return c, true
			}
		}
	}
	return suites.Check{}, false
}

package main

import (
	"context"

	"postpatch/probes/host"
	"postpatch/probes/host/winrm/auth"
)

// proveWay proves a credential to directories and to shares. It asks nobody but for the
// files that are named.
func proveWay(j job, c host.Credential, use string) (host.Prover, error) {
	conf, err := readKrb5Conf(j.krb5Conf, c, use)
	if err != nil {
		return nil, err
	}
	options := auth.Options{Credential: c, Krb5Conf: conf, Dial: j.routes.Dial, Logins: j.logins}
	return func(ctx context.Context, s host.Service) (host.Proof, error) {
		o := options
		o.Method = s.Method
		p, err := proveTo(ctx, j, o, auth.Peer{
			Host: s.Host, SPN: s.Name, Bindings: s.Bindings, Unsealed: s.Unsealed, Bare: s.Bare,
		})
		if p == nil {
			return nil, err
		}
		return mailProof{p, auth.Shares(c)}, err
	}, nil
}

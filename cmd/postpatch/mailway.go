package main

import (
	"cmp"
	"context"

	"postpatch/probes/host"
	"postpatch/probes/host/winrm/auth"
)

// mailWay is how a mailbox is entered with a credential, as its entry says. It asks nobody.
func mailWay(j job, c host.Credential) (*host.Mail, error) {
	var way host.Mail
	if c.Mail != nil {
		way = *c.Mail
	}
	conf, err := readKrb5Conf(cmp.Or(way.Krb5Conf, j.krb5Conf), c, "mail")
	if err != nil {
		return nil, err
	}
	options := auth.Options{Credential: c, Krb5Conf: conf, Dial: j.routes.Dial, Logins: j.logins}
	way.Prove = func(ctx context.Context, s host.WebService) (host.Proof, error) {
		o := options
		if o.Method = way.Auth; s.Scheme == "NTLM" {
			o.Method = "ntlm"
		}
		p, err := prove(ctx, j, o, host.SQLService{Host: s.Host, Bindings: s.Bindings})
		if p == nil {
			return nil, err
		}
		return mailProof{p, auth.Shares(c)}, err
	}
	return &way, nil
}

// mailProof is a proof that is made with leave of the run's memory for mail servers and the
// like. That one knows of a refusal itself, and tells the trials of Windows hosts. Who says
// that it has taken NTLM need not know the password, and vouches for nothing that Windows
// hosts are shown.
type mailProof struct {
	*sqlProof
	shared bool // else the trials have to be told
}

// Ended implements host.Proof.
func (p mailProof) Ended(s host.Shown) {
	switch {
	case p.ended != nil && s == host.Taken:
		p.ended(auth.Passed)
	case p.ended != nil && s == host.Refused && p.shared:
		p.ended(auth.Unknown)
	default:
		p.sqlProof.Ended(s)
	}
}

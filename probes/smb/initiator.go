package smb

import (
	"context"
	"encoding/asn1"
	"errors"
	"fmt"

	smb2 "github.com/cloudsoda/go-smb2"

	"postpatch/probes"
	"postpatch/probes/host"
	"postpatch/probes/internal/reach"
)

// initiator proves the account: by Kerberos where a domain controller gives a ticket, else
// by NTLM, as far as the check wants. Ended is to be told what became of it.
func (e *entering) initiator(ctx context.Context, c host.Credential) (
	by smb2.Initiator, ended func(host.Shown), err error,
) {
	if e.probe.Login != ntlm {
		proof, err := e.ticket(ctx, c)
		if err == nil {
			e.by = "Kerberos"
			return &tickets{ctx: ctx, proof: proof, steps: &e.proof}, proof.Ended, nil
		}
		led := e.probe.Login != kerberos && !errors.Is(err, host.ErrRefused) && e.led(c)
		switch {
		case ctx.Err() != nil:
			return nil, nil, fmt.Errorf("proving the account: %w", err)
		case led:
			return nil, nil, reach.Astray(err, e.address, byKerberos)
		case e.probe.Login == kerberos || errors.Is(err, host.ErrRefused):
			return nil, nil, fmt.Errorf("proving the account: %w", err)
		}
	} else if e.led(c) {
		return nil, nil, reach.Astray(nil, e.address, byKerberos)
	}
	e.by = byNTLM
	return newResponses(c, "cifs/"+e.target.Host, &e.proof), func(host.Shown) {}, nil
}

const byKerberos = "prove it by Kerberos, whose tickets are for the host's name"

// ticket begins a proof by Kerberos.
func (e *entering) ticket(ctx context.Context, c host.Credential) (host.Proof, error) {
	if c.Prove == nil {
		return nil, fmt.Errorf("%w: nobody here can prove the account %q", probes.ErrNotTried, c.User)
	}
	return c.Prove(ctx, host.Service{
		Name: "cifs/" + e.target.Host, Host: e.target.Host, Method: kerberos, Bare: true,
	})
}

// whatDomainSaid is what became of a password before the server was asked.
func whatDomainSaid(err error) host.Shown {
	if errors.Is(err, host.ErrRefused) {
		return host.Refused
	}
	return host.Later
}

// steps is how far a proof has come.
type steps struct {
	out bool  // what proves the account was made, and goes out
	err error // why it went no further
}

// tickets is a proof by Kerberos as the library wants one.
type tickets struct {
	ctx   context.Context // the library hands none on
	proof host.Proof
	steps *steps
}

// OID implements smb2.Initiator.
func (*tickets) OID() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{1, 2, 840, 113554, 1, 2, 2} }

// InitSecContext implements smb2.Initiator.
func (t *tickets) InitSecContext() ([]byte, error) {
	out, _, err := t.proof.Step(t.ctx, nil)
	t.steps.out, t.steps.err = err == nil, err
	return out, err
}

// AcceptSecContext implements smb2.Initiator.
func (t *tickets) AcceptSecContext(token []byte) ([]byte, error) {
	out, _, err := t.proof.Step(t.ctx, token)
	t.steps.err = err
	return out, err
}

// Sum implements smb2.Initiator. The only mechanism that is offered needs no signature.
func (*tickets) Sum([]byte) []byte { return nil }

// SessionKey implements smb2.Initiator: sixteen bytes of it (MS-SMB2 3.2.5.3.3).
func (t *tickets) SessionKey() []byte {
	key := make([]byte, 16)
	if keyed, can := t.proof.(host.Keyed); can {
		copy(key, keyed.SessionKey())
	}
	return key
}

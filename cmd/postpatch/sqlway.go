package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"

	"postpatch/probes/host"
	"postpatch/probes/host/winrm/auth"
	"postpatch/suites"
)

// sqlWay is how a SQL Server is entered with a credential, as its entry says. It asks nobody
// but for the files that the entry names.
func sqlWay(j job, c host.Credential, s suites.SQLSettings) (host.SQLWay, error) {
	versions := map[string]uint16{
		"1.0": tls.VersionTLS10, "1.1": tls.VersionTLS11, "1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13,
	}
	way := host.SQLWay{
		Encrypt: s.Encrypt, Insecure: s.Insecure, Pin: s.Pin, TLSMin: versions[s.TLSMin], SPN: s.SPN, Unbound: s.Unbound,
	}
	var err error
	if way.CA, err = readAuthorities(s.CAFile, "sql"); err != nil {
		return way, err
	}
	if s.PinFile != "" {
		if way.Pin, err = readPin(s.PinFile); err != nil {
			return way, err
		}
	}
	switch s.Auth {
	case "sql":
	case "entra":
		way.Entra, err = j.tokens.of(c, s)
	default:
		conf, wrong := readKrb5Conf(cmp.Or(s.Krb5Conf, j.krb5Conf), c, "sql")
		if wrong != nil {
			return way, wrong
		}
		way.Prove = prover(j, auth.Options{
			Method: s.Auth, Credential: c, Krb5Conf: conf, Dial: j.routes.Dial, Logins: j.logins,
		})
	}
	return way, err
}

// readPin reads the one certificate that an entry trusts, in PEM or not.
func readPin(file string) ([]byte, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading the pin of sql: %w", err)
	}
	if block, _ := pem.Decode(suites.Decoded(content)); block != nil {
		content = block.Bytes
	}
	if _, err := x509.ParseCertificate(content); err != nil {
		return nil, fmt.Errorf("reading the pin of sql: %q holds no certificate, and is no SHA-256: %w", file, err)
	}
	sum := sha256.Sum256(content)
	return sum[:], nil
}

// prover proves a Windows account to SQL Servers. What a domain would count as a wrong
// password is on trial, together with the account's logons to WinRM.
func prover(j job, o auth.Options) func(context.Context, host.SQLService) (host.Proof, error) {
	return func(ctx context.Context, s host.SQLService) (host.Proof, error) {
		o := o
		if s.OnlyKerberos && o.Method == "negotiate" {
			o.Method = "kerberos"
		}
		p, err := prove(ctx, j, o, s)
		if p == nil {
			return nil, err
		}
		return p, err
	}
}

func prove(ctx context.Context, j job, o auth.Options, s host.SQLService) (*sqlProof, error) {
	return proveTo(ctx, j, o, auth.Peer{Host: s.Host, SPN: s.SPN, Bindings: s.Bindings})
}

func proveTo(ctx context.Context, j job, o auth.Options, to auth.Peer) (*sqlProof, error) {
	mechanism, err := auth.New(o)
	if err != nil {
		return nil, err
	}
	c, used, err := mechanism.New(ctx, to)
	if err != nil && errors.Is(err, auth.ErrAccount) {
		return nil, fmt.Errorf("%w: %w", host.ErrRefused, err)
	}
	if err != nil {
		return nil, err
	}
	p := &sqlProof{Context: c, used: used}
	if used.Mechanism != "Kerberos" {
		p.ended, err = j.logins.Try(ctx, o.Credential, to.Host)
	}
	return p, err
}

// sqlProof is the proof of a Windows account to one SQL Server.
type sqlProof struct {
	auth.Context

	used  auth.Used
	ended func(auth.Outcome) // nil where nobody counts
}

// Used implements host.Proof.
func (p *sqlProof) Used() (mechanism, why string) {
	used := auth.Settled(p.Context, p.used)
	return used.Mechanism, used.Why
}

// SessionKey implements host.Keyed.
func (p *sqlProof) SessionKey() []byte {
	if keyed, can := p.Context.(host.Keyed); can {
		return keyed.SessionKey()
	}
	return nil
}

// Ended implements host.Proof.
func (p *sqlProof) Ended(s host.Shown) {
	if p.ended == nil {
		return
	}
	switch s {
	case host.Taken:
		p.ended(auth.Accepted)
	case host.LetIn:
		p.ended(auth.Passed)
	case host.Refused:
		p.ended(auth.Refused)
	case host.Later, host.Unsaid:
		p.ended(auth.Silent)
	}
}

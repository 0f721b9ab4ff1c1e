package host

import "context"

// Service is a server to which a Windows account is proved.
type Service struct {
	Name   string // the service's name for Kerberos: "ldap/dc01.corp.example.org"
	Host   string // the server's, as the operator knows it
	Method string // "kerberos", "ntlm", or "negotiate": Kerberos, else NTLM
	// Bindings tie the proof to the TLS below it; nil for none.
	Bindings []byte
	// Unsealed leaves the messages after the proof as they are: TLS protects them.
	Unsealed bool
	// Bare leaves SPNEGO to the caller: the tokens are Kerberos' own.
	Bare bool
}

// Prover proves the account of a credential to a service. An error that wraps ErrRefused is a
// domain controller's word about the password.
type Prover func(ctx context.Context, s Service) (Proof, error)

// Sealer is a proof that protects the messages after it. They have to be sent in the order
// in which they were sealed, and opened in the order in which they came.
type Sealer interface {
	Seal(plain []byte) (signature, sealed []byte, err error)
	Open(signature, sealed []byte) (plain []byte, err error)
}

// Keyed is a proof that makes a key for who protects the messages in a way of their own.
type Keyed interface {
	// SessionKey is nil before the proof is complete, and where there is none to be had.
	SessionKey() []byte
}

// Package auth proves an account to a Windows host, and seals what travels on
// the proven connection: NTLM, Kerberos, and the choice between them. It knows
// tokens and keys; HTTP and SOAP are its caller's.
package auth

import (
	"context"
	"errors"
)

// ErrAccount is wrapped by errors that mean: the account itself was refused, by
// its password or its state. Another way would be refused too, and would count
// as one more wrong password, so nothing else is tried.
var ErrAccount = errors.New("the account was refused")

// Context is the proof of an account on one connection. It is used by one
// goroutine, and for that connection alone.
type Context interface {
	// Step takes the host's last token, nil at first, and returns ours. When
	// done is true the proof is complete as far as this side can tell, and
	// messages can be sealed; out may still have to be sent along with the
	// first of them, and is empty otherwise.
	Step(ctx context.Context, token []byte) (out []byte, done bool, err error)
	// Seal encrypts a message. The signature travels in front of the sealed
	// bytes. Messages must be sent in the order in which they were sealed.
	Seal(plain []byte) (signature, sealed []byte, err error)
	// Open decrypts the host's message, in the order in which they came.
	Open(signature, sealed []byte) (plain []byte, err error)
}

// Peer is the host that a Context is for.
type Peer struct {
	// Host is the host's name, which its SPN is made of: HTTP/<Host>.
	Host string
	// SPN replaces it, where the operator says so.
	SPN string
	// Bindings ties the proof to the TLS connection below it: the text
	// "tls-server-end-point:" and the hash of the host's certificate (RFC 5929);
	// nil without TLS, or where the certificate's signature has no hash of its own.
	Bindings []byte
	// Unsealed proves the account alone: nothing is sealed afterwards, as TLS does that,
	// and services that have it refuse a second seal.
	Unsealed bool
	// Bare leaves SPNEGO to the caller: the tokens are Kerberos' own.
	Bare bool
}

// Used says which mechanism a Context has come to use, and why.
type Used struct {
	Mechanism string // "Kerberos", "NTLM"
	Why       string // one sentence without a full stop; empty when nothing else was tried
}

// Settled is what a proof that is complete has come to use. It differs from what
// New said where Windows chooses between Kerberos and NTLM, as only the end shows.
func Settled(c Context, used Used) Used {
	if chooser, found := c.(interface{ mechanism() string }); found && chooser.mechanism() != "" {
		used.Mechanism = chooser.mechanism()
	}
	return used
}

// Mechanism makes Contexts for one account. Several goroutines may use it.
type Mechanism interface {
	// New begins a proof. For Kerberos this fetches the ticket. The error wraps
	// ErrAccount when the account was refused.
	New(ctx context.Context, p Peer) (Context, Used, error)
}

package host

import "context"

// SQLWay is how a SQL Server is entered: the operator's word, beside the account. No suite
// can weaken it. The zero value is a SQL login, with all traffic encrypted, to a server whose
// certificate bears its name and is trusted.
type SQLWay struct {
	// Encrypt is strict (TDS 8), true (all traffic), false (the login) or disable; "" is true.
	Encrypt string
	// Insecure lets every certificate pass.
	Insecure bool
	// CA replaces the authorities that the operator trusts otherwise; PEM, nil for those.
	CA []byte
	// Pin is the SHA-256 of the one certificate that is trusted, whatever it says; nil for none.
	Pin []byte
	// TLSMin is the oldest version of TLS that is spoken, of crypto/tls; 0 is 1.2. With an
	// older one the ways of encryption come that go with it.
	TLSMin uint16
	// SPN is the service's name for Kerberos; "" for MSSQLSvc/ with the host's name and port.
	SPN string
	// Unbound leaves out the channel binding, which Extended Protection asks for.
	Unbound bool
	// Prove proves a Windows account; nil where it is none.
	Prove func(ctx context.Context, s SQLService) (Proof, error) `json:"-" yaml:"-"`
	// Entra gets an access token of Entra ID for the server of that name; nil for none.
	Entra func(ctx context.Context, server string) (Secret, error) `json:"-" yaml:"-"`
}

// SQLService is the server to which a Windows account is proved.
type SQLService struct {
	Host     string // its name, as the operator knows it
	SPN      string
	Bindings []byte // that tie the proof to the TLS below it; nil for none
	// OnlyKerberos says that nothing else makes sure which server it is.
	OnlyKerberos bool
}

// Proof is the proof of an account on one connection, for one goroutine.
type Proof interface {
	// Step takes the server's last token, nil at first, and returns ours; done is true when
	// the proof is complete as far as this side can tell.
	Step(ctx context.Context, token []byte) (out []byte, done bool, err error)
	// Used says by which mechanism the account is proved, "Kerberos" or "NTLM", and why by
	// that one; why is empty when nothing else was tried.
	Used() (mechanism, why string)
	// Ended is told once what became of the login.
	Ended(s Shown)
}

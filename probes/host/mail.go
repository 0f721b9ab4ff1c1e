package host

import "context"

// Mail says to which servers a mailbox' password may be shown: within TLS, to one
// whose certificate is good and bears the name of the host that the entry is for.
type Mail struct {
	Address string   // the mailbox' own; the user when that is one
	Names   []string // which the certificate may bear instead of the host's
	// Insecure shows it within TLS whatever the certificate, and AllowPlain without
	// TLS too: for a lab.
	Insecure, AllowPlain bool
	// Auth is the one way to log on over the web: negotiate, kerberos, ntlm or basic; ""
	// for the best of what the server offers.
	Auth string
	// Unbound leaves out the channel binding, which Extended Protection asks for.
	Unbound bool
	// Krb5Conf is a krb5.conf file's path; "" for the system's.
	Krb5Conf string
	// Prove proves the account over the web; nil where nobody can. An error that wraps
	// ErrRefused is a domain controller's word about the password.
	Prove func(ctx context.Context, s WebService) (Proof, error) `json:"-" yaml:"-"`
}

// WebService is a web server to which an account is proved.
type WebService struct {
	Scheme   string // of HTTP: "Negotiate" or "NTLM"
	Host     string // its name, as the client calls it
	Bindings []byte // that tie the proof to the TLS below it; nil for none
}

package host

import (
	"fmt"
	"io"
	"log/slog"
	"strconv"
)

// Credential is a user and a secret, handed to a probe or a session at the time
// of the call; no suite can hold or choose one. Of Password, Keytab, CCache,
// Key and Token one is set; none of them means the user that runs this program.
type Credential struct {
	User     string // `CORP\probe`, `probe@corp.example.org`, `sa`; may be empty with CCache or Key
	Password Secret
	Keytab   Secret // a Kerberos keytab file, as its bytes
	CCache   Secret // a Kerberos credential cache file, as its bytes
	// Certificate is a TLS client certificate and its chain in PEM; Key is its
	// private key in PEM.
	Certificate []byte
	Key         Secret
	Token       Secret // an access token of Entra ID
	// Current is the user who runs this program, whom Windows proves; nothing else is set then.
	Current bool
	// Passphrase opens a Key of OpenSSH that is encrypted.
	Passphrase Secret
	// Named says that its entry names the server itself, and not by a pattern.
	Named bool
	// SQL is how a SQL Server is entered with it.
	SQL SQLWay
	// Mail is what the operator's entry says of a mailbox; nil for nothing.
	Mail *Mail
	// Prove proves it to a directory and to shares; nil where nobody can.
	Prove Prover `json:"-" yaml:"-"`
}

// Account is the account's name in words, as messages have it.
func (c Credential) Account() string {
	if c.Current {
		return "the current user"
	}
	return strconv.Quote(c.User)
}

// Secret is text that prints as three stars, whatever prints it. Printed from
// an unexported field, where fmt calls no method, it is an address at most:
// that is why the text is behind a pointer. So == does not compare texts.
type Secret struct{ text *string }

// NewSecret wraps a secret text. An empty text is the zero Secret.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{&text}
}

// Reveal returns the text itself. Every call of it is one to look at in review.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// Format implements fmt.Formatter: every verb prints stars.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "***") }

// String implements fmt.Stringer.
func (Secret) String() string { return "***" }

// GoString implements fmt.GoStringer.
func (Secret) GoString() string { return "***" }

// LogValue implements slog.LogValuer.
func (Secret) LogValue() slog.Value { return slog.StringValue("***") }

// MarshalText keeps the secret out of JSON, YAML and XML.
func (Secret) MarshalText() ([]byte, error) { return []byte("***"), nil }

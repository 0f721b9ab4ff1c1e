package suites

import (
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"postpatch/probes/host"
)

// SecretRef says where a secret is kept; one of Env, File, Keyring and Command
// is set.
type SecretRef struct {
	Env     string   // an environment variable's name
	File    string   // a file's path
	Form    FileForm // what is in File
	Keyring Keyring
	Command []string // a program and its arguments; what it prints is the secret
}

// Keyring names a secret in the operating system's keyring.
type Keyring struct{ Service, User string }

// FileForm is what a file holds, which decides who may read it.
type FileForm int

// The forms of files.
const (
	PasswordFile  FileForm = iota // a text, which only its owner may read
	KeyFile                       // a keytab, a ticket cache or a private key: bytes, which only their owner may read
	PublicFile                    // a certificate: anybody may read it
	SSHFile                       // a private key of OpenSSH, which only its owner may read
	SSHPublicFile                 // its certificate: anybody may read it
)

// String names the source, never the secret, and no argument of a command.
func (s SecretRef) String() string {
	switch {
	case s.Env != "":
		return "environment variable " + s.Env
	case len(s.Command) > 0:
		return fmt.Sprintf("command %q", s.Command[0])
	case s.Keyring != Keyring{}:
		return fmt.Sprintf("keyring, service %q and user %q", s.Keyring.Service, s.Keyring.User)
	default:
		return fmt.Sprintf("file %q", s.File)
	}
}

// proofKind is how a user shows who they are, by its key in the file.
type proofKind string

const (
	byPassword    proofKind = "password"
	byKeytab      proofKind = "keytab"
	byCCache      proofKind = "ccache"
	byCertificate proofKind = "certificate"
	byCurrentUser proofKind = "current_user"

	byToken proofKind = "token"
	byKey   proofKind = "key"   // of SSH
	byAgent proofKind = "agent" // that holds keys of SSH

	byManagedIdentity  proofKind = "managed_identity"
	byWorkloadIdentity proofKind = "workload_identity"
)

// proofKinds lists them.
func proofKinds() []string {
	var words []string
	for _, kind := range []proofKind{
		byPassword, byKeytab, byCCache, byCertificate, byCurrentUser, byKey, byAgent, byToken, byManagedIdentity,
		byWorkloadIdentity,
	} {
		words = append(words, string(kind))
	}
	return words
}

// proof is what an entry of the credentials file proves its user by.
type proof struct {
	kind        proofKind
	secret      source // the password, the keytab, the ticket cache or the private key
	certificate source
	passphrase  source
}

func (p *proof) read(secrets func(SecretRef) (host.Secret, error)) (host.Credential, error) {
	if slices.Contains([]proofKind{byCurrentUser, byManagedIdentity, byWorkloadIdentity, byAgent}, p.kind) {
		return host.Credential{Current: p.kind == byCurrentUser}, nil
	}
	secret, err := p.secret.read(secrets)
	if err != nil {
		return host.Credential{}, fmt.Errorf("reading the %s from %s: %w", p.noun(), p.secret.ref, err)
	}
	switch p.kind {
	case byKey:
		return p.readKey(secret, secrets)
	case byKeytab:
		return host.Credential{Keytab: secret}, nil
	case byToken:
		return host.Credential{Token: secret}, nil
	case byCCache:
		return host.Credential{CCache: secret}, nil
	case byCertificate:
		certificate, err := p.certificate.read(secrets)
		if err != nil {
			return host.Credential{}, fmt.Errorf("reading the certificate from %s: %w", p.certificate.ref, err)
		}
		c := host.Credential{Certificate: []byte(certificate.Reveal()), Key: secret}
		if _, err := tls.X509KeyPair(c.Certificate, []byte(secret.Reveal())); err != nil {
			return host.Credential{}, fmt.Errorf("reading the certificate from %s with the key from %s: %w",
				p.certificate.ref, p.secret.ref, err)
		}
		return c, nil
	default:
		return host.Credential{Password: secret}, nil
	}
}

// noun is what the secret is called in messages.
func (p *proof) noun() string {
	switch p.kind {
	case byCCache:
		return "ticket cache"
	case byCertificate:
		return "certificate's key"
	case byKey:
		return "SSH key"
	default:
		return string(p.kind)
	}
}

// check finds what is no such secret, so that a wrong file is told as one and
// not sent to a host that locks the account for it. It shows nothing of it.
func (s SecretRef) check(secret host.Secret) (host.Secret, error) {
	text := secret.Reveal()
	switch {
	case text == "":
		return host.Secret{}, errors.New("it is empty or not set")
	case s.Form == SSHFile && strings.HasPrefix(text, "PuTTY-"):
		return host.Secret{}, errors.New("it is PuTTY's: let puttygen export it as an OpenSSH key")
	case s.Form == SSHPublicFile:
		return secret, nil
	case s.Form == KeyFile && strings.HasPrefix(text, "\x05"): // keytabs and ticket caches of today begin so
		return secret, nil
	case s.Form != PasswordFile:
		if block, _ := pem.Decode([]byte(text)); block == nil {
			return host.Secret{}, errors.New("it is neither PEM nor a Kerberos file")
		}
		return secret, nil
	}
	text = strings.TrimPrefix(text, "\uFEFF")
	if s.Env == "" { // editors, echo and programs end a text with a new line
		text = strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")
	}
	switch {
	case text == "":
		return host.Secret{}, errors.New("it is empty")
	case strings.HasPrefix(text, "\xFF\xFE"), strings.HasPrefix(text, "\xFE\xFF"), strings.Contains(text, "\x00"):
		return host.Secret{}, errors.New("it is UTF-16, as PowerShell's > writes it: save it as UTF-8")
	case !utf8.ValidString(text):
		return host.Secret{}, errors.New("it is no UTF-8 text")
	case strings.ContainsAny(text, "\r\n"):
		return host.Secret{}, errors.New("it has more than one line")
	}
	return host.NewSecret(text), nil
}

// source is a place of a secret that many goroutines ask and one reads.
type source struct {
	ref   SecretRef
	brief bool // what is read is good for minutes: an access token

	mu   sync.Mutex
	last *reading
}

// reading is one attempt at a source; done is closed when it has come to an end.
type reading struct {
	done   chan struct{}
	secret host.Secret
	err    error
	until  time.Time // a failure holds so long; a secret for ever
}

// grudge is how long a failure is told again before the source is asked anew. A
// thousand hosts must not wait for a thousand deadlines of one command.
const grudge = 10 * time.Second

// tokenLife is how long a token is kept that a command or a file has given: Entra ID's
// live for an hour, and may be half gone when they are got.
const tokenLife = 5 * time.Minute

// read returns the secret. While it is read, everyone waits for the one reading.
func (s *source) read(secrets func(SecretRef) (host.Secret, error)) (host.Secret, error) {
	s.mu.Lock()
	if s.last != nil {
		r := s.last
		select {
		case <-r.done:
			if r.err == nil && !s.brief || time.Now().Before(r.until) {
				s.mu.Unlock()
				return r.secret, r.err
			}
		default:
			s.mu.Unlock()
			<-r.done // the reader's own deadline ends this
			return r.secret, r.err
		}
	}
	r := &reading{done: make(chan struct{}), err: errors.New("reading it has crashed")}
	s.last = r
	s.mu.Unlock()
	defer close(r.done)
	r.secret, r.err = s.ref.fetch(secrets)
	r.until = time.Now().Add(grudge)
	if r.err == nil {
		r.until = time.Now().Add(tokenLife)
	}
	return r.secret, r.err
}

func (s SecretRef) fetch(secrets func(SecretRef) (host.Secret, error)) (host.Secret, error) {
	if secrets == nil {
		return host.Secret{}, errors.New("nothing reads secrets here")
	}
	secret, err := secrets(s)
	if err != nil {
		return host.Secret{}, err
	}
	return s.check(secret)
}

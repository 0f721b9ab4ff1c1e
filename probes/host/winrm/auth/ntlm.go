package auth

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/bodgit/ntlmssp"

	"postpatch/probes/host"
	"postpatch/probes/internal/kdc"
)

const (
	ntlmName      = "NTLM"
	ntlmSignature = 16 // bytes, MS-NLMP 2.2.2.9.2

	// maxMessage is more than any envelope that WinRM takes or sends.
	maxMessage = 16 << 20
)

// ErrDowngrade is wrapped by errors that mean: the host, or somebody on the way
// to it, asked for weaker protection than every supported Windows gives. The
// account was not shown to it.
var ErrDowngrade = errors.New("the host asked for weaker protection than Windows gives")

// ntlm makes NTLM proofs: NTLMv2 alone, with sealing.
type ntlm struct {
	user     account
	password host.Secret
}

func newNTLM(c host.Credential) (Mechanism, error) {
	user, err := readAccount(c.User)
	switch {
	case err != nil:
		return nil, err
	case user.name == "":
		return nil, errors.New("preparing NTLM: the credential names no user: write one")
	case c.Password.Reveal() == "":
		return nil, fmt.Errorf("preparing NTLM for %q: NTLM needs the password: write one, or use Kerberos", c.User)
	}
	return ntlm{user, c.Password}, nil
}

// New implements Mechanism. It asks nobody.
func (m ntlm) New(ctx context.Context, p Peer) (Context, Used, error) {
	if err := ctx.Err(); err != nil {
		return nil, Used{}, err
	}
	if len(p.Bindings) > maxBindings {
		return nil, Used{}, errBindings
	}
	c := &ntlmContext{
		user: m.user, password: m.password, bindings: slices.Clone(p.Bindings), unsealed: p.Unsealed,
	}
	return c, Used{Mechanism: ntlmName}, nil
}

// ntlmContext is one NTLM proof. It goes from nil to client to session.
type ntlmContext struct {
	user     account
	password host.Secret
	bindings []byte
	unsealed bool

	proved  bool
	client  *ntlmssp.Client
	session *ntlmssp.SecuritySession
	broken  error // what ended the session: its keys are out of step
}

// Step implements Context: the negotiate message, then the answer to the challenge.
func (c *ntlmContext) Step(ctx context.Context, token []byte) (out []byte, done bool, err error) {
	switch {
	case ctx.Err() != nil:
		return nil, false, ctx.Err()
	case c.proved:
		return nil, false, errors.New("proving by NTLM: the host went on after the proof was complete")
	case c.client == nil && len(token) > 0:
		return nil, false, errors.New("proving by NTLM: the host sent a token before it was asked")
	case c.client == nil:
		err = kdc.Guard(func() error { out, err = c.negotiate(); return err })
	case len(token) == 0:
		err = errors.New("the host sent no challenge: NTLM may be switched off there")
	default:
		done = true
		err = kdc.Guard(func() error { out, err = c.authenticate(token); return err })
	}
	if err != nil {
		return nil, false, fmt.Errorf("proving by NTLM: %w", err)
	}
	return out, done, nil
}

func (c *ntlmContext) negotiate() (token []byte, err error) {
	name, domain := c.user.name, c.user.domain
	if c.user.suffix {
		// A UPN goes whole: its suffix need not be the name of a domain.
		name, domain = name+"@"+domain, ""
	}
	client, err := ntlmssp.NewClient(
		ntlmssp.SetCompatibilityLevel(5), // NTLMv2, nothing below
		ntlmssp.SetUserInfo(name, c.password.Reveal()),
	)
	if err != nil {
		return nil, err
	}
	// The domain is set after the message is made, which is in some old code
	// page and has no use for it.
	token, err = client.Authenticate(nil, nil)
	if err != nil {
		return nil, err
	}
	if len(token) < 16 {
		return nil, errors.New("the library made no message")
	}
	// Every Windows asks for the target and for NTLM, the library for neither.
	// It keeps these same bytes for the MIC.
	const ntlmRequestTarget, ntlmNTLM = 1 << 2, 1 << 9
	flags := binary.LittleEndian.Uint32(token[12:]) | ntlmRequestTarget | ntlmNTLM
	if c.unsealed {
		flags &^= ntlmSign | ntlmSeal | ntlmKeyExch
	}
	binary.LittleEndian.PutUint32(token[12:], flags)
	c.client = client
	return token, client.SetOption(ntlmssp.SetDomain(domain))
}

func (c *ntlmContext) authenticate(token []byte) ([]byte, error) {
	challenge, err := readChallenge(token, c.unsealed)
	if err != nil {
		return nil, err
	}
	if c.user.local {
		// Named by the host itself, the user is looked for nowhere else.
		if err := c.client.SetOption(ntlmssp.SetDomain(challenge.computer)); err != nil {
			return nil, err
		}
	}
	var bindings *ntlmssp.ChannelBindings
	if len(c.bindings) > 0 {
		bindings = &ntlmssp.ChannelBindings{ApplicationData: c.bindings}
	}
	answer, err := c.client.Authenticate(token, bindings)
	if err != nil {
		return nil, err
	}
	c.proved = true
	if c.unsealed {
		return answer, nil
	}
	c.session = c.client.SecuritySession()
	if c.session == nil { // cannot be with the flags that readChallenge insists on
		return nil, ErrDowngrade
	}
	return answer, nil
}

// Seal implements Context, MS-NLMP 3.4.3.
func (c *ntlmContext) Seal(plain []byte) (signature, sealed []byte, err error) {
	err = c.use(len(plain), func() error {
		sealed, signature, err = c.session.Wrap(plain)
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("sealing with NTLM: %w", err)
	}
	return signature, sealed, nil
}

// Open implements Context.
func (c *ntlmContext) Open(signature, sealed []byte) (plain []byte, err error) {
	if len(signature) != ntlmSignature {
		return nil, fmt.Errorf("opening what NTLM sealed: the signature has %d bytes, not %d",
			len(signature), ntlmSignature)
	}
	err = c.use(len(sealed), func() error {
		if [4]byte(signature) != [4]byte{1} {
			return errors.New("the signature is of another version than 1")
		}
		plain, err = c.session.Unwrap(sealed, signature)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("opening what NTLM sealed: %w", err)
	}
	return plain, nil
}

// use runs what moves the session's keys on. After an error they are out of
// step with the host's, and stay unused.
func (c *ntlmContext) use(size int, what func() error) error {
	switch {
	case c.session == nil:
		return errors.New("the proof is not complete")
	case c.broken != nil:
		return fmt.Errorf("an earlier message did not fit: %w", c.broken)
	case size > maxMessage:
		return fmt.Errorf("the message has %d bytes, over the limit of %d", size, maxMessage)
	}
	c.broken = kdc.Guard(what)
	return c.broken
}

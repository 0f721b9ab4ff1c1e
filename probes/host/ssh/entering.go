package ssh

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	xssh "golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"postpatch/probes/host"
)

// The methods of RFC 4252 and 4256.
const (
	byPassword    = "password"
	byInteractive = "keyboard-interactive"
	byPublicKey   = "publickey"
)

// mostKeys is how many of an agent's keys are offered: sshd counts each as a failed
// attempt and hangs up after six (MaxAuthTries).
const mostKeys = 5

// entering is one logon. One password is shown once, by whichever method; a key may be
// refused without harm, since nobody counts keys.
type entering struct {
	options Options
	ctx     context.Context
	conn    *hearing
	now     time.Time // the connection was opened
	wants   []string  // the algorithms of host keys
	done    func(host.Shown)
	shown   bool   // the password went to the host
	method  string // in words
	why     error  // it came to nothing, as far as we have seen ourselves
	tried   string // the method that was tried to its end, or to that of the connection
	banners string
	agent   io.Closer
	release func() bool
}

// hear is a BannerCallback: what a host says there is most often a warning to intruders,
// and sometimes why nobody may log on.
func (e *entering) hear(text string) error {
	const most = 4 << 10
	if len(e.banners)+len(text) <= most {
		e.banners += text + "\n"
	}
	return nil
}

// said is what the host has shown since the account was, for an error.
func (e *entering) said() string {
	if text := clean(e.banners); text != "" {
		return fmt.Sprintf(" (it said %q)", text)
	}
	return ""
}

// next is a ClientAuthCallback: it picks the one method that there is.
func (e *entering) next(c *xssh.ClientAuthContext) (xssh.AuthMethod, error) {
	for _, method := range c.TriedMethods {
		if method != "none" && len(c.PartialSuccessMethods) == 0 && e.why == nil {
			// Whether it was refused or never answered only the library's last word tells.
			e.tried = method
			return nil, nil //nolint:nilnil // its way to say that there is nothing left to try
		}
	}
	method, err := e.pick(c)
	if err != nil && e.why == nil {
		e.why = fmt.Errorf("logging on as %q: %w", e.options.Credential.User, err)
	}
	return method, err
}

func (e *entering) pick(c *xssh.ClientAuthContext) (xssh.AuthMethod, error) {
	takes := func(method string) bool { return slices.Contains(c.AllowedMethods, method) }
	switch {
	case e.why != nil:
		return nil, e.why
	case len(c.PartialSuccessMethods) > 0:
		return nil, fmt.Errorf("%w: the host has taken the %s and wants %s as well, and an entry has but one proof",
			host.ErrRefused, e.method, strings.Join(c.AllowedMethods, " or "))
	case !e.options.hasPassword() && takes(byPublicKey):
		return e.keys()
	case !e.options.hasPassword():
		return nil, fmt.Errorf("%w: the host takes no keys, but %s", host.ErrRefused, strings.Join(c.AllowedMethods, ", "))
	case takes(byPassword):
		e.method = "password"
		return xssh.PasswordCallback(e.password), nil
	case takes(byInteractive):
		e.method = "password, by keyboard-interactive"
		return xssh.KeyboardInteractive(e.challenge), nil
	}
	return nil, fmt.Errorf("%w: the host takes no password, but %s", host.ErrRefused, strings.Join(c.AllowedMethods, ", "))
}

// How the library words that all methods were refused, and that one was before it had
// begun: RFC 4252's 51 for the first question.
const (
	unproved = "ssh: unable to authenticate"
	unasked  = "unexpected message type 51"
)

// refusal is the host's word about what was tried.
func (e *entering) refusal() error {
	words := ""
	switch {
	case e.tried == byPublicKey:
		words = "the host takes " + e.method + " not: is its public part in the account's authorized_keys (on Windows, " +
			`of administrators, in C:\ProgramData\ssh\administrators_authorized_keys)?`
	case !e.shown:
		words = "the host asked for no password"
	default:
		words = "the password is wrong, or the account may not log on there"
		shown := host.Refused
		if e.isClosed() {
			shown = host.Later
		}
		e.settle(shown)
	}
	return fmt.Errorf("logging on as %q: %w: %s%s", e.options.Credential.User, host.ErrRefused, words, e.said())
}

// isClosed says whether the host lets nobody in for now, whatever the password.
// Source: pam_nologin and systemd's /run/nologin.
func (e *entering) isClosed() bool {
	text := strings.ToLower(e.banners)
	return strings.Contains(text, "system is booting up") || strings.Contains(text, "system is going down")
}

// password asks the run for leave to show it, and waits for that: a password that is
// wrong counts wherever it is shown.
func (e *entering) password() (string, error) {
	if e.shown {
		return "", errors.New("it was shown before")
	}
	if e.done == nil {
		door := e.options.Host + ": SSH at port " + strconv.Itoa(e.options.Port)
		done, err := e.options.Accounts.Try(e.ctx, e.options.Credential, door)
		if err != nil {
			e.why = fmt.Errorf("logging on as %q: %w", e.options.Credential.User, err)
			return "", e.why
		}
		e.done = done
		if time.Since(e.now) > patience {
			e.why = errStale
			return "", errStale
		}
		e.extend()
	}
	e.shown = true
	return e.options.Credential.Password.Reveal(), nil
}

// challenge answers one question for a password, and none for anything else: a code of a
// second factor, or a new password for one that has expired.
func (e *entering) challenge(_, instruction string, questions []string, echos []bool) ([]string, error) {
	_ = e.hear(instruction)
	switch {
	case len(questions) == 0:
		return nil, nil
	case len(questions) > 1 || echos[0] || e.shown:
		e.why = fmt.Errorf("logging on as %q: the host asks for more than the password: %q",
			e.options.Credential.User, clean(strings.Join(questions, " ")))
		return nil, e.why
	}
	text, err := e.password()
	return []string{text}, err
}

// settle tells the run what became of the password; only its first word counts.
func (e *entering) settle(s host.Shown) {
	if e.done == nil {
		return
	}
	if s == host.Unsaid && (!e.shown || e.isClosed()) {
		s = host.Later
	}
	e.done(s)
	e.done = nil
}

// keys are those of the entry or of the agent.
func (e *entering) keys() (xssh.AuthMethod, error) {
	if !e.options.hasKey() {
		return e.agentKeys()
	}
	signer, err := ReadKey(e.options.Credential)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", host.ErrNotTried, err)
	}
	e.method = "key " + xssh.FingerprintSHA256(signer.PublicKey())
	return xssh.PublicKeys(signer), nil
}

// ReadKey reads a credential's private key with its passphrase and, where it has one, its
// certificate. The error shows nothing of either.
func ReadKey(c host.Credential) (xssh.Signer, error) {
	text, passphrase := []byte(c.Key.Reveal()), c.Passphrase.Reveal()
	signer, err := xssh.ParsePrivateKey(text)
	if _, encrypted := errors.AsType[*xssh.PassphraseMissingError](err); encrypted {
		if passphrase == "" {
			return nil, errors.New("the key is encrypted: write key: {file: …, passphrase: {…}} in the credentials file")
		}
		signer, err = xssh.ParsePrivateKeyWithPassphrase(text, []byte(passphrase))
	}
	if err != nil {
		return nil, fmt.Errorf("reading the key: %w", err)
	}
	if len(c.Certificate) > 0 {
		public, _, _, _, err := xssh.ParseAuthorizedKey(c.Certificate)
		if err != nil {
			return nil, fmt.Errorf("reading the key's certificate: %w", err)
		}
		certificate, is := public.(*xssh.Certificate)
		if !is {
			return nil, errors.New("reading the key's certificate: it is a key without a signature")
		}
		if signer, err = xssh.NewCertSigner(certificate, signer); err != nil {
			return nil, fmt.Errorf("reading the key's certificate: %w", err)
		}
	}
	return modern(signer)
}

// agentKeys are signed with by the agent, which may ask its user first.
func (e *entering) agentKeys() (xssh.AuthMethod, error) {
	conn, err := e.options.Agent(e.ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: asking the agent for its keys: %w", host.ErrNotTried, err)
	}
	e.agent = conn
	e.release = context.AfterFunc(e.ctx, func() { _ = conn.Close() })
	all, err := agent.NewClient(conn).Signers()
	if err != nil {
		return nil, fmt.Errorf("%w: asking the agent for its keys: %w", host.ErrNotTried, err)
	}
	var signers []xssh.Signer
	for _, s := range all {
		if id := xssh.FingerprintSHA256(s.PublicKey()); e.options.Identity == "" || id == e.options.Identity {
			if s, err = modern(s); err == nil {
				signers = append(signers, s)
			}
		}
	}
	switch {
	case len(signers) == 0 && e.options.Identity != "":
		return nil, fmt.Errorf("%w: none of the agent's %d keys is %s", host.ErrNotTried, len(all), e.options.Identity)
	case len(signers) == 0:
		return nil, fmt.Errorf("%w: the agent holds no key: add one with ssh-add", host.ErrNotTried)
	case len(signers) > mostKeys:
		return nil, fmt.Errorf("%w: the agent holds %d keys, of which a host takes no more than a few: "+
			"name the one in the credentials file, by ssh: {identity: SHA256:…}", host.ErrNotTried, len(signers))
	}
	e.method = "agent, one of its " + strconv.Itoa(len(signers)) + " keys"
	if len(signers) == 1 {
		e.method = "agent, key " + xssh.FingerprintSHA256(signers[0].PublicKey())
	}
	return xssh.PublicKeys(signers...), nil
}

// hangUp ends what was asked of the agent.
func (e *entering) hangUp() {
	if e.agent != nil {
		e.release()
		_ = e.agent.Close()
		e.agent = nil
	}
}

package webtalk

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"postpatch/probes"
	"postpatch/probes/host"
	"postpatch/probes/internal/reach"
)

// Use is what the credentials file calls the use of a mailbox' password.
const Use = "mail"

// mostLegs is how many tokens a proof may take; NTLM has two.
const mostLegs = 5

// The schemes of HTTP that an account is proved by.
const (
	negotiate = "Negotiate"
	ntlm      = "NTLM"
	basic     = "Basic"
)

// ntlmMechanism is what a proof by NTLM calls itself.
const ntlmMechanism = "NTLM"

// Rejected is a server's refusal of a proof whose password a domain controller has
// taken: it is the server's fault, or its account's, and no wrong password.
type Rejected struct{ why error }

func (r *Rejected) Error() string { return "the server rejects the proof: " + r.why.Error() }
func (r *Rejected) Unwrap() error { return r.why }

// errImpossible is wrapped by errors that mean: this logon cannot be made from here, and
// says nothing about the server.
var errImpossible = errors.New("this logon is not possible from here")

// LogOn asks with the operator's account, where the server wants one: by says how it was
// proved, "" where the server wanted none. Door is what is logged on to, in words. The
// answer comes with the error, too, where there is one. An error that wraps
// probes.ErrRefused means that the password is wrong, one that is Rejected the same of
// all else that was shown; every other, that nobody can tell.
func (t *Talk) LogOn(ctx context.Context, door string, r Request) (answer *Answer, by string, err error) {
	answer, err = t.Ask(ctx, r)
	if err != nil || answer.Status != http.StatusUnauthorized {
		return answer, "", err
	}
	t.Offered = Schemes(answer.Header)
	unbound, answered := false, false
	err = t.Show(ctx, door, func(c host.Credential) (shown host.Shown, err error) {
		scheme, err := choose(t.Offered, c)
		if err != nil {
			return host.Later, err
		}
		if scheme == basic {
			by = basic
			answer, shown, err = t.plain(ctx, r, c)
		} else {
			answer, shown, by, unbound, err = t.proof(ctx, scheme, r, c)
		}
		answered = err == nil && shown != host.Refused
		return shown, err
	})
	if answered { // what it says of the account the answer tells itself
		return answer, by, nil
	}
	if unbound && errors.Is(err, probes.ErrRefused) {
		// Nobody can tell a wrong password from a binding that is wanted and not to be had.
		err = fmt.Errorf("%w: %s was refused without a channel binding, which Extended Protection may want: %s",
			errImpossible, by, err.Error())
	}
	return answer, by, err
}

// proof asks with a proof of the account. Unbound says that the proof is not tied to the
// TLS below it.
func (t *Talk) proof(ctx context.Context, scheme string, r Request, c host.Credential) (
	answer *Answer, shown host.Shown, by string, unbound bool, err error,
) {
	p, err := t.prove(ctx, scheme, c)
	if err != nil {
		return nil, whatDomainSaid(err), "", false, err
	}
	answer, shown, err = p.send(ctx, r)
	p.Ended(shown)
	return answer, shown, p.by(), p.unbound, err
}

// Show shows the operator's account to the server by try, once, if it may be shown. It may
// have to wait for its turn, and goes to the server anew then.
func (t *Talk) Show(ctx context.Context, door string, try func(host.Credential) (host.Shown, error)) error {
	door += " at " + t.server.Address
	return t.server.Target.LogOn(ctx, Use, door, func(c host.Credential) (host.Shown, error) {
		if t.dropIdle(); t.conn == nil {
			if err := t.connect(ctx); err != nil {
				return host.Later, reach.Cause(ctx, err)
			}
		}
		if err := reach.MayShow(t.state, c, t.server.Target, t.server.Address); err != nil {
			return host.Later, err
		}
		return try(c)
	})
}

// whatDomainSaid is what became of a password before the server was asked.
func whatDomainSaid(err error) host.Shown {
	if errors.Is(err, host.ErrRefused) {
		return host.Refused
	}
	return host.Later
}

// Schemes are those by which a server lets itself be logged on to, each once, as they
// are usually written.
func Schemes(h http.Header) []string {
	var found []string
	for _, value := range h.Values("WWW-Authenticate") {
		for part := range strings.SplitSeq(value, ",") {
			name, _, _ := strings.Cut(strings.TrimSpace(part), " ")
			for _, known := range []string{negotiate, ntlm, basic, "Bearer", "Digest"} {
				if strings.EqualFold(name, known) && !slices.Contains(found, known) {
					found = append(found, known)
				}
			}
		}
	}
	return found
}

// choose takes the best scheme that the server offers and the operator allows.
func choose(offered []string, c host.Credential) (string, error) {
	only := ""
	if c.Mail != nil {
		only = c.Mail.Auth
	}
	ways := map[string][]string{
		"": {negotiate, ntlm, basic}, "negotiate": {negotiate}, "kerberos": {negotiate},
		"ntlm": {ntlm, negotiate}, "basic": {basic},
	}[only]
	if c.Current { // who has no password to show
		ways = slices.DeleteFunc(ways, func(scheme string) bool { return scheme == basic })
	}
	for _, scheme := range ways {
		if slices.Contains(offered, scheme) {
			return scheme, nil
		}
	}
	what := "nothing that postpatch knows"
	if len(offered) > 0 {
		what = strings.Join(offered, ", ")
	}
	return "", fmt.Errorf("%w: the server offers %s, and the credentials file allows %s", errImpossible, what,
		strings.Join(ways, ", "))
}

// plain shows the password itself, which goes out within TLS alone.
func (t *Talk) plain(ctx context.Context, r Request, c host.Credential) (*Answer, host.Shown, error) {
	if strings.Contains(c.User, ":") {
		return nil, host.Later, fmt.Errorf("%w: the user %q has a colon, which Basic cannot carry", errImpossible, c.User)
	}
	token := base64.StdEncoding.EncodeToString([]byte(c.User + ":" + c.Password.Reveal()))
	answer, err := t.Again(ctx, r.with("Authorization", basic+" "+token))
	return answer, shownBy(answer, err), err
}

// Again asks on the connection that is there, or on a new one to a server that is as
// good: what was found out about its certificate binds the next one, too.
func (t *Talk) Again(ctx context.Context, r Request) (*Answer, error) {
	if t.conn != nil {
		return t.Ask(ctx, r)
	}
	before := t.state
	if err := t.connect(ctx); err != nil {
		t.Close()
		return nil, reach.Cause(ctx, err)
	}
	if len(before.PeerCertificates) == 0 || len(t.state.PeerCertificates) == 0 ||
		!before.PeerCertificates[0].Equal(t.state.PeerCertificates[0]) {
		t.Close()
		return nil, errors.New("another certificate came with the next connection, so the account is not shown to it")
	}
	return t.Ask(ctx, r)
}

// shownBy is what an answer to a proof tells of the password.
func shownBy(answer *Answer, err error) host.Shown {
	switch {
	case err != nil:
		return host.Unsaid
	case answer.Status == http.StatusUnauthorized:
		return host.Refused
	case answer.Status < 300:
		return host.Taken
	default:
		return host.Later // wrong passwords are answered 401 and nothing else, and nothing else is counted
	}
}

// with is the request with one more line.
func (r Request) with(name, value string) Request {
	h := r.Header.Clone()
	if h == nil {
		h = http.Header{}
	}
	h.Set(name, value)
	r.Header = h
	return r
}

package webtalk

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"postpatch/probes/host"
)

// proving is the proof of an account on one connection.
type proving struct {
	host.Proof

	talk    *Talk
	scheme  string
	unbound bool // the proof is not tied to the TLS below it
}

// prove begins a proof by a scheme, on a connection that is there.
func (t *Talk) prove(ctx context.Context, scheme string, c host.Credential) (proving, error) {
	p := proving{talk: t, scheme: scheme}
	if c.Mail == nil || c.Mail.Prove == nil {
		return p, fmt.Errorf("%w: nobody here can prove the account by %s", errImpossible, scheme)
	}
	service := host.WebService{Scheme: scheme, Host: strings.TrimSuffix(t.server.Name, ".")}
	if c.Mail.Auth == "ntlm" {
		service.Scheme = ntlm
	}
	if certificates := t.state.PeerCertificates; len(certificates) > 0 && !c.Mail.Unbound {
		service.Bindings = host.EndPoint(certificates[0])
	}
	p.unbound = service.Bindings == nil
	var err error
	if p.Proof, err = c.Mail.Prove(ctx, service); err != nil {
		return p, fmt.Errorf("proving the account by %s: %w", scheme, err)
	}
	return p, nil
}

// by is how the account was proved.
func (p proving) by() string {
	mechanism, _ := p.Used()
	return mechanism
}

// send carries the proof in as many requests as it takes. Those before the last carry no
// body, as a server throws it away.
func (p proving) send(ctx context.Context, r Request) (*Answer, host.Shown, error) {
	var token []byte
	p.talk.dropIdle() // a domain controller may have taken its time
	for range mostLegs {
		out, done, err := p.Step(ctx, token)
		if err != nil {
			return nil, host.Later, p.stopped(token, err)
		}
		leg := r
		if !done && p.by() == ntlmMechanism {
			leg.Body = ""
		}
		answer, err := p.talk.Again(ctx, leg.with("Authorization", p.scheme+" "+base64.StdEncoding.EncodeToString(out)))
		if err != nil {
			return nil, p.lost(done), err
		}
		if answer.Status != http.StatusUnauthorized {
			return p.admitted(ctx, answer, done)
		}
		token, err = tokenOf(answer.Header, p.scheme)
		switch {
		case err != nil:
			return answer, p.lost(done), err
		case done && p.by() == ntlmMechanism:
			return answer, host.Refused, nil
		case done, len(token) == 0 && p.by() != ntlmMechanism:
			return answer, host.Later, &Rejected{fmt.Errorf("%s says nothing of why (HTTP 401)", p.by())}
		case len(token) == 0:
			return answer, host.Later, fmt.Errorf("%w: the server offers %s and answers it with no challenge",
				errImpossible, p.scheme)
		case p.talk.conn == nil:
			return answer, host.Later, fmt.Errorf("%w: the server, or a proxy before it, closes the connection amid the proof",
				errImpossible)
		}
	}
	return nil, host.Unsaid, errors.New("the server goes on asking for proof without an end")
}

// lost is what became of a password after whose showing nothing was said. What NTLM
// says first does not show it.
func (p proving) lost(done bool) host.Shown {
	if !done {
		return host.Later
	}
	return host.Unsaid
}

// stopped tells why a proof came to an end on this side. What Kerberos finds wrong with
// an answer is the server's refusal.
func (p proving) stopped(token []byte, err error) error {
	if len(token) > 0 && p.by() != ntlmMechanism {
		return &Rejected{err}
	}
	return fmt.Errorf("proving the account by %s: %w", p.scheme, err)
}

// admitted looks at the answer that is none of 401: whether the proof was complete, and
// the server's own.
func (p proving) admitted(ctx context.Context, answer *Answer, done bool) (*Answer, host.Shown, error) {
	if !done && p.by() == ntlmMechanism {
		if answer.Status < 300 {
			return answer, host.Later, errors.New("the server answers before the account is proved")
		}
		return answer, host.Later, nil
	}
	token, err := tokenOf(answer.Header, p.scheme)
	if err == nil && len(token) > 0 && !done {
		_, _, err = p.Step(ctx, token)
	}
	if err != nil {
		return answer, host.Later, fmt.Errorf("the server does not prove itself: %w", err)
	}
	return answer, shownBy(answer, nil), nil
}

// tokenOf is the token with which a server answers; nil for none.
func tokenOf(h http.Header, scheme string) ([]byte, error) {
	for _, value := range h.Values("WWW-Authenticate") {
		name, encoded, found := strings.Cut(strings.TrimSpace(value), " ")
		if !found || !strings.EqualFold(name, scheme) {
			continue
		}
		token, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
		if err != nil {
			return nil, fmt.Errorf("the server's token for %s is no base64", scheme)
		}
		return token, nil
	}
	return nil, nil
}

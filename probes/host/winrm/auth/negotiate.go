package auth

import (
	"context"
	"errors"
	"fmt"

	"postpatch/probes/host"
)

// negotiate is Kerberos, and NTLM for a host that has no ticket to be had.
type negotiate struct{ kerberos, ntlm Mechanism }

// newNegotiate chooses what can be chosen without asking anybody. A user who is
// written without a domain may be the host's own: a KDC is not asked, since it
// may know another user of that name, whose password would then be wrong.
func newNegotiate(o Options) (Mechanism, error) {
	if o.Credential.Password.Reveal() == "" {
		k, err := newKerberos(o)
		if err != nil {
			return nil, fmt.Errorf("%w (NTLM needs a password, and there is none)", err)
		}
		return k, nil
	}
	n, err := newNTLM(o.Credential)
	if err != nil {
		return nil, err
	}
	user, err := readAccount(o.Credential.User)
	if err != nil {
		return nil, err
	}
	switch {
	case user.local:
		return because{n, "the user is written as the host's own account, which NTLM proves"}, nil
	case user.domain == "":
		return because{n, "the user is written without a domain, so it may be the host's own account, which NTLM proves"}, nil
	}
	k, err := newKerberos(o)
	if err != nil {
		if short := new(refusal); errors.As(err, &short) {
			return because{n, short.what + ", so NTLM was used"}, nil
		}
		return nil, err // the krb5.conf is broken, which the operator wants to know
	}
	return negotiate{k, n}, nil
}

// New implements Mechanism.
func (m negotiate) New(ctx context.Context, p Peer) (Context, Used, error) {
	c, used, err := m.kerberos.New(ctx, p)
	if err == nil || errors.Is(err, ErrAccount) || errors.Is(err, errClosed) || ctx.Err() != nil {
		return c, used, err
	}
	why := err.Error()
	if short := new(refusal); errors.As(err, &short) {
		why = short.what
	}
	return because{m.ntlm, why + ", so NTLM was used"}.New(ctx, p)
}

// because is a mechanism that was chosen for a reason.
type because struct {
	Mechanism
	why string
}

// New implements Mechanism.
func (m because) New(ctx context.Context, p Peer) (Context, Used, error) {
	c, used, err := m.Mechanism.New(ctx, p)
	if err != nil {
		return nil, Used{}, err
	}
	used.Why = m.why
	return c, used, nil
}

// isCurrentUser says that the credential names nobody.
func isCurrentUser(c host.Credential) bool {
	return c.User == "" && c.Password.Reveal() == "" && c.Keytab.Reveal() == "" && c.CCache.Reveal() == "" &&
		c.Key.Reveal() == "" && c.Token.Reveal() == ""
}

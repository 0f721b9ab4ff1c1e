package ldap

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/reach"
)

// mostLegs is how many tokens a proof may take; NTLM has two.
const mostLegs = 5

// entering is one bind.
type entering struct {
	*visit

	conn *connection
	by   string // how the account was proved
	took time.Duration
	why  error // what the directory said to the proof
}

// enter binds on a new connection, since the account may have to wait for its turn, and
// searches there.
func (v *visit) enter(ctx context.Context) error {
	e := &entering{visit: v}
	defer func() {
		if e.conn != nil {
			e.conn.close()
		}
	}()
	door := fmt.Sprintf("LDAP at %s", v.address)
	err := v.target.LogOn(ctx, use, door, func(c host.Credential) (host.Shown, error) {
		start := time.Now()
		defer func() { e.took = time.Since(start) }()
		var err error
		if e.conn, err = v.connect(ctx); err == nil {
			err = e.conn.declined
		}
		if err != nil {
			return host.Later, reach.Cause(ctx, err)
		}
		way := e.prove
		if v.probe.Bind == simple {
			way = e.show
		}
		shown, err := way(ctx, c)
		e.why = err
		return shown, err
	})
	if err := v.entered(e, err); err != nil || !v.isIn() {
		return err
	}
	if v.probe.Filter == "" {
		return nil
	}
	l := e.conn.ask()
	return v.search(l, e.conn.said)
}

// entered makes readings of what became of a bind; what is none is the error.
func (v *visit) entered(e *entering, err error) error {
	no, said := errors.AsType[*declined](err)
	state := ""
	switch {
	case err == nil:
		v.add("bind", fact.Text(ok))
		v.add("bind_time", fact.Duration(e.took))
		v.add("bound_by", fact.Text(e.by))
		return nil
	case errors.Is(err, probes.ErrRefused):
		state = refused
		if e.why != nil { // else it was refused earlier
			err = e.why
		}
	case said:
		state = no.name()
		if strings.Contains(no.words, badBindings) {
			state = bound
		}
	case reach.State(err) == reach.Reset:
		state = reach.Reset
	default:
		return err
	}
	v.add("bind", fact.Text(state))
	v.because(err.Error())
	return nil
}

func (v *visit) isIn() bool { return v.has("bound_by") }

// show shows the password itself.
func (e *entering) show(ctx context.Context, c host.Credential) (host.Shown, error) {
	if err := e.mayShow(c); err != nil {
		return host.Later, err
	}
	e.by = "simple"
	_, err := exchange(ctx, e.conn, 2, simpleBind(c.User, c.Password.Reveal()))
	return shownBy(err, true), refusal(err, "")
}

// mayShow says why the password must not be shown: it goes out in TLS alone, to a server
// whose certificate proves that it is the one that the operator's entry is for.
func (e *entering) mayShow(c host.Credential) error {
	if e.conn.tls == nil {
		return fmt.Errorf("%w: the password of %q is not shown without TLS: add starttls: true, or ask at port 636",
			probes.ErrNotTried, c.User)
	}
	if why := e.trusted(); why != nil {
		return fmt.Errorf("%w: the password of %q is not shown to a server whose certificate does not prove that it is %s: "+
			"%w; trust its authority, or bind by negotiate", probes.ErrNotTried, c.User, e.target.Host, why)
	}
	return nil
}

// trusted says why TLS does not prove that the directory is the one that the operator's entry
// is for; nil where it does.
func (e *entering) trusted() error {
	if e.conn.tls == nil {
		return errors.New("there is no TLS")
	}
	return reach.Trusted(*e.conn.tls, reach.Trust{Name: e.target.Host, Roots: e.target.Roots}, time.Now())
}

// method is how the account may be proved. Where the suite alone leads it and TLS proves
// nothing, Kerberos is left, whose tickets are for the name.
func (e *entering) method(c host.Credential) (method string, led bool, err error) {
	switch {
	case !e.led(c) || e.trusted() == nil:
		return e.probe.Bind, false, nil
	case e.probe.Bind == ntlm:
		return "", true, reach.Astray(nil, e.address, byTLS)
	default:
		return kerberos, true, nil
	}
}

const byTLS = "ask by TLS, with a certificate that bears the host's name and that you trust"

// prove proves the account in as many steps as it takes.
func (e *entering) prove(ctx context.Context, c host.Credential) (shown host.Shown, err error) {
	if c.Prove == nil {
		return host.Later, fmt.Errorf("%w: nobody here can prove the account %q", probes.ErrNotTried, c.User)
	}
	method, led, err := e.method(c)
	if err != nil {
		return host.Later, err
	}
	s := host.Service{
		Name: "ldap/" + e.target.Host, Host: e.target.Host, Method: method, Unsealed: e.conn.tls != nil,
	}
	if e.conn.tls != nil && len(e.conn.tls.PeerCertificates) > 0 {
		s.Bindings = host.EndPoint(e.conn.tls.PeerCertificates[0])
	}
	proof, err := c.Prove(ctx, s)
	if err != nil {
		shown = host.Later
		if errors.Is(err, host.ErrRefused) {
			shown = host.Refused
		} else if led && e.probe.Bind != kerberos {
			err = reach.Astray(err, e.address, byTLS)
		}
		return shown, fmt.Errorf("proving the account: %w", err)
	}
	defer func() { proof.Ended(shown) }()
	shown, err = e.steps(ctx, proof)
	e.by, _ = proof.Used()
	if sealer, can := proof.(host.Sealer); err == nil && can && e.conn.tls == nil {
		e.conn.Conn = &sealed{Conn: e.conn.Conn, seal: sealer}
	}
	if err == nil && e.by == "NTLM" {
		return e.confirm(ctx)
	}
	return shown, err
}

// confirm makes sure that a directory which says that it has taken NTLM knows the password:
// then it has the key that seals what comes next. Within TLS nothing is sealed, and a
// certificate that proves its name has to do.
func (e *entering) confirm(ctx context.Context) (host.Shown, error) {
	if e.conn.tls != nil {
		if e.trusted() != nil {
			return host.LetIn, nil
		}
		return host.Taken, nil
	}
	_, err := exchange(ctx, e.conn, mostLegs+2, whoAmI())
	if _, said := errors.AsType[*declined](err); said || err == nil { // it is sealed, whatever it says
		return host.Taken, nil
	}
	return host.Unsaid, fmt.Errorf("the directory lets the account in, and does not seal what it says then: %w", err)
}

func (e *entering) steps(ctx context.Context, proof host.Proof) (host.Shown, error) {
	var token []byte
	for id := range int64(mostLegs) {
		out, done, err := proof.Step(ctx, token)
		if err != nil {
			return host.Later, fmt.Errorf("proving the account: %w", err)
		}
		mechanism, _ := proof.Used()
		answer, err := exchange(ctx, e.conn, id+2, spnegoBind(out))
		token = tokenOf(answer)
		no, said := errors.AsType[*declined](err)
		switch {
		case said && no.code == ldap.LDAPResultSaslBindInProgress && done && mechanism == "NTLM":
			return host.Unsaid, errors.New("the directory goes on after the proof is complete")
		case said && no.code == ldap.LDAPResultSaslBindInProgress:
			continue
		case err != nil && !done && mechanism == "NTLM":
			return host.Later, err // its first token shows nothing
		case err != nil:
			return shownBy(err, mechanism == "NTLM"), refusal(err, mechanism)
		case !done && mechanism != "NTLM" && len(token) > 0: // the directory's own proof
			if _, done, err = proof.Step(ctx, token); err != nil {
				return host.Later, fmt.Errorf("the directory does not prove itself: %w", err)
			}
		}
		if !done {
			return host.Later, errors.New("the directory lets in before the account is proved")
		}
		return host.Taken, nil
	}
	return host.Unsaid, errors.New("the directory goes on asking for proof without an end")
}

// badBindings is Windows' word for a channel binding that does not fit, which is no wrong
// password.
const badBindings = "data 80090346"

// shownBy is what an answer to a bind tells of the password. Password says that a directory
// would count a wrong one.
func shownBy(err error, password bool) host.Shown {
	no, said := errors.AsType[*declined](err)
	switch {
	case err == nil:
		return host.Taken
	case !said:
		return host.Unsaid
	case password && no.code == ldap.LDAPResultInvalidCredentials && !strings.Contains(no.words, badBindings):
		return host.Refused
	default:
		return host.Later
	}
}

// refusal is an error with why a directory refused an account, in an administrator's words. By
// Kerberos the domain has given a ticket for the password already.
func refusal(err error, mechanism string) error {
	no, said := errors.AsType[*declined](err)
	if !said || no.code != ldap.LDAPResultInvalidCredentials {
		return err
	}
	// What Active Directory adds: "… AcceptSecurityContext error, data 52e, v4563".
	_, rest, _ := strings.Cut(no.words, ", data ")
	code, _, _ := strings.Cut(rest, ",")
	why := map[string]string{
		"525": "there is no such user", "52e": "the password is wrong", "530": "it may not log on at this time",
		"531": "it may not log on from here", "532": "its password has expired", "533": "it is disabled",
		"701": "it has expired", "773": "its password has to be changed first", "775": "it is locked",
	}[code]
	if mechanism == "Kerberos" && (why == "" || code == "52e") && !strings.Contains(no.words, badBindings) {
		why = "the directory does not take the ticket: its own account's password, or who has its SPN, is not what the " +
			"domain knows"
		err = &declined{code: no.code, words: no.words, state: unavailable}
	}
	if why == "" {
		return err
	}
	return fmt.Errorf("%s: %w", why, err)
}

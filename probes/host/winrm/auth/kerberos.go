package auth

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/go-krb5/krb5/iana/nametype"
	"github.com/go-krb5/krb5/types"

	"postpatch/probes/host"
)

const kerberosName = "Kerberos"

// kerberos makes Kerberos proofs.
type kerberos struct {
	kdcs   *kdcs
	client principal
	login  *login // nil with a cache
	cache  cache
	logins *Logins
	id     string // of the account, its secret and the configuration
	// account is the name of its trial; empty where there is none.
	account string
	shown   host.Credential // of that trial
}

func newKerberos(o Options) (*kerberos, error) {
	k := &kerberos{logins: o.Logins, id: identity(o)}
	if k.logins == nil {
		k.logins = NewLogins()
	}
	conf, err := readConf(o.Krb5Conf)
	if err != nil {
		return nil, err
	}
	dial := o.Dial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	k.kdcs = &kdcs{
		conf: conf, dial: dial, lookup: net.DefaultResolver.LookupSRV, logins: k.logins,
		id: fmt.Sprintf("%x ", sha256.Sum256([]byte(o.Krb5Conf))),
	}
	user, err := readAccount(o.Credential.User)
	if err != nil {
		return nil, err
	}
	if user.domain != "" { // by NTLM a name alone may be another account
		k.account, k.shown = trialOf(o.Credential), o.Credential
	}
	if o.Credential.CCache.Reveal() != "" {
		return k, k.fromCache(o, user)
	}
	if user.name == "" {
		return nil, errors.New("preparing Kerberos: the credential names no user: write one")
	}
	realm, err := realmOf(user, conf)
	if err != nil {
		return nil, fmt.Errorf("preparing Kerberos: %w", err)
	}
	k.client = principal{types.NewPrincipalName(nametype.KRB_NT_PRINCIPAL, user.name), realm}
	k.login = &login{kdcs: k.kdcs, client: k.client, password: o.Credential.Password}
	switch {
	case o.Credential.Keytab.Reveal() != "":
		k.login.keytab, err = readKeytab(o.Credential.Keytab)
		if err == nil {
			_, err = k.login.etypes()
		}
	case o.Credential.Password.Reveal() == "":
		err = fmt.Errorf("the credential of %q holds no password, keytab or credential cache: write one", o.Credential.User)
	}
	if err != nil {
		return nil, fmt.Errorf("preparing Kerberos: %w", err)
	}
	return k, nil
}

// fromCache takes the account from a credential cache, which must be that of
// the user, if one is named.
func (k *kerberos) fromCache(o Options, user account) (err error) {
	if k.cache, err = readCache(o.Credential.CCache); err != nil {
		return err
	}
	k.client = k.cache.client
	if user.name == "" {
		return nil
	}
	fits := strings.EqualFold(user.name, k.client.name.PrincipalNameString())
	if fits && user.domain != "" {
		realm, err := realmOf(user, k.kdcs.conf)
		first, _, _ := strings.Cut(k.client.realm, ".")
		fits = err == nil && strings.EqualFold(realm, k.client.realm) || strings.EqualFold(first, user.domain)
	}
	if !fits {
		return &refusal{
			what: fmt.Sprintf("the credential cache is that of %q and not of %q", k.client.String(), o.Credential.User),
			way:  "write the user that it is for, or none",
		}
	}
	return nil
}

// identity tells credentials apart in the shared logins, and shows none.
func identity(o Options) string {
	h := sha256.New()
	c := o.Credential
	for _, part := range []string{
		c.User, c.Password.Reveal(), c.Keytab.Reveal(), c.CCache.Reveal(), o.Krb5Conf,
	} {
		_, _ = fmt.Fprintf(h, "%d %s", len(part), part)
	}
	return fmt.Sprintf("%x ", h.Sum(nil))
}

// New implements Mechanism: it gets the tickets, unless they are there.
func (k *kerberos) New(ctx context.Context, p Peer) (Context, Used, error) {
	spn, err := k.spn(p)
	if err != nil {
		return nil, Used{}, fmt.Errorf("proving by Kerberos: %w", err)
	}
	if len(p.Bindings) > maxBindings {
		return nil, Used{}, errBindings
	}
	name := k.id + spn.String()
	t, err := k.logins.once(ctx, name, func(ctx context.Context) (ticket, error) {
		return k.ticket(ctx, spn)
	})
	if err != nil {
		if ended := ctx.Err(); ended != nil && errors.Is(err, ended) {
			err = waitedForKDC(k.client.realm, ended)
		}
		return nil, Used{}, fmt.Errorf("proving by Kerberos: %w", err)
	}
	c := &kerberosContext{unsealed: p.Unsealed, bare: p.Bare, spn: spn, ticket: t, bindings: slices.Clone(p.Bindings)}
	c.forget = func() { k.logins.forget(name) }
	return c, Used{Mechanism: kerberosName}, nil
}

func (k *kerberos) ticket(ctx context.Context, spn principal) (ticket, error) {
	if t, ok := k.cache.find(spn); ok && t.usable() {
		return newTicket(t)
	}
	var first ticket
	var err error
	if k.login == nil {
		first, err = k.cache.first()
	} else {
		first, err = k.logins.once(ctx, k.id, k.login.get)
	}
	if err != nil {
		if errors.Is(err, ErrAccount) && k.account != "" {
			k.logins.tell(k.shown, "the KDC of "+k.client.realm, Refused)
		}
		return ticket{}, err
	}
	if k.login != nil {
		k.logins.vouch(k.account, k.shown) // the KDC has seen that the password is right
	}
	return k.kdcs.service(ctx, first, spn)
}

// spn is the service of a host; its realm is empty when the KDC shall find it.
func (k *kerberos) spn(p Peer) (principal, error) {
	name, realm, _ := strings.Cut(p.SPN, "@")
	if name == "" {
		if _, err := netip.ParseAddr(p.Host); err == nil || p.Host == "" {
			return principal{}, &refusal{
				what: fmt.Sprintf("a host is known to Kerberos by its name and not by its address, %q", p.Host),
				way:  "name the host, or write its SPN",
			}
		}
		name = "HTTP/" + strings.TrimSuffix(p.Host, ".")
	}
	parts := strings.Split(name, "/")
	if len(parts) < 2 || slices.Contains(parts, "") {
		return principal{}, &refusal{
			what: fmt.Sprintf("the SPN %q has not the form service/host", p.SPN), way: "write HTTP/web01.corp.example.org",
		}
	}
	if realm == "" {
		realm = k.kdcs.conf.ResolveRealm(strings.ToLower(parts[1]))
	}
	return principal{types.PrincipalName{NameType: nametype.KRB_NT_SRV_INST, NameString: parts}, realm}, nil
}

package auth

import (
	"context"
	"encoding/asn1"
	"errors"
	"net"
	"time"

	"github.com/go-krb5/krb5/messages"
	"github.com/go-krb5/krb5/types"

	"postpatch/probes/host"
	"postpatch/probes/internal/kdc"
)

// Wrapped is a session with its keys agreed, for tests of sealing alone.
type Wrapped struct{ w wrapper }

func NewWrapped(kind int32, key []byte, acceptorSubkey bool, sent, due uint64) *Wrapped {
	w := wrapper{key: types.EncryptionKey{KeyType: kind, KeyValue: key}, sent: sent, due: due}
	if acceptorSubkey {
		w.subkey = wrapSubkey
	}
	return &Wrapped{w}
}

func (w *Wrapped) Seal(plain []byte) (signature, sealed []byte, err error) { return w.w.seal(plain) }

func (w *Wrapped) Open(signature, sealed []byte) ([]byte, error) { return w.w.open(signature, sealed) }

func (w *Wrapped) CheckMIC(mic, text []byte) error { return w.w.checkMIC(mic, text) }

// ReadReply is the kind, the message and the MIC of a host's token.
func ReadReply(b []byte) (kind int, message, mic []byte, err error) {
	r, err := readReply(b)
	return r.kind, r.message, r.mic, err
}

func Frame(oid asn1.ObjectIdentifier, token []byte) ([]byte, error) { return frame(oid, token) }

// RealmOf is the realm of a user by a krb5.conf.
func RealmOf(user, conf string) (string, error) {
	a, err := readAccount(user)
	if err != nil {
		return "", err
	}
	c, err := readConf(conf)
	if err != nil {
		return "", err
	}
	return realmOf(a, c)
}

// ReadCache is whose credential cache it is, and how many tickets it holds.
func ReadCache(file string) (client string, tickets int, err error) {
	c, err := readCache(host.NewSecret(file))
	return c.client.String(), len(c.tickets), err
}

func ReadKeytab(file string) error {
	_, err := readKeytab(host.NewSecret(file))
	return err
}

// Once has a ticket fetched; the error is the fetch's.
func (l *Logins) Once(ctx context.Context, name string, get func(context.Context) error) error {
	_, err := l.once(ctx, name, func(ctx context.Context) (ticket, error) { return ticket{}, get(ctx) })
	return err
}

// Records says what the DNS answers about KDCs.
func Records(m Mechanism, records ...*net.SRV) {
	if n, ok := m.(negotiate); ok {
		m = n.kerberos
	}
	m.(*kerberos).kdcs.lookup = func(_ context.Context, service, proto, name string) (string, []*net.SRV, error) {
		if len(records) == 0 {
			return "", nil, &net.DNSError{Err: "no such host", Name: "_" + service + "._" + proto + "." + name, IsNotFound: true}
		}
		return "", records, nil
	}
}

// Accept gives a proof that waits for the host's token this token.
func Accept(token []byte) error {
	c := &kerberosContext{
		mine: &types.Authenticator{}, forget: func() {},
		ticket: ticket{key: types.EncryptionKey{KeyType: 18, KeyValue: make([]byte, 32)}},
	}
	_, _, err := c.Step(context.Background(), token)
	return err
}

// LoginReply gives a login the KDC's first reply.
func LoginReply(b []byte) error {
	l := &login{client: principal{types.NewPrincipalName(1, "probe"), "CORP.TEST"}, password: host.NewSecret("pw")}
	conf, err := readConf("")
	if err != nil {
		return err
	}
	return kdc.Guard(func() error {
		request, err := messages.NewASReqForTGT(l.client.realm, conf, l.client.name)
		if err != nil {
			return err
		}
		request.ReqBody.EType = kdc.Strongest()
		err = kdc.Error(b)
		if e := new(messages.KRBError); errors.As(err, e) {
			if e.ErrorCode != 25 {
				return loginRefused(*e, l.client, l.secret())
			}
			if _, err := l.prove(&request, e.EData); err != nil {
				return err
			}
			return errWantsProof
		}
		if err == nil {
			_, err = l.accept(request, b, nil)
		}
		return err
	})
}

var errWantsProof = errors.New("the KDC wants a proof")

func HostRefused(e messages.KRBError, spn string) error {
	return hostRefused(e, principal{name: types.NewPrincipalName(2, spn)})
}

func LoginRefused(e messages.KRBError, secret string) error {
	return loginRefused(e, principal{types.NewPrincipalName(1, "probe"), "CORP.TEST"}, secret)
}

func ServiceRefused(e messages.KRBError, spn string) error {
	return serviceRefused(e, principal{name: types.NewPrincipalName(2, spn)})
}

var (
	SSPIBindings = sspiBindings
	JoinSealed   = joinSealed
)

func (l *Logins) Heard(realm string)                 { l.heard(realm) }
func (l *Logins) Hush(realm string, since time.Time) { l.hush(realm, since) }
func (l *Logins) IsSilent(realm string) bool         { return l.isSilent(realm) }

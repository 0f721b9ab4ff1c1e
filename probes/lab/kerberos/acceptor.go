package kerberos

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-krb5/krb5/iana"
	"github.com/go-krb5/krb5/iana/asn1apptag"
	"github.com/go-krb5/krb5/iana/errorcode"
	"github.com/go-krb5/krb5/iana/etypeID"
	"github.com/go-krb5/krb5/iana/flags"
	"github.com/go-krb5/krb5/iana/keyusage"
	"github.com/go-krb5/krb5/iana/msgtype"
	"github.com/go-krb5/krb5/keytab"
	"github.com/go-krb5/krb5/messages"
	"github.com/go-krb5/krb5/types"
)

// Service is a server's side of Kerberos: its keys and what it has seen. Many
// connections may use it at once.
type Service struct {
	policy Policy
	clock  clock
	keys   []types.EncryptionKey
	seen   replays
}

// NewService makes a service of a keytab. Now is its clock; nil is the true time.
func NewService(file []byte, policy Policy, now func() time.Time) (*Service, error) {
	tab := keytab.New()
	if err := parse(file, tab); err != nil {
		return nil, fmt.Errorf("reading a service's keytab: %w", err)
	}
	s := &Service{policy: policy, clock: now}
	for _, entry := range tab.Entries {
		s.keys = append(s.keys, entry.Key)
	}
	if len(s.keys) == 0 {
		return nil, errors.New("reading a service's keytab: it holds no key")
	}
	return s, nil
}

// Acceptor is one context of the GSS-API, from its first token to its last
// message. It is for one connection, which asks one thing at a time.
type Acceptor struct {
	service  *Service
	bindings []byte

	user  string
	flags uint32
	seal  sealing
}

// Acceptor begins a context. The bindings are the application data of the
// channel's, "tls-server-end-point:" and the certificate's hash; nil is a
// channel without TLS, where no policy asks for them.
func (s *Service) Acceptor(bindings []byte) *Acceptor {
	return &Acceptor{service: s, bindings: bindings}
}

// User is who was accepted, as "name@REALM"; "" before that.
func (a *Acceptor) User() string { return a.user }

// errState is a method called out of its time.
var errState = errors.New("the context is not in the state for it")

// Accept takes the initiator's only token: a GSS-API token with an AP-REQ. Out
// is what to send back, with an error too: an AP-REP, a KRB-ERROR, or nothing.
// A refusal is a *Refusal, ErrToken or ErrBindings.
func (a *Acceptor) Accept(token []byte) (out []byte, done bool, err error) {
	if a.user != "" {
		return nil, false, fmt.Errorf("accepting a second token: %w", errState)
	}
	kind, message, err := Unframe(token)
	if err == nil && kind != tokenAPReq {
		err = fmt.Errorf("%w: one of kind %04x in place of AP-REQ", ErrToken, kind)
	}
	if err != nil {
		return nil, false, fmt.Errorf("accepting a token: %w", err)
	}
	now := a.service.clock.now()
	r, err := opener{a.service.keys, keyusage.AP_REQ_AUTHENTICATOR, now}.open(message)
	if err == nil {
		out, err = a.enter(r, now)
	}
	if err == nil {
		return out, true, nil
	}
	if why, ok := errors.AsType[*Refusal](err); ok {
		if why.Code == errorcode.KRB_ERR_GENERIC || why.Code == errorcode.KRB_AP_ERR_MSG_TYPE {
			return nil, false, fmt.Errorf("accepting a token: %w: %s", ErrToken, why.Why) // MS-KILE 3.4.5
		}
		out = Frame(tokenError, clientError(why, now, r.Ticket))
	}
	return out, false, fmt.Errorf("accepting a token: %w", err)
}

// clientError is the KRB-ERROR of a Windows service. With a skew it says that
// the client may try again by our time (MS-KILE 2.2.2).
func clientError(why *Refusal, now time.Time, ticket messages.Ticket) []byte {
	sent := *why
	if sent.Code == errorcode.KRB_AP_ERR_SKEW {
		if data, err := encode(errorData{Type: skewRecovery}, noTag); err == nil {
			sent.data = data
		}
	}
	name := ticket.SName
	if name.NameString == nil {
		name.NameString = []string{}
	}
	return errorMessage(&sent, now, ticket.Realm, name)
}

// enter makes the context of a true AP-REQ and writes the AP-REP if the client
// wants one.
func (a *Acceptor) enter(r apRequest, now time.Time) ([]byte, error) {
	sent, set, err := contextFlags(r.auth.Cksum)
	if err != nil {
		return nil, err
	}
	if err := a.bound(sent, r.auth.AuthorizationData); err != nil {
		return nil, err
	}
	if a.service.seen.again(r.EncryptedAuthenticator.Cipher, now) {
		return nil, refuse(errorcode.KRB_AP_ERR_REPEAT, "the same authenticator again")
	}
	key := r.auth.SubKey
	if len(key.KeyValue) == 0 {
		key = r.ticket.Key
	}
	if !usable(key) || key.KeyType == etypeID.RC4_HMAC {
		return nil, refuse(errorcode.KDC_ERR_ETYPE_NOSUPP, "sealing with a key of type %d", key.KeyType)
	}
	first := uint64(uint32(r.auth.SeqNumber))
	a.seal = sealing{key: key, theirs: first, ours: first, ordered: set&(flagReplay|flagSequence) != 0}
	var out []byte
	if set&flagMutual != 0 || r.APOptions.At(flags.APOptionMutualRequired) == 1 {
		if out, err = a.mutual(r); err != nil {
			return nil, err
		}
	}
	a.flags = set
	a.user = r.ticket.CName.PrincipalNameString() + "@" + r.ticket.CRealm
	return out, nil
}

// mutual writes the AP-REP: the client's time back, a key of the service's own
// and where its numbers begin.
func (a *Acceptor) mutual(r apRequest) ([]byte, error) {
	subkey, err := newKey(a.seal.key.KeyType)
	if err != nil {
		return nil, err
	}
	var number [4]byte
	if _, err := rand.Read(number[:]); err != nil {
		return nil, err
	}
	first := binary.BigEndian.Uint32(number[:])&0x3fffffff | 1 // 0 would not be written
	part := messages.EncAPRepPart{
		CTime: r.auth.CTime, Cusec: r.auth.Cusec, Subkey: subkey, SequenceNumber: int64(first),
	}
	sealed, err := encrypt(part, asn1apptag.EncAPRepPart, r.ticket.Key, keyusage.AP_REP_ENCPART)
	if err != nil {
		return nil, err
	}
	reply, err := encode(messages.APRep{PVNO: iana.PVNO, MsgType: msgtype.KRB_AP_REP, EncPart: sealed}, asn1apptag.APREP)
	if err != nil {
		return nil, err
	}
	a.seal.key, a.seal.own, a.seal.ours = subkey, true, uint64(first)
	return Frame(tokenAPRep, reply), nil
}

// replays remembers authenticators for as long as they could be true.
type replays struct {
	mu    sync.Mutex
	seen  map[[sha256.Size]byte]time.Time
	swept time.Time
}

// again says whether an authenticator was here before.
func (r *replays) again(authenticator []byte, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen == nil {
		r.seen = map[[sha256.Size]byte]time.Time{}
	}
	if now.Sub(r.swept).Abs() > skew { // so that it does not grow for ever
		r.swept = now
		for sum, at := range r.seen {
			if now.Sub(at) > 2*skew {
				delete(r.seen, sum)
			}
		}
	}
	sum := sha256.Sum256(authenticator)
	if _, before := r.seen[sum]; before {
		return true
	}
	r.seen[sum] = now
	return false
}

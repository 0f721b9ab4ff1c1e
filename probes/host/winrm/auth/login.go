package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-krb5/krb5/crypto"
	"github.com/go-krb5/krb5/iana/errorcode"
	"github.com/go-krb5/krb5/iana/keyusage"
	"github.com/go-krb5/krb5/iana/nametype"
	"github.com/go-krb5/krb5/keytab"
	"github.com/go-krb5/krb5/messages"
	"github.com/go-krb5/krb5/types"

	"postpatch/probes/host"
	"postpatch/probes/internal/kdc"
)

// principal is a Kerberos name.
type principal struct {
	name  types.PrincipalName
	realm string
}

func (p principal) String() string {
	if p.realm == "" {
		return p.name.PrincipalNameString()
	}
	return p.name.PrincipalNameString() + "@" + p.realm
}

func (p principal) is(q principal) bool { return p.realm == q.realm && p.name.Equal(q.name) }

// ticketService is the KDC's own service, which a first ticket is for.
func ticketService(realm, of string) principal {
	name := types.PrincipalName{NameType: nametype.KRB_NT_SRV_INST, NameString: []string{"krbtgt", realm}}
	return principal{name, of}
}

// login gets a first ticket from a password or a keytab: the AS exchange.
type login struct {
	kdcs     *kdcs
	client   principal
	password host.Secret
	keytab   *keytab.Keytab // nil with a password
}

func (l *login) secret() string {
	if l.keytab != nil {
		return "keytab"
	}
	return "password"
}

func (l *login) get(ctx context.Context) (ticket, error) {
	var t ticket
	err := kdc.Guard(func() (err error) { t, err = l.exchange(ctx); return err })
	return t, err
}

func (l *login) exchange(ctx context.Context) (ticket, error) {
	request, err := messages.NewASReqForTGT(l.client.realm, l.kdcs.conf, l.client.name)
	if err != nil {
		return ticket{}, err
	}
	if request.ReqBody.EType, err = l.etypes(); err != nil {
		return ticket{}, err
	}
	var hints types.PADataSequence
	asked := question{realm: l.client.realm}
	reply, err := l.send(ctx, &request, &asked)
	if wants := new(messages.KRBError); errors.As(err, wants) && wants.ErrorCode == errorcode.KDC_ERR_PREAUTH_REQUIRED {
		if hints, err = l.prove(&request, wants.EData); err != nil {
			return ticket{}, err
		}
		asked.proves = true
		reply, err = l.send(ctx, &request, &asked)
	}
	if refused := new(messages.KRBError); errors.As(err, refused) {
		return ticket{}, loginRefused(*refused, l.client, l.secret())
	}
	if err != nil {
		return ticket{}, err
	}
	return l.accept(request, reply, hints)
}

func (l *login) send(ctx context.Context, request *messages.ASReq, asked *question) (reply []byte, err error) {
	if asked.request, err = request.Marshal(); err != nil {
		return nil, err
	}
	return l.kdcs.ask(ctx, asked)
}

// etypes are those that there is a key for.
func (l *login) etypes() ([]int32, error) {
	if l.keytab == nil {
		return kdc.Strongest(), nil
	}
	fitting := slices.DeleteFunc(kdc.Strongest(), func(etype int32) bool {
		_, _, err := l.keytab.GetEncryptionKey(l.client.name, l.client.realm, 0, etype)
		return err != nil
	})
	if len(fitting) == 0 {
		return nil, &refusal{
			what: fmt.Sprintf("the keytab has no AES key for %q (%s)", l.client.String(), holdings(l.keytab)),
			way:  "write one with ktpass -crypto AES256-SHA1, or name the user that it is for",
		}
	}
	return fitting, nil
}

// holdings names the principals of a keytab, some of them if they are many.
func holdings(keys *keytab.Keytab) string {
	var names []string
	for _, entry := range keys.Entries {
		names = append(names, fmt.Sprintf("%.100q", entry.Principal.String()))
	}
	slices.Sort(names)
	names = slices.Compact(names)
	switch n := len(names); {
	case n == 0:
		return "it is empty"
	case n > 3:
		return fmt.Sprintf("it has keys for %s and %d more", strings.Join(names[:3], ", "), n-3)
	default:
		return "it has keys for " + strings.Join(names, ", ")
	}
}

// prove adds the time, encrypted with the account's key, RFC 4120 5.2.7.2. It
// returns the KDC's hints for making that key.
func (l *login) prove(request *messages.ASReq, wanted []byte) (hints types.PADataSequence, err error) {
	if err := hints.Unmarshal(wanted); err != nil {
		return nil, fmt.Errorf("reading what the KDC wants: %w", err)
	}
	info := kdc.Hints(hints)
	fits := slices.IndexFunc(info, func(e types.ETypeInfo2Entry) bool {
		return slices.Contains(request.ReqBody.EType, e.EType)
	})
	if fits < 0 {
		// A proof with a key that the KDC lacks would count as a wrong password.
		return nil, noAES(l.client)
	}
	key, kvno, err := l.key(info[fits].EType, hints)
	if err != nil {
		return nil, err
	}
	proof, err := kdc.Proof(key, kvno)
	if err != nil {
		return nil, err
	}
	request.PAData = types.PADataSequence{proof}
	return hints, nil
}

// key is the account's key of a kind.
func (l *login) key(etype int32, hints types.PADataSequence) (types.EncryptionKey, int, error) {
	if l.keytab != nil {
		return l.keytab.GetEncryptionKey(l.client.name, l.client.realm, 0, etype)
	}
	key, err := kdc.Key(l.password, kdc.Principal{Name: l.client.name, Realm: l.client.realm}, etype, hints)
	return key, 0, err
}

// accept opens the KDC's reply and holds it against the request, RFC 4120 3.1.5.
// There are hints when the KDC has asked for a proof, and has taken it.
func (l *login) accept(request messages.ASReq, b []byte, hints types.PADataSequence) (ticket, error) {
	var reply messages.ASRep
	if err := reply.Unmarshal(b); err != nil {
		return ticket{}, fmt.Errorf("reading the KDC's reply: %w", err)
	}
	if len(kdc.Hints(reply.PAData)) > 0 || hints == nil {
		hints = reply.PAData
	}
	key, _, err := l.key(reply.EncPart.EType, hints)
	if err != nil {
		return ticket{}, err
	}
	part, err := kdc.Open(reply.EncPart, key, keyusage.AS_REP_ENCPART)
	switch {
	case errors.Is(err, kdc.ErrSeal) && len(request.PAData) > 0:
		return ticket{}, errors.New("the KDC's reply is sealed with another key than its question")
	case errors.Is(err, kdc.ErrSeal): // nobody asked for a proof, so this is where a wrong secret shows
		return ticket{}, wrongSecret(l.client, l.secret())
	case err != nil:
		return ticket{}, err
	}
	first, err := kdc.First(part, reply, request, kdc.Principal{Name: l.client.name, Realm: l.client.realm})
	if err == nil && time.Since(first.Start).Abs() > kdc.MostSkew {
		err = skewed("the KDC", first.Start)
	}
	if err != nil {
		return ticket{}, err
	}
	return newTicket(ticket{
		client: l.client, server: principal{first.Server.Name, first.Server.Realm},
		ticket: first.Ticket, key: first.Key, end: first.End,
	})
}

// newTicket refuses keys that are not AES of the right length.
func newTicket(t ticket) (ticket, error) {
	if err := checkKey(t.key); err != nil {
		return ticket{}, &refusal{
			what: fmt.Sprintf("the ticket for %q %v", t.server.String(), err),
			way:  "allow AES for the accounts of the user and the host (msDS-SupportedEncryptionTypes)",
		}
	}
	return t, nil
}

func checkKey(key types.EncryptionKey) error {
	if !kdc.IsStrong(key.KeyType) {
		return fmt.Errorf("has a key of kind %d, which is no AES", key.KeyType)
	}
	method, err := crypto.GetEtype(key.KeyType)
	if err != nil {
		return err
	}
	if len(key.KeyValue) != method.GetKeyByteSize() {
		return fmt.Errorf("has a key of %d bytes, not %d", len(key.KeyValue), method.GetKeyByteSize())
	}
	return nil
}

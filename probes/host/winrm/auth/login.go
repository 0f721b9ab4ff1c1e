package auth

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-krb5/krb5/crypto"
	"github.com/go-krb5/krb5/iana/errorcode"
	"github.com/go-krb5/krb5/iana/etypeID"
	"github.com/go-krb5/krb5/iana/keyusage"
	"github.com/go-krb5/krb5/iana/nametype"
	"github.com/go-krb5/krb5/iana/patype"
	"github.com/go-krb5/krb5/keytab"
	"github.com/go-krb5/krb5/messages"
	"github.com/go-krb5/krb5/types"

	"postpatch/probes/host"
)

// maxSkew is what Kerberos allows clocks to differ by.
const maxSkew = 5 * time.Minute

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

// strongest are the kinds of encryption that are asked for: AES and nothing else.
func strongest() []int32 {
	return []int32{
		etypeID.AES256_CTS_HMAC_SHA1_96, etypeID.AES128_CTS_HMAC_SHA1_96,
		etypeID.AES256_CTS_HMAC_SHA384_192, etypeID.AES128_CTS_HMAC_SHA256_128,
	}
}

func isStrong(etype int32) bool { return slices.Contains(strongest(), etype) }

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
	err := guard(func() (err error) { t, err = l.exchange(ctx); return err })
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
		return strongest(), nil
	}
	fitting := slices.DeleteFunc(strongest(), func(etype int32) bool {
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
	info := etypeInfo(hints)
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
	now, err := types.GetPAEncTSEncAsnMarshalled()
	if err != nil {
		return nil, err
	}
	sealed, err := crypto.GetEncryptedData(now, key, keyusage.AS_REQ_PA_ENC_TIMESTAMP, kvno)
	if err != nil {
		return nil, err
	}
	b, err := sealed.Marshal()
	if err != nil {
		return nil, err
	}
	request.PAData = types.PADataSequence{{PADataType: patype.PA_ENC_TIMESTAMP, PADataValue: b}}
	return hints, nil
}

// etypeInfo are the KDC's hints for making keys of passwords. It sends one for each
// kind that it has a key of and that was asked for, RFC 4120 5.2.7.5.
func etypeInfo(methods types.PADataSequence) types.ETypeInfo2 {
	for _, method := range methods {
		if method.PADataType == patype.PA_ETYPE_INFO2 {
			if info, err := method.GetETypeInfo2(); err == nil {
				return info
			}
		}
	}
	return nil
}

// key is the account's key of a kind.
func (l *login) key(etype int32, hints types.PADataSequence) (types.EncryptionKey, int, error) {
	if l.keytab != nil {
		return l.keytab.GetEncryptionKey(l.client.name, l.client.realm, 0, etype)
	}
	if !isStrong(etype) {
		return types.EncryptionKey{}, 0, fmt.Errorf("the KDC wants encryption of kind %d, which is no AES", etype)
	}
	method, err := crypto.GetEtype(etype)
	if err != nil {
		return types.EncryptionKey{}, 0, err
	}
	salt, params := l.client.name.GetSalt(l.client.realm), method.GetDefaultStringToKeyParams()
	for _, info := range etypeInfo(hints) {
		if info.EType != etype {
			continue
		}
		if info.Salt != "" {
			salt = info.Salt
		}
		if len(info.S2KParams) == 4 {
			// The number of rounds. A KDC that asks for many would keep us busy.
			const most = 1 << 18 // Windows wants 2^12, RFC 8009 2^15
			if rounds := binary.BigEndian.Uint32(info.S2KParams); rounds == 0 || rounds > most {
				return types.EncryptionKey{}, 0, fmt.Errorf("the KDC wants %d rounds for a key, not 1 to %d", rounds, most)
			}
			params = hex.EncodeToString(info.S2KParams)
		}
		break
	}
	value, err := method.StringToKey(l.password.Reveal(), salt, params)
	return types.EncryptionKey{KeyType: etype, KeyValue: value}, 0, err
}

// accept opens the KDC's reply and holds it against the request, RFC 4120 3.1.5.
// There are hints when the KDC has asked for a proof, and has taken it.
func (l *login) accept(request messages.ASReq, b []byte, hints types.PADataSequence) (ticket, error) {
	var reply messages.ASRep
	if err := reply.Unmarshal(b); err != nil {
		return ticket{}, fmt.Errorf("reading the KDC's reply: %w", err)
	}
	if len(etypeInfo(reply.PAData)) > 0 || hints == nil {
		hints = reply.PAData
	}
	key, _, err := l.key(reply.EncPart.EType, hints)
	if err != nil {
		return ticket{}, err
	}
	plain, err := crypto.DecryptEncPart(reply.EncPart, key, keyusage.AS_REP_ENCPART)
	switch {
	case err != nil && len(request.PAData) > 0:
		return ticket{}, errors.New("the KDC's reply is sealed with another key than its question")
	case err != nil: // nobody asked for a proof, so this is where a wrong secret shows
		return ticket{}, wrongSecret(l.client, l.secret())
	}
	var part messages.EncKDCRepPart
	if err := part.Unmarshal(plain); err != nil {
		return ticket{}, fmt.Errorf("reading the KDC's reply: %w", err)
	}
	server := ticketService(l.client.realm, l.client.realm)
	switch {
	case part.Nonce != request.ReqBody.Nonce:
		err = errors.New("the KDC's reply belongs to another request")
	case !l.client.is(principal{reply.CName, reply.CRealm}), !server.is(principal{part.SName, part.SRealm}):
		err = errors.New("the KDC's reply is for another account or service")
	case time.Since(part.AuthTime).Abs() > maxSkew:
		err = skewed("the KDC", part.AuthTime)
	}
	if err != nil {
		return ticket{}, err
	}
	return newTicket(ticket{client: l.client, server: server, ticket: reply.Ticket, key: part.Key, end: part.EndTime})
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
	if !isStrong(key.KeyType) {
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

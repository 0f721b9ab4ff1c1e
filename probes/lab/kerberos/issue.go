package kerberos

import (
	"encoding/binary"
	"time"

	"github.com/go-krb5/krb5/crypto"
	"github.com/go-krb5/krb5/iana"
	"github.com/go-krb5/krb5/iana/asn1apptag"
	"github.com/go-krb5/krb5/iana/errorcode"
	"github.com/go-krb5/krb5/iana/etypeID"
	"github.com/go-krb5/krb5/iana/flags"
	"github.com/go-krb5/krb5/iana/keyusage"
	"github.com/go-krb5/krb5/iana/msgtype"
	"github.com/go-krb5/krb5/iana/patype"
	"github.com/go-krb5/krb5/messages"
	"github.com/go-krb5/krb5/types"
)

// grant is a ticket on its way.
type grant struct {
	request request
	client  types.PrincipalName
	service *entry
	from    *messages.EncTicketPart // the ticket it comes from; nil after a password
	padata  types.PADataSequence
	usage   uint32 // of the key that seals the answer

	now, authTime, end, renewTill time.Time
	flags                         []int
}

// fresh settles times and flags of a ticket for a password.
func (k *KDC) fresh(g *grant) error {
	body := g.request.body
	if body.From.After(g.now.Add(skew)) {
		return refuse(errorcode.KDC_ERR_CANNOT_POSTDATE, "from %s", body.From.Format(time.RFC3339))
	}
	g.usage = keyusage.AS_REP_ENCPART
	g.flags = append(g.flags, flags.Initial, flags.PreAuthent)
	g.end = until(body.Till, g.now.Add(k.options.TicketLife))
	limit := g.now.Add(k.options.RenewLife)
	switch {
	case g.request.asks(flags.Renewable):
		g.renewTill = until(body.RTime, limit)
	case g.request.asks(flags.RenewableOK) && until(body.Till, limit).After(g.end):
		g.renewTill = until(body.Till, limit)
	}
	g.inherit(flags.Forwardable, flags.Proxiable)
	return g.settle()
}

// derived settles times and flags of a ticket for a ticket. It ends with it.
func (k *KDC) derived(g *grant) error {
	body := g.request.body
	g.end = until(body.Till, earlier(g.now.Add(k.options.TicketLife), g.from.EndTime))
	renewable := g.from.Flags.At(flags.Renewable) == 1
	if renewable && g.request.asks(flags.Renewable) {
		g.renewTill = until(body.RTime, g.from.RenewTill)
	}
	if g.request.asks(flags.Renew) {
		if !renewable || g.service != k.krbtgt {
			return refuse(errorcode.KDC_ERR_BADOPTION, "renewing what is not renewable")
		}
		if !g.from.RenewTill.After(g.now) {
			return refuse(errorcode.KRB_AP_ERR_TKT_EXPIRED, "renewable until %s", g.from.RenewTill.Format(time.RFC3339))
		}
		g.renewTill = g.from.RenewTill
		g.end = earlier(g.now.Add(g.from.EndTime.Sub(g.from.StartTime)), g.renewTill)
	}
	if g.from.Flags.At(flags.PreAuthent) == 1 {
		g.flags = append(g.flags, flags.PreAuthent)
	}
	if g.request.asks(flags.Forwarded) {
		if g.from.Flags.At(flags.Forwardable) == 0 {
			return refuse(errorcode.KDC_ERR_BADOPTION, "forwarding what is not forwardable")
		}
		g.flags = append(g.flags, flags.Forwarded)
	}
	g.inherit(flags.Forwardable, flags.Proxiable)
	return g.settle()
}

// inherit sets the flags that are asked for and that the ticket before has, if
// there is one.
func (g *grant) inherit(wanted ...int) {
	for _, flag := range wanted {
		if g.request.asks(flag) && (g.from == nil || g.from.Flags.At(flag) == 1) {
			g.flags = append(g.flags, flag)
		}
	}
}

// settle does what is the same for every ticket. Windows sets EncPARep, which
// has the same bit as name-canonicalize, in all of them.
func (g *grant) settle() error {
	if !g.end.After(g.now) {
		return refuse(errorcode.KDC_ERR_NEVER_VALID, "until %s", g.end.Format(time.RFC3339))
	}
	if !g.renewTill.IsZero() {
		g.flags = append(g.flags, flags.Renewable)
	}
	g.flags = append(g.flags, flags.EncPARep)
	return nil
}

// until is the time a client asks for, within a limit. 1970 asks for the limit.
func until(asked, limit time.Time) time.Time {
	if asked.Unix() <= 0 {
		return limit
	}
	return earlier(asked, limit)
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// issue writes the ticket and the answer, which key seals.
func (k *KDC) issue(g grant, key types.EncryptionKey) ([]byte, error) {
	session, err := k.session(g)
	if err != nil {
		return nil, err
	}
	if !usable(key) {
		return nil, refuse(errorcode.KDC_ERR_ETYPE_NOSUPP, "a subkey of type %d", key.KeyType)
	}
	start, _ := stamp(g.now)
	part := messages.EncTicketPart{
		Flags: flagsOf(g.flags...), Key: session, CRealm: k.realm, CName: g.client,
		Transited: messages.TransitedEncoding{TRType: 1, Contents: []byte{}},
		AuthTime:  g.authTime.UTC().Truncate(time.Second), StartTime: start,
		EndTime: g.end.UTC().Truncate(time.Second), RenewTill: g.renewTill.UTC().Truncate(time.Second),
	}
	ticket, err := k.ticket(part, g.request.body.SName, g.service)
	if err != nil {
		return nil, err
	}
	reply := messages.EncKDCRepPart{
		Key: session, LastReqs: []messages.LastReq{{LRType: 0, LRValue: start}}, Nonce: g.request.body.Nonce,
		Flags: part.Flags, AuthTime: part.AuthTime, StartTime: start, EndTime: part.EndTime, RenewTill: part.RenewTill,
		SRealm: k.realm, SName: g.request.body.SName,
	}
	if reply.EncPAData, err = sealedData(g, key); err != nil {
		return nil, err
	}
	fields := messages.KDCRepFields{
		PVNO: iana.PVNO, PAData: g.padata, CRealm: k.realm, CName: g.client, Ticket: ticket,
	}
	if g.from != nil {
		fields.MsgType = msgtype.KRB_TGS_REP
		if fields.EncPart, err = encrypt(reply, asn1apptag.EncTGSRepPart, key, g.usage); err != nil {
			return nil, err
		}
		return (&messages.TGSRep{KDCRepFields: fields}).Marshal()
	}
	fields.MsgType = msgtype.KRB_AS_REP
	reply.KeyExpiration = never()
	if fields.EncPart, err = encrypt(reply, asn1apptag.EncASRepPart, key, g.usage); err != nil {
		return nil, err
	}
	fields.EncPart.KVNO = keyVersion
	return (&messages.ASRep{KDCRepFields: fields}).Marshal()
}

// never is when Windows says that a password expires which does not.
func never() time.Time { return time.Date(2037, 9, 14, 2, 48, 5, 0, time.UTC) }

// session makes the key for client and service, of the strongest type that both
// know.
func (k *KDC) session(g grant) (types.EncryptionKey, error) {
	both := k.usable(g.service.shared(g.request.body.EType))
	if len(both) == 0 {
		return types.EncryptionKey{}, refuse(errorcode.KDC_ERR_ETYPE_NOSUPP, "%v", g.request.body.EType)
	}
	return newKey(both[0].KeyType)
}

// ticket seals a ticket with the service's strongest key, which is no business
// of the client's.
func (k *KDC) ticket(part messages.EncTicketPart, name types.PrincipalName, service *entry) (messages.Ticket, error) {
	keys := k.usable(service.keys)
	if len(keys) == 0 {
		return messages.Ticket{}, refuse(errorcode.KDC_ERR_ETYPE_NOSUPP, "%q has no such key", service.Name)
	}
	sealed, err := encrypt(part, asn1apptag.EncTicketPart, keys[0], keyusage.KDC_REP_TICKET)
	sealed.KVNO = keyVersion
	return messages.Ticket{TktVNO: iana.PVNO, Realm: k.realm, SName: name, EncPart: sealed}, err
}

// sealedData are the encrypted padata: the types that the service knows (MS-KILE
// 2.2.8), and, for who asks, a checksum over the request (RFC 6806 11). There is
// no PA-FX-FAST among them, because the domain has no armouring.
func sealedData(g grant, key types.EncryptionKey) (types.PADataSequence, error) {
	mask := uint32(0)
	for _, key := range g.service.keys {
		switch key.KeyType {
		case etypeID.RC4_HMAC:
			mask |= 0x4
		case etypeID.AES128_CTS_HMAC_SHA1_96:
			mask |= 0x8
		case etypeID.AES256_CTS_HMAC_SHA1_96:
			mask |= 0x10
		}
	}
	known := types.PAData{
		PADataType: patype.PA_SUPPORTED_ETYPES, PADataValue: binary.LittleEndian.AppendUint32(nil, mask),
	}
	if _, asked := g.request.find(patype.PA_REQ_ENC_PA_REP); !asked || g.from != nil {
		return types.PADataSequence{known}, nil
	}
	etype, err := crypto.GetEtype(key.KeyType)
	if err != nil {
		return nil, err
	}
	sum, err := etype.GetChecksumHash(key.KeyValue, g.request.raw, keyusage.KEY_USAGE_AS_REQ)
	if err != nil {
		return nil, err
	}
	value, err := encode(types.PAReqEncPARep{ChksumType: etype.GetHashID(), Chksum: sum}, noTag)
	return types.PADataSequence{known, {PADataType: patype.PA_REQ_ENC_PA_REP, PADataValue: value}}, err
}

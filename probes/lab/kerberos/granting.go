package kerberos

import (
	"strings"
	"time"

	"github.com/go-krb5/krb5/crypto"
	"github.com/go-krb5/krb5/iana/errorcode"
	"github.com/go-krb5/krb5/iana/flags"
	"github.com/go-krb5/krb5/iana/keyusage"
	"github.com/go-krb5/krb5/iana/patype"
	"github.com/go-krb5/krb5/types"
)

// trusted is how long a domain controller takes a ticket for the account's good
// standing (MS-KILE 3.3.5.7.1 and its note).
const trusted = 20 * time.Minute

// ticketGranting answers a TGS-REQ (RFC 4120 3.3).
func (k *KDC) ticketGranting(r request) ([]byte, error) {
	raw, ok := r.find(patype.PA_TGS_REQ)
	if !ok {
		return nil, refuse(errorcode.KDC_ERR_PADATA_TYPE_NOSUPP, "no PA-TGS-REQ")
	}
	now := k.clock.now()
	own := opener{k.krbtgt.keys, keyusage.TGS_REQ_PA_TGS_REQ_AP_REQ_AUTHENTICATOR, now}
	ap, err := own.open(raw)
	if err != nil {
		return nil, err
	}
	if err := covers(ap, r.sealed); err != nil {
		return nil, err
	}
	if !strings.EqualFold(r.body.Realm, k.realm) {
		return nil, refuse(errorcode.KDC_ERR_WRONG_REALM, "%q", r.body.Realm)
	}
	user, ok := k.client(ap.ticket.CName)
	if !ok {
		return nil, refuse(errorcode.KDC_ERR_TGT_REVOKED, "%q is gone", ap.ticket.CName.PrincipalNameString())
	}
	if now.Sub(ap.ticket.AuthTime) > trusted {
		if err := k.admits(user); err != nil {
			return nil, err
		}
	}
	for _, option := range []int{flags.EncTktInSkey, flags.Validate, flags.Proxy, flags.PostDated} {
		if r.asks(option) {
			return nil, refuse(errorcode.KDC_ERR_BADOPTION, "option %d", option)
		}
	}
	service, ok := k.service(r.body.SName)
	if !ok {
		return nil, unknownService(r.body.SName)
	}
	g := grant{
		request: r, client: ap.ticket.CName, service: service, now: now,
		authTime: ap.ticket.AuthTime, from: &ap.ticket,
	}
	if err := k.derived(&g); err != nil {
		return nil, err
	}
	if len(ap.auth.SubKey.KeyValue) > 0 {
		g.usage = keyusage.TGS_REP_ENCPART_AUTHENTICATOR_SUB_KEY
		return k.issue(g, ap.auth.SubKey)
	}
	g.usage = keyusage.TGS_REP_ENCPART_SESSION_KEY
	return k.issue(g, ap.ticket.Key)
}

// covers checks the checksum over the body, so that nobody changed on the way
// what is asked for.
func covers(ap apRequest, body []byte) error {
	etype, err := crypto.GetChksumEtype(ap.auth.Cksum.CksumType)
	if err != nil || etype.GetETypeID() != ap.ticket.Key.KeyType {
		return refuse(errorcode.KRB_AP_ERR_INAPP_CKSUM, "a checksum of type %d", ap.auth.Cksum.CksumType)
	}
	const usage = keyusage.TGS_REQ_PA_TGS_REQ_AP_REQ_AUTHENTICATOR_CHKSUM
	if !etype.VerifyChecksum(ap.ticket.Key.KeyValue, body, ap.auth.Cksum.Checksum, usage) {
		return refuse(errorcode.KRB_AP_ERR_MODIFIED, "the body is not what its checksum covers")
	}
	return nil
}

// usable says whether a client's subkey can seal an answer.
func usable(key types.EncryptionKey) bool {
	etype, err := crypto.GetEtype(key.KeyType)
	return err == nil && strength(key.KeyType) > 0 && len(key.KeyValue) == etype.GetKeyByteSize()
}

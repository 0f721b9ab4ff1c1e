package kerberos

import (
	"time"

	"github.com/go-krb5/krb5/iana/asn1apptag"
	"github.com/go-krb5/krb5/iana/errorcode"
	"github.com/go-krb5/krb5/iana/flags"
	"github.com/go-krb5/krb5/iana/keyusage"
	"github.com/go-krb5/krb5/messages"
	"github.com/go-krb5/krb5/types"
)

// apRequest is an AP-REQ that was opened and is true.
type apRequest struct {
	messages.APReq
	ticket messages.EncTicketPart
	auth   types.Authenticator
}

// opener is who an AP-REQ is for: its keys, what the authenticator's key is used
// for, and its time.
type opener struct {
	keys  []types.EncryptionKey
	usage uint32
	now   time.Time
}

// open reads an AP-REQ and holds it to RFC 4120 3.2.3. The errors are those of
// Windows, which says KRB_AP_ERR_MODIFIED for whatever its key does not open.
func (o opener) open(raw []byte) (apRequest, error) {
	var r apRequest
	if len(raw) == 0 || raw[0] != 0x60|asn1apptag.APREQ {
		return r, refuse(errorcode.KRB_AP_ERR_MSG_TYPE, "no AP-REQ")
	}
	if err := parse(raw, &r.APReq); err != nil {
		return r, err
	}
	if r.PVNO != 5 || r.Ticket.TktVNO != 5 {
		return r, refuse(errorcode.KRB_AP_ERR_BADVERSION, "version %d with a ticket of version %d", r.PVNO, r.Ticket.TktVNO)
	}
	if r.APOptions.At(flags.APOptionUseSessionKey) == 1 {
		return r, refuse(errorcode.KRB_AP_ERR_NO_TGT, "user to user")
	}
	if err := o.openTicket(&r); err != nil {
		return r, err
	}
	plain, err := decrypt(r.EncryptedAuthenticator, r.ticket.Key, o.usage)
	if err != nil {
		return r, refuse(errorcode.KRB_AP_ERR_MODIFIED, "opening the authenticator: %v", err)
	}
	if err := parse(plain, &r.auth); err != nil {
		return r, err
	}
	if r.auth.CRealm != r.ticket.CRealm || !r.auth.CName.Equal(r.ticket.CName) {
		return r, refuse(errorcode.KRB_AP_ERR_BADMATCH, "a ticket of %q with an authenticator of %q",
			r.ticket.CName.PrincipalNameString(), r.auth.CName.PrincipalNameString())
	}
	if apart(r.auth.CTime, o.now) {
		return r, refuse(errorcode.KRB_AP_ERR_SKEW, "the client's time is %s, ours %s",
			r.auth.CTime.Format(time.RFC3339), o.now.Format(time.RFC3339))
	}
	return r, nil
}

func (o opener) openTicket(r *apRequest) error {
	known := false
	var plain []byte
	err := error(nil)
	for _, key := range o.keys {
		if key.KeyType != r.Ticket.EncPart.EType {
			continue
		}
		known = true
		if plain, err = decrypt(r.Ticket.EncPart, key, keyusage.KDC_REP_TICKET); err == nil {
			break
		}
	}
	switch {
	case !known:
		return refuse(errorcode.KRB_AP_ERR_NOKEY, "no key of type %d", r.Ticket.EncPart.EType)
	case err != nil:
		return refuse(errorcode.KRB_AP_ERR_MODIFIED, "opening the ticket for %q: %v",
			r.Ticket.SName.PrincipalNameString(), err)
	}
	if err := parse(plain, &r.ticket); err != nil {
		return err
	}
	start := r.ticket.StartTime
	if start.IsZero() {
		start = r.ticket.AuthTime
	}
	switch {
	case r.ticket.Flags.At(flags.Invalid) == 1 || start.After(o.now.Add(skew)):
		return refuse(errorcode.KRB_AP_ERR_TKT_NYV, "the ticket begins at %s", start.Format(time.RFC3339))
	case r.ticket.EndTime.Before(o.now.Add(-skew)):
		return refuse(errorcode.KRB_AP_ERR_TKT_EXPIRED, "the ticket ended at %s", r.ticket.EndTime.Format(time.RFC3339))
	}
	return nil
}

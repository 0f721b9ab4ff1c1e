package kdc

import (
	"errors"
	"fmt"

	"github.com/go-krb5/krb5/config"
	"github.com/go-krb5/krb5/crypto"
	"github.com/go-krb5/krb5/iana/keyusage"
	"github.com/go-krb5/krb5/messages"
	"github.com/go-krb5/krb5/types"
)

// ErrSeal is wrapped by errors that mean: the reply is sealed with another key.
var ErrSeal = errors.New("opening the KDC's reply")

// Open opens the sealed part of a reply with a key, for one use of it.
func Open(sealed types.EncryptedData, key types.EncryptionKey, usage uint32) (part messages.EncKDCRepPart, err error) {
	plain, err := crypto.DecryptEncPart(sealed, key, usage)
	if err != nil {
		return part, fmt.Errorf("%w: %w", ErrSeal, err)
	}
	if err := part.Unmarshal(plain); err != nil {
		return part, fmt.Errorf("reading the KDC's reply: %w", err)
	}
	return part, nil
}

// Wanted is a service's ticket that is asked for.
type Wanted struct {
	Client  Principal
	Realm   string // whose KDC is asked
	Service types.PrincipalName
}

// ForService is a request for it with a first ticket, that of the realm's own KDC.
func ForService(conf *config.Config, first Granted, w Wanted) (messages.TGSReq, error) {
	return messages.NewTGSReq(
		w.Client.Name, w.Client.Realm, w.Realm, conf, first.Ticket, first.Key, w.Service, false)
}

// Service opens what a KDC replies to a request for a service, and holds it against it.
func Service(b []byte, request messages.TGSReq, client Principal, key types.EncryptionKey) (Granted, error) {
	var reply messages.TGSRep
	if err := reply.Unmarshal(b); err != nil {
		return Granted{}, fmt.Errorf("reading the KDC's reply: %w", err)
	}
	part, err := Open(reply.EncPart, key, keyusage.TGS_REP_ENCPART_SESSION_KEY)
	switch {
	case err != nil:
		return Granted{}, err
	case part.Nonce != request.ReqBody.Nonce:
		return Granted{}, errors.New("the KDC's reply belongs to another request")
	case !reply.CName.Equal(client.Name) || reply.CRealm != client.Realm:
		return Granted{}, errors.New("the KDC's reply is for another account")
	}
	return granted(part, reply.Ticket), nil
}

func granted(part messages.EncKDCRepPart, ticket messages.Ticket) Granted {
	return Granted{
		Server: Principal{part.SName, part.SRealm}, Ticket: ticket, Key: part.Key, Start: part.AuthTime, End: part.EndTime,
	}
}

// First holds the opened part of a reply against the request for a first ticket, RFC
// 4120 3.1.5.
func First(
	part messages.EncKDCRepPart, reply messages.ASRep, request messages.ASReq, client Principal,
) (Granted, error) {
	g := granted(part, reply.Ticket)
	wanted := request.ReqBody.SName
	switch {
	case part.Nonce != request.ReqBody.Nonce:
		return g, errors.New("the KDC's reply belongs to another request")
	case !reply.CName.Equal(client.Name) || reply.CRealm != client.Realm,
		!g.Server.Name.Equal(wanted) || g.Server.Realm != client.Realm:
		return g, errors.New("the KDC's reply is for another account or service")
	}
	return g, nil
}

package kerberos

import (
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"github.com/go-krb5/krb5/iana/errorcode"
	"github.com/go-krb5/krb5/iana/etypeID"
	"github.com/go-krb5/krb5/iana/flags"
	"github.com/go-krb5/krb5/iana/keyusage"
	"github.com/go-krb5/krb5/iana/nametype"
	"github.com/go-krb5/krb5/iana/patype"
	"github.com/go-krb5/krb5/types"
	"github.com/go-krb5/x/encoding/asn1"
)

// The NTSTATUS that a domain controller adds to an error (MS-ERREF 2.3).
const (
	statusPasswordExpired  = 0xC0000071
	statusAccountDisabled  = 0xC0000072
	statusNoTrustAccount   = 0xC000018B
	statusAccountExpired   = 0xC0000193
	statusAccountLockedOut = 0xC0000234
)

// authentication answers an AS-REQ (RFC 4120 3.1). What keeps an account out is
// said before its password is asked for, but for an expired password.
func (k *KDC) authentication(r request) ([]byte, error) {
	if !strings.EqualFold(r.body.Realm, k.realm) {
		return nil, refuse(errorcode.KDC_ERR_WRONG_REALM, "%q", r.body.Realm)
	}
	user, ok := k.client(r.body.CName)
	if !ok {
		return nil, refuse(errorcode.KDC_ERR_C_PRINCIPAL_UNKNOWN, "%q", r.body.CName.PrincipalNameString())
	}
	if err := k.admits(user); err != nil {
		return nil, err
	}
	service, ok := k.service(r.body.SName)
	if !ok {
		return nil, unknownService(r.body.SName)
	}
	keys := k.usable(user.shared(r.body.EType))
	if len(keys) == 0 {
		return nil, refuse(errorcode.KDC_ERR_ETYPE_NOSUPP, "%v", r.body.EType)
	}
	now := k.clock.now()
	if err := k.proves(user, r, keys, now); err != nil {
		return nil, err
	}
	changing := strings.EqualFold(r.body.SName.PrincipalNameString(), changePassword)
	if user.State == PasswordExpired && !changing {
		return nil, extended(errorcode.KDC_ERR_KEY_EXPIRED, statusPasswordExpired)
	}
	g := grant{request: r, client: clientName(r, user), service: service, now: now, authTime: now}
	if err := k.fresh(&g); err != nil {
		return nil, err
	}
	g.padata = types.PADataSequence{{PADataType: patype.PA_ETYPE_INFO2, PADataValue: typeInfo(user, keys[:1])}}
	return k.issue(g, keys[0])
}

// clientName is the name in the ticket: the account's own when the client leaves
// it to the KDC (RFC 6806 5), else as it was asked for.
func clientName(r request, user *entry) types.PrincipalName {
	if r.asks(flags.Canonicalize) || r.body.CName.NameType == nametype.KRB_NT_ENTERPRISE {
		return types.PrincipalName{NameType: nametype.KRB_NT_PRINCIPAL, NameString: []string{user.Name}}
	}
	return r.body.CName
}

// admits says whether an account may log on at all.
func (k *KDC) admits(user *entry) error {
	k.mu.Lock()
	locked := k.options.LockAfter > 0 && k.wrong[strings.ToLower(user.Name)] >= k.options.LockAfter
	k.mu.Unlock()
	switch {
	case user.State == Locked || locked:
		return extended(errorcode.KDC_ERR_CLIENT_REVOKED, statusAccountLockedOut)
	case user.State == Disabled:
		return extended(errorcode.KDC_ERR_CLIENT_REVOKED, statusAccountDisabled)
	case user.State == Expired:
		return extended(errorcode.KDC_ERR_CLIENT_REVOKED, statusAccountExpired)
	default:
		return nil
	}
}

// proves checks PA-ENC-TIMESTAMP, the only pre-authentication there is here
// (RFC 4120 5.2.7.2).
func (k *KDC) proves(user *entry, r request, keys []types.EncryptionKey, now time.Time) error {
	raw, ok := r.find(patype.PA_ENC_TIMESTAMP)
	if !ok {
		return &Refusal{Code: errorcode.KDC_ERR_PREAUTH_REQUIRED, data: methods(user, keys)}
	}
	var sealed types.EncryptedData
	if err := parse(raw, &sealed); err != nil {
		return err
	}
	key, ok := user.key(sealed.EType)
	if !ok {
		return refuse(errorcode.KDC_ERR_ETYPE_NOSUPP, "a timestamp of type %d", sealed.EType)
	}
	name := strings.ToLower(user.Name)
	plain, err := decrypt(sealed, key, keyusage.AS_REQ_PA_ENC_TIMESTAMP)
	if err != nil {
		k.mu.Lock()
		k.wrong[name]++
		k.mu.Unlock()
		return &Refusal{Code: errorcode.KDC_ERR_PREAUTH_FAILED, data: methods(user, keys)}
	}
	var sent types.PAEncTSEnc
	if err := parse(plain, &sent); err != nil {
		return err
	}
	if apart(sent.PATimestamp, now) {
		return &Refusal{Code: errorcode.KRB_AP_ERR_SKEW}
	}
	k.mu.Lock()
	delete(k.wrong, name)
	k.mu.Unlock()
	return nil
}

// methods is METHOD-DATA as Windows lists it: the types of key, the timestamp,
// and certificates, which nobody uses here.
func methods(user *entry, keys []types.EncryptionKey) []byte {
	b, err := encode(types.PADataSequence{
		{PADataType: patype.PA_ETYPE_INFO2, PADataValue: typeInfo(user, keys)},
		{PADataType: patype.PA_ENC_TIMESTAMP, PADataValue: []byte{}},
		{PADataType: patype.PA_PK_AS_REQ, PADataValue: []byte{}},
		{PADataType: patype.PA_PK_AS_REP_OLD, PADataValue: []byte{}},
	}, noTag)
	if err != nil {
		return nil
	}
	return b
}

// typeInfo is ETYPE-INFO2. RC4 knows no salt.
func typeInfo(user *entry, keys []types.EncryptionKey) []byte {
	info := make(types.ETypeInfo2, len(keys))
	for i, key := range keys {
		info[i].EType = key.KeyType
		if key.KeyType != etypeID.RC4_HMAC {
			info[i].Salt = user.salt
		}
	}
	b, err := encode(info, noTag)
	if err != nil {
		return nil
	}
	return b
}

// errorData is KERB-ERROR-DATA (MS-KILE 2.2.2).
type errorData struct {
	Type  int    `asn1:"explicit,tag:1"`
	Value []byte `asn1:"explicit,optional,tag:2"`
}

// The types of errorData.
const (
	skewRecovery  = 2
	extendedError = 3
)

// extended is a refusal with the NTSTATUS behind it (MS-KILE 2.2.1).
func extended(code int32, status uint32) error {
	value := binary.LittleEndian.AppendUint32(nil, status)
	value = binary.LittleEndian.AppendUint32(value, 0)
	value = binary.LittleEndian.AppendUint32(value, 1)
	b, err := encode(errorData{extendedError, value}, noTag)
	if err != nil {
		return err
	}
	return &Refusal{Code: code, Why: fmt.Sprintf("status 0x%08X", status), data: b}
}

func unknownService(name types.PrincipalName) error {
	err := extended(errorcode.KDC_ERR_S_PRINCIPAL_UNKNOWN, statusNoTrustAccount)
	refusal(err).Why = name.PrincipalNameString()
	return err
}

// flagsOf is a bit string of 32 bits.
func flagsOf(set ...int) asn1.BitString {
	bits := types.NewKrbFlags()
	types.SetFlags(&bits, set)
	return bits
}

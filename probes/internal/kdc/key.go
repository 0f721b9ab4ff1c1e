package kdc

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/go-krb5/krb5/crypto"
	"github.com/go-krb5/krb5/iana/etypeID"
	"github.com/go-krb5/krb5/iana/keyusage"
	"github.com/go-krb5/krb5/iana/patype"
	"github.com/go-krb5/krb5/types"

	"postpatch/probes/host"
)

// Strongest are the kinds of encryption by which an account is proved: AES and
// nothing else.
func Strongest() []int32 {
	return []int32{
		etypeID.AES256_CTS_HMAC_SHA1_96, etypeID.AES128_CTS_HMAC_SHA1_96,
		etypeID.AES256_CTS_HMAC_SHA384_192, etypeID.AES128_CTS_HMAC_SHA256_128,
	}
}

// IsStrong says whether a kind of encryption is one of those.
func IsStrong(etype int32) bool { return slices.Contains(Strongest(), etype) }

// Hints are what a KDC says of making keys of passwords. It sends one for each
// kind that it has a key of and that was asked for, RFC 4120 5.2.7.5.
func Hints(methods types.PADataSequence) types.ETypeInfo2 {
	for _, method := range methods {
		if method.PADataType == patype.PA_ETYPE_INFO2 {
			if info, err := method.GetETypeInfo2(); err == nil {
				return info
			}
		}
	}
	return nil
}

// Key is the key of a kind that a password makes, with the KDC's hints.
func Key(password host.Secret, who Principal, etype int32, hints types.PADataSequence) (types.EncryptionKey, error) {
	if !IsStrong(etype) {
		return types.EncryptionKey{}, fmt.Errorf("the KDC wants encryption of kind %d, which is no AES", etype)
	}
	method, err := crypto.GetEtype(etype)
	if err != nil {
		return types.EncryptionKey{}, err
	}
	salt, params := who.Name.GetSalt(who.Realm), method.GetDefaultStringToKeyParams()
	for _, info := range Hints(hints) {
		if info.EType != etype {
			continue
		}
		if info.Salt != "" {
			salt = info.Salt
		}
		if len(info.S2KParams) == 4 {
			if err := checkRounds(info.S2KParams, params); err != nil {
				return types.EncryptionKey{}, err
			}
			params = hex.EncodeToString(info.S2KParams)
		}
		break
	}
	value, err := method.StringToKey(password.Reveal(), salt, params)
	return types.EncryptionKey{KeyType: etype, KeyValue: value}, err
}

// checkRounds refuses a number of rounds that is not that of a KDC. One that asks for many
// would keep us busy; who asks for fewer than all do wants to guess the password by the key.
func checkRounds(params []byte, usual string) error {
	const most = 1 << 18 // Windows wants 2^12, RFC 8009 2^15
	least, err := hex.DecodeString(usual)
	if err != nil || len(least) != 4 {
		return fmt.Errorf("the usual number of rounds is %q", usual)
	}
	rounds, few := binary.BigEndian.Uint32(params), binary.BigEndian.Uint32(least)
	if rounds < few || rounds > most {
		return fmt.Errorf("the KDC wants %d rounds for a key, not %d to %d", rounds, few, most)
	}
	return nil
}

// Proof is the time, sealed with the account's key, RFC 4120 5.2.7.2.
func Proof(key types.EncryptionKey, version int) (types.PAData, error) {
	now, err := types.GetPAEncTSEncAsnMarshalled()
	if err != nil {
		return types.PAData{}, err
	}
	sealed, err := crypto.GetEncryptedData(now, key, keyusage.AS_REQ_PA_ENC_TIMESTAMP, version)
	if err != nil {
		return types.PAData{}, err
	}
	b, err := sealed.Marshal()
	return types.PAData{PADataType: patype.PA_ENC_TIMESTAMP, PADataValue: b}, err
}

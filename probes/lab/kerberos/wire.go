package kerberos

import (
	"fmt"

	"github.com/go-krb5/krb5/asn1tools"
	"github.com/go-krb5/krb5/crypto"
	"github.com/go-krb5/krb5/iana/asn1apptag"
	"github.com/go-krb5/krb5/iana/errorcode"
	"github.com/go-krb5/krb5/messages"
	"github.com/go-krb5/krb5/types"
	"github.com/go-krb5/x/encoding/asn1"
)

// noTag is for values that are no message of their own.
const noTag = -1

// encode writes a value in DER, within an application tag.
func encode(value any, tag int) ([]byte, error) {
	b, err := asn1.Marshal(value, asn1.WithMarshalSlicePreserveTypes(true), asn1.WithMarshalSliceAllowStrings(true))
	if err != nil {
		return nil, fmt.Errorf("encoding %T: %w", value, err)
	}
	if tag == noTag {
		return b, nil
	}
	return asn1tools.AddASNAppTag(b, tag), nil
}

// encrypt encodes a value and encrypts it for one use of a key.
func encrypt(value any, tag int, key types.EncryptionKey, usage uint32) (types.EncryptedData, error) {
	plain, err := encode(value, tag)
	if err != nil {
		return types.EncryptedData{}, err
	}
	return crypto.GetEncryptedData(plain, key, usage, 0)
}

// decrypt is the way back. Data that is too short for its type would panic in
// the library.
func decrypt(data types.EncryptedData, key types.EncryptionKey, usage uint32) (plain []byte, err error) {
	defer guard(&err)
	if data.EType != key.KeyType {
		return nil, fmt.Errorf("decrypting type %d with a key of type %d", data.EType, key.KeyType)
	}
	return decryptBytes(data.Cipher, key, usage)
}

func decryptBytes(cipher []byte, key types.EncryptionKey, usage uint32) ([]byte, error) {
	etype, err := crypto.GetEtype(key.KeyType)
	if err != nil {
		return nil, err
	}
	if least := etype.GetConfounderByteSize() + etype.GetHMACBitLength()/8; len(cipher) < least {
		return nil, fmt.Errorf("decrypting %d bytes, under the %d of an empty message", len(cipher), least)
	}
	if len(key.KeyValue) != etype.GetKeyByteSize() {
		return nil, fmt.Errorf("decrypting with a key of %d bytes", len(key.KeyValue))
	}
	return crypto.DecryptMessage(cipher, key, usage)
}

// newKey makes a random key of a type.
func newKey(encType int32) (types.EncryptionKey, error) {
	etype, err := crypto.GetEtype(encType)
	if err != nil {
		return types.EncryptionKey{}, err
	}
	return types.GenerateEncryptionKey(etype)
}

// parsed are the messages that know how to read themselves.
type parsed interface{ Unmarshal([]byte) error }

func parse(raw []byte, into parsed) (err error) {
	defer guard(&err)
	if err := into.Unmarshal(raw); err != nil {
		return refuse(errorcode.KRB_ERR_GENERIC, "reading %T: %v", into, err)
	}
	return nil
}

// requestMessage is a KDC-REQ whose body stays bytes, because a checksum covers
// them as they came.
type requestMessage struct {
	PVNO    int                  `asn1:"explicit,tag:1"`
	MsgType int                  `asn1:"explicit,tag:2"`
	PAData  types.PADataSequence `asn1:"explicit,optional,tag:3"`
	Body    asn1.RawValue        `asn1:"explicit,tag:4"`
}

// request is an AS-REQ or TGS-REQ.
type request struct {
	tag    int
	padata types.PADataSequence
	body   messages.KDCReqBody
	raw    []byte // the whole
	sealed []byte // the body, as it came
}

func parseRequest(raw []byte) (r request, err error) {
	defer guard(&err)
	r = request{tag: asn1apptag.ASREQ, raw: raw}
	if len(raw) > 0 && raw[0] == 0x60|asn1apptag.TGSREQ {
		r.tag = asn1apptag.TGSREQ
	}
	var m requestMessage
	rest, err := asn1.UnmarshalWithParams(raw, &m, fmt.Sprintf("application,explicit,tag:%d", r.tag))
	if err != nil || len(rest) > 0 || m.MsgType != r.tag {
		return r, refuse(errorcode.KRB_ERR_GENERIC, "reading a request: %v", err)
	}
	if m.PVNO != 5 {
		return r, refuse(errorcode.KDC_ERR_BAD_PVNO, "version %d", m.PVNO)
	}
	r.padata, r.sealed = m.PAData, m.Body.Bytes
	return r, parse(r.sealed, &r.body)
}

// find gives the first padata of a type.
func (r request) find(kind int32) ([]byte, bool) {
	for _, pa := range r.padata {
		if pa.PADataType == kind {
			return pa.PADataValue, true
		}
	}
	return nil, false
}

// asks says whether an option is set. A shorter string has none of the rest.
func (r request) asks(option int) bool { return r.body.KDCOptions.At(option) == 1 }

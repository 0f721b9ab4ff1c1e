package kerberos

import (
	"crypto/md5"
	"crypto/subtle"
	"encoding/binary"
	"errors"

	"github.com/go-krb5/krb5/iana/errorcode"
	"github.com/go-krb5/krb5/types"
)

// Policy is how much a service makes of channel bindings: WinRM's
// CbtHardeningLevel. The zero value is Relaxed, as in Windows.
type Policy int

// The policies.
const (
	Relaxed    Policy = iota // bindings that are there must be right
	Strict                   // and they must be there
	NoBindings               // nobody looks at them
)

// ErrBindings is a token that was made for another channel, or for none where
// the policy wants it bound: SEC_E_BAD_BINDINGS, with no message to the client.
var ErrBindings = errors.New("the token's channel bindings are not those of this connection")

// gssChecksum is the type of checksum that carries GSS-API flags.
const gssChecksum = 0x8003

// The flags of a GSS-API context (RFC 4121 4.1.1.1).
const (
	flagMutual   = 0x2
	flagReplay   = 0x4
	flagSequence = 0x8
	flagConf     = 0x10
)

// contextFlags reads the checksum of the authenticator, which is none: bindings
// and flags (RFC 4121 4.1.1). Where there is nothing, there are none of either
// (MS-KILE 3.4.5).
func contextFlags(sum types.Checksum) (bindings []byte, set uint32, err error) {
	b := sum.Checksum
	if sum.CksumType == 0 && len(b) == 0 {
		return make([]byte, md5.Size), 0, nil
	}
	if sum.CksumType != gssChecksum || len(b) < 24 || binary.LittleEndian.Uint32(b) != 16 {
		return nil, 0, refuse(errorcode.KRB_AP_ERR_INAPP_CKSUM, "a checksum of type %d and %d bytes", sum.CksumType, len(b))
	}
	return b[4:20], binary.LittleEndian.Uint32(b[20:]), nil
}

// hash is what a token says of channel bindings that are application data and no
// addresses.
func hash(application []byte) []byte {
	b := make([]byte, 16, 20+len(application))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(application)))
	sum := md5.Sum(append(b, application...))
	return sum[:]
}

// bound holds a token's bindings to those of the connection. A client that says
// that it always binds where there is TLS is taken at its word, also where the
// policy would let it be (MS-KILE 3.2.5.8).
func (a *Acceptor) bound(sent []byte, data types.AuthorizationData) error {
	if a.service.policy == NoBindings || len(a.bindings) == 0 {
		return nil
	}
	if subtle.ConstantTimeCompare(sent, make([]byte, 16)) == 1 {
		if a.service.policy == Strict || alwaysBinds(data) {
			return ErrBindings
		}
		return nil
	}
	if subtle.ConstantTimeCompare(sent, hash(a.bindings)) == 0 {
		return ErrBindings
	}
	return nil
}

// alwaysBinds looks for KERB_AP_OPTIONS_CBT in the first AD-IF-RELEVANT element
// (MS-KILE 3.2.5.8).
func alwaysBinds(data types.AuthorizationData) bool {
	const ifRelevant, apOptions, optionCBT = 1, 143, 0x4000
	for _, element := range data {
		if element.ADType != ifRelevant {
			continue
		}
		var inner types.AuthorizationData
		if err := parse(element.ADData, &inner); err != nil {
			return false
		}
		for _, e := range inner {
			if e.ADType == apOptions && len(e.ADData) == 4 {
				return binary.LittleEndian.Uint32(e.ADData)&optionCBT != 0
			}
		}
	}
	return false
}

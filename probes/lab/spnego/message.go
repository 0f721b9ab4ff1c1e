package spnego

import (
	"encoding/asn1"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	tags "golang.org/x/crypto/cryptobyte/asn1"
)

// The states of a negotiation (RFC 4178 4.2.2).
const (
	acceptCompleted  = 0
	acceptIncomplete = 1
	requestMIC       = 3
)

const (
	oidSPNEGO      = "1.3.6.1.5.5.2"
	oidKerberos    = "1.2.840.113554.1.2.2"
	oidMSKerberos  = "1.2.840.48018.1.2.2" // Windows 2000's slip, which lives on
	oidNTLM        = "1.3.6.1.4.1.311.2.2.10"
	maxToken       = 64 << 10
	applicationTag = tags.Tag(0x60) // of a first token (RFC 2743 3.1)
)

func nameOf(oid string) string {
	switch oid {
	case oidKerberos, oidMSKerberos:
		return Kerberos
	case oidNTLM:
		return NTLM
	default:
		return ""
	}
}

// message is a NegTokenInit or a NegTokenResp.
type message struct {
	list       []byte   // of a NegTokenInit: its mechanisms' encoding
	mechanisms []string // OIDs; one at most in a NegTokenResp
	state      int
	token, mic []byte // nil when absent
}

func malformed(what string) error { return fmt.Errorf("%w: %s", ErrMalformed, what) }

// IsInit says whether a token begins a negotiation.
func IsInit(token []byte) bool { return firstOID(token) == oidSPNEGO }

// IsKerberos says whether a token is Kerberos' own first one, in no negotiation.
func IsKerberos(token []byte) bool { return nameOf(firstOID(token)) == Kerberos }

// firstOID is the mechanism that a client's first token names, or "".
func firstOID(token []byte) string {
	data := cryptobyte.String(token)
	var inner cryptobyte.String
	var oid asn1.ObjectIdentifier
	if len(token) > maxToken || !data.ReadASN1(&inner, applicationTag) || !inner.ReadASN1ObjectIdentifier(&oid) {
		return ""
	}
	return oid.String()
}

func parseInit(token []byte) (message, error) {
	var m message
	if !IsInit(token) {
		return m, malformed("want a NegTokenInit")
	}
	data := cryptobyte.String(token)
	var outer, sequence, body cryptobyte.String
	if !data.ReadASN1(&outer, applicationTag) || !data.Empty() || !outer.SkipASN1(tags.OBJECT_IDENTIFIER) ||
		!outer.ReadASN1(&sequence, explicit(0)) || !sequence.ReadASN1(&body, tags.SEQUENCE) {
		return m, malformed("the NegTokenInit has no body")
	}
	var types cryptobyte.String
	if !body.ReadASN1(&types, explicit(0)) {
		return m, malformed("no mechanisms")
	}
	m.list = append([]byte{}, types...)
	var oids cryptobyte.String
	if !types.ReadASN1(&oids, tags.SEQUENCE) || !types.Empty() || oids.Empty() {
		return m, malformed("no mechanisms")
	}
	for !oids.Empty() {
		var oid asn1.ObjectIdentifier
		if !oids.ReadASN1ObjectIdentifier(&oid) {
			return m, malformed("a mechanism that is no object identifier")
		}
		m.mechanisms = append(m.mechanisms, oid.String())
	}
	if !body.SkipOptionalASN1(explicit(1)) || !readOctets(&body, 2, &m.token) || !readOctets(&body, 3, &m.mic) {
		return m, malformed("the NegTokenInit")
	}
	return m, nil
}

func parseResponse(token []byte) (message, error) {
	var m message
	data := cryptobyte.String(token)
	var sequence, body cryptobyte.String
	if len(token) > maxToken || !data.ReadASN1(&sequence, explicit(1)) || !data.Empty() ||
		!sequence.ReadASN1(&body, tags.SEQUENCE) {
		return m, malformed("want a NegTokenResp")
	}
	if !body.SkipOptionalASN1(explicit(0)) || !body.SkipOptionalASN1(explicit(1)) ||
		!readOctets(&body, 2, &m.token) || !readOctets(&body, 3, &m.mic) {
		return m, malformed("the NegTokenResp")
	}
	return m, nil
}

func explicit(n uint8) tags.Tag { return tags.Tag(n).ContextSpecific().Constructed() }

// readOctets reads an optional OCTET STRING with a tag around it.
func readOctets(body *cryptobyte.String, n uint8, out *[]byte) bool {
	var present bool
	var octets []byte
	if !body.ReadOptionalASN1OctetString(&octets, &present, explicit(n)) {
		return false
	}
	if present {
		*out = octets
	}
	return true
}

// marshal writes a NegTokenResp.
func (m message) marshal() []byte {
	var b cryptobyte.Builder
	octets := func(b *cryptobyte.Builder, n uint8, value []byte) {
		if value != nil {
			b.AddASN1(explicit(n), func(b *cryptobyte.Builder) { b.AddASN1OctetString(value) })
		}
	}
	b.AddASN1(explicit(1), func(b *cryptobyte.Builder) {
		b.AddASN1(tags.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(explicit(0), func(b *cryptobyte.Builder) { b.AddASN1Enum(int64(m.state)) })
			for _, oid := range m.mechanisms {
				b.AddASN1(explicit(1), func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(parseOID(oid)) })
			}
			octets(b, 2, m.token)
			octets(b, 3, m.mic)
		})
	})
	return b.BytesOrPanic() // only a token longer than memory cannot be written
}

// parseOID is the inverse of an identifier's String, for those that came out of
// one.
func parseOID(text string) asn1.ObjectIdentifier {
	var oid asn1.ObjectIdentifier
	n := 0
	for _, r := range text + "." {
		if r == '.' {
			oid, n = append(oid, n), 0
			continue
		}
		n = n*10 + int(r-'0')
	}
	return oid
}

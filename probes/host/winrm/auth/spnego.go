package auth

import (
	"encoding/asn1"
	"errors"
	"fmt"
)

// Tokens of RFC 4178, RFC 2743 3.1 and RFC 4121 4.1.

const (
	maxToken = 1 << 17

	tokenAPReq    = 0x0100
	tokenAPRep    = 0x0200
	tokenKRBError = 0x0300

	stateCompleted = 0
	stateReject    = 2
)

func oidKerberos() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{1, 2, 840, 113554, 1, 2, 2} }
func oidSPNEGO() asn1.ObjectIdentifier   { return asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 2} }

// oidMicrosoft is Kerberos as Windows 2000 wrote it, and Windows still does.
func oidMicrosoft() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{1, 2, 840, 48018, 1, 2, 2} }

type negTokenInit struct {
	Mechanisms []asn1.ObjectIdentifier `asn1:"explicit,tag:0"`
	Token      []byte                  `asn1:"explicit,tag:2"`
}

type negTokenResp struct {
	State     asn1.Enumerated       `asn1:"explicit,optional,tag:0"`
	Mechanism asn1.ObjectIdentifier `asn1:"explicit,optional,tag:1"`
	Token     []byte                `asn1:"explicit,optional,tag:2"`
	MIC       []byte                `asn1:"explicit,optional,tag:3"`
}

// frame puts a mechanism's name in front of its token.
func frame(oid asn1.ObjectIdentifier, token []byte) ([]byte, error) {
	name, err := asn1.Marshal(oid)
	if err != nil {
		return nil, err
	}
	return asn1.Marshal(asn1.RawValue{
		Class: asn1.ClassApplication, IsCompound: true, Bytes: append(name, token...),
	})
}

// unframe is the inverse of frame.
func unframe(b []byte) (oid asn1.ObjectIdentifier, token []byte, err error) {
	var outer asn1.RawValue
	rest, err := asn1.Unmarshal(b, &outer)
	if err == nil && (len(rest) > 0 || outer.Class != asn1.ClassApplication || outer.Tag != 0) {
		err = errors.New("it is no GSS token")
	}
	if err != nil {
		return nil, nil, err
	}
	token, err = asn1.Unmarshal(outer.Bytes, &oid)
	return oid, token, err
}

// offer is our first token: Kerberos, and its first token; bare is that one alone.
func offer(request []byte, bare bool) ([]byte, error) {
	token, err := frame(oidKerberos(), append([]byte{tokenAPReq >> 8, tokenAPReq & 0xff}, request...))
	if err != nil || bare {
		return token, err
	}
	init, err := asn1.MarshalWithParams(negTokenInit{mechanisms(), token}, "explicit,tag:0")
	if err != nil {
		return nil, err
	}
	return frame(oidSPNEGO(), init)
}

func mechanisms() []asn1.ObjectIdentifier { return []asn1.ObjectIdentifier{oidKerberos()} }

// reply is what the host sends back.
type reply struct {
	kind    int    // tokenAPRep or tokenKRBError
	message []byte // in Kerberos' own form
	mic     []byte // over the mechanisms that we offered; nil for none
}

// readReply reads a NegTokenResp, or a token of Kerberos without that wrapping.
func readReply(b []byte) (reply, error) {
	if len(b) > maxToken {
		return reply{}, fmt.Errorf("the host's token has %d bytes, over %d", len(b), maxToken)
	}
	if len(b) == 0 || b[0] != 0xa1 {
		return readToken(b)
	}
	var response negTokenResp
	rest, err := asn1.UnmarshalWithParams(b, &response, "explicit,tag:1")
	if err == nil && len(rest) > 0 {
		err = errors.New("bytes follow it")
	}
	if err != nil {
		return reply{}, fmt.Errorf("reading the host's SPNEGO token: %w", err)
	}
	mechanism := response.Mechanism
	if mechanism != nil && !mechanism.Equal(oidKerberos()) && !mechanism.Equal(oidMicrosoft()) {
		return reply{}, fmt.Errorf("the host chose the mechanism %s and not Kerberos", mechanism)
	}
	if len(response.Token) == 0 && response.State == stateReject {
		return reply{}, errRejected
	}
	r, err := readToken(response.Token)
	if err == nil && r.kind == tokenAPRep && response.State != stateCompleted {
		err = fmt.Errorf("the host ends the proof in state %d and not with success", response.State)
	}
	r.mic = response.MIC
	return r, err
}

func readToken(b []byte) (reply, error) {
	oid, token, err := unframe(b)
	if err == nil && !oid.Equal(oidKerberos()) && !oid.Equal(oidMicrosoft()) {
		err = fmt.Errorf("it belongs to the mechanism %s", oid)
	}
	if err == nil && len(token) < 2 {
		err = errors.New("it is empty")
	}
	if err != nil {
		return reply{}, fmt.Errorf("reading the host's Kerberos token: %w", err)
	}
	r := reply{kind: int(token[0])<<8 | int(token[1]), message: token[2:]}
	if r.kind != tokenAPRep && r.kind != tokenKRBError {
		return reply{}, fmt.Errorf("the host's Kerberos token is of type %#04x", r.kind)
	}
	return r, nil
}

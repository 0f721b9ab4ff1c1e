package rdp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// The protocols of [MS-RDPBCGR] 2.2.1.1.1 that may protect a session.
const (
	protocolRDP    = 0 // the old encryption of its own
	protocolTLS    = 1
	protocolHybrid = 2 // CredSSP within TLS, which is network level authentication
	protocolRDSTLS = 4
	protocolEarly  = 8 // CredSSP that tells early whether the user may log on
	protocolAAD    = 16
)

// protocolName is what a suite calls it.
func protocolName(p uint32) string {
	switch p {
	case protocolRDP:
		return "rdp"
	case protocolTLS:
		return "tls"
	case protocolHybrid:
		return "credssp"
	case protocolRDSTLS:
		return "rdstls"
	case protocolEarly:
		return "credssp early"
	case protocolAAD:
		return "entra id"
	default:
		return fmt.Sprintf("unknown protocol 0x%x", p)
	}
}

// The reasons of 2.2.1.2.2.
const (
	failTLSRequired    = 1
	failTLSNotAllowed  = 2
	failNoCertificate  = 3
	failInconsistent   = 4
	failHybridRequired = 5
	failTLSUser        = 6
)

func failureName(code uint32) string {
	switch code {
	case failTLSRequired:
		return "the server wants TLS"
	case failTLSNotAllowed:
		return "the server allows no TLS"
	case failNoCertificate:
		return "the server has no certificate for TLS"
	case failInconsistent:
		return "the server finds the flags inconsistent"
	case failHybridRequired:
		return "the server wants CredSSP"
	case failTLSUser:
		return "the server wants TLS and a client's certificate"
	default:
		return fmt.Sprintf("the server's reason is %d", code)
	}
}

// confirm is a server's answer to a connection request.
type confirm struct {
	negotiated bool // there is more than the bare confirmation of before 2003
	failed     bool
	flags      byte
	value      uint32 // the protocol, or why there is none
}

const (
	tpktVersion = 3
	tpktHead    = 4
	mostConfirm = 512 // of a packet that has 19 bytes
	x224Request = 0xE0
	x224Confirm = 0xD0
	negRequest  = 1
	negResponse = 2
	negFailure  = 3
	negLength   = 8
)

var errNoRDP = errors.New("what came is no answer of RDP")

// request is the connection request that offers the protocols.
func request(protocols uint32) []byte {
	const length = tpktHead + 7 + negLength
	packet := []byte{
		tpktVersion, 0, 0, length, // TPKT, RFC 1006
		length - tpktHead - 1, x224Request, 0, 0, 0, 0, 0, // X.224 class 0
		negRequest, 0, negLength, 0,
	}
	return binary.LittleEndian.AppendUint32(packet, protocols)
}

// readConfirm reads the answer to a connection request.
func readConfirm(in io.Reader) (confirm, error) {
	var head [tpktHead]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return confirm{}, err
	}
	length := int(binary.BigEndian.Uint16(head[2:]))
	if head[0] != tpktVersion || length < tpktHead+7 || length > mostConfirm {
		return confirm{}, fmt.Errorf("%w: it begins with % x", errNoRDP, head)
	}
	body := make([]byte, length-tpktHead)
	if _, err := io.ReadFull(in, body); err != nil {
		return confirm{}, err
	}
	return parseConfirm(body)
}

// parseConfirm takes what is within TPKT apart.
func parseConfirm(body []byte) (confirm, error) {
	const x224 = 7
	if len(body) < x224 || int(body[0]) != len(body)-1 || body[1]&0xF0 != x224Confirm {
		return confirm{}, fmt.Errorf("%w: %.20x", errNoRDP, body)
	}
	rest := body[x224:]
	switch {
	case len(rest) == 0:
		return confirm{}, nil
	case len(rest) < negLength || binary.LittleEndian.Uint16(rest[2:]) != negLength:
		return confirm{}, fmt.Errorf("%w: %.20x", errNoRDP, body)
	}
	c := confirm{negotiated: true, flags: rest[1], value: binary.LittleEndian.Uint32(rest[4:])}
	switch rest[0] {
	case negResponse:
	case negFailure:
		c.failed = true
	default:
		return confirm{}, fmt.Errorf("%w: %.20x", errNoRDP, body)
	}
	return c, nil
}

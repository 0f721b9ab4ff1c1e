package kerberos

import (
	"bytes"
	"errors"
	"fmt"
)

// The kinds of message within a GSS-API token (RFC 4121 4.1).
const (
	tokenAPReq = 0x0100
	tokenAPRep = 0x0200
	tokenError = 0x0300
)

// ErrToken is a token that is no Kerberos token of the GSS-API. Windows answers
// it with SEC_E_INVALID_TOKEN and no message.
var ErrToken = errors.New("no Kerberos token")

// mechanism is the DER of the object identifier 1.2.840.113554.1.2.2.
func mechanism() []byte {
	return []byte{0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02}
}

// Frame wraps a Kerberos message as a GSS-API token (RFC 2743 3.1).
func Frame(kind uint16, message []byte) []byte {
	inner := append(mechanism(), byte(kind>>8), byte(kind))
	size := len(inner) + len(message)
	out := []byte{0x60}
	switch {
	case size < 1<<7:
		out = append(out, byte(size))
	case size < 1<<8:
		out = append(out, 0x81, byte(size))
	case size < 1<<16:
		out = append(out, 0x82, byte(size>>8), byte(size))
	default:
		out = append(out, 0x83, byte(size>>16), byte(size>>8), byte(size))
	}
	return append(append(out, inner...), message...)
}

// Unframe is the way back.
func Unframe(token []byte) (kind uint16, message []byte, err error) {
	if len(token) > maxMessage {
		return 0, nil, fmt.Errorf("%w: %d bytes, over %d", ErrToken, len(token), maxMessage)
	}
	if len(token) < 2 || token[0] != 0x60 {
		return 0, nil, fmt.Errorf("%w: it does not begin as one", ErrToken)
	}
	size, rest := int(token[1]), token[2:]
	if size >= 0x80 {
		digits := size - 0x80
		if digits == 0 || digits > 3 || digits > len(rest) {
			return 0, nil, fmt.Errorf("%w: a length of %d bytes", ErrToken, digits)
		}
		size = 0
		for _, b := range rest[:digits] {
			size = size<<8 | int(b)
		}
		rest = rest[digits:]
	}
	if size != len(rest) {
		return 0, nil, fmt.Errorf("%w: %d bytes where it says %d", ErrToken, len(rest), size)
	}
	rest, ours := bytes.CutPrefix(rest, mechanism())
	if !ours || len(rest) < 2 {
		return 0, nil, fmt.Errorf("%w: another mechanism", ErrToken)
	}
	return uint16(rest[0])<<8 | uint16(rest[1]), rest[2:], nil
}

package wsman

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strconv"

	"postpatch/probes/lab/estate"
)

// The encrypted message types of MS-WSMV 2.2.9.1.
const (
	sealedType       = "multipart/encrypted"
	sealedBySPNEGO   = "application/HTTP-SPNEGO-session-encrypted"
	sealedByKerberos = "application/HTTP-Kerberos-session-encrypted"
	boundary         = "Encrypted Boundary"
	sealingItself    = 1 << 10 // of a sealed message, around its content
)

var errNotSealed = errors.New("the parts of a sealed message are not as MS-WSMV 2.2.9.1 has them")

// sealingOf returns the protocol that a request's message is sealed by; "" for
// a message in clear.
func sealingOf(r *http.Request) (protocol string, err error) {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != sealedType {
		return "", nil // whether it is good for anything else is seen elsewhere
	}
	protocol = params["protocol"]
	if params["boundary"] != boundary || protocol != sealedBySPNEGO && protocol != sealedByKerberos {
		return "", errNotSealed
	}
	return protocol, nil
}

// parseSealed takes a sealed message to pieces. All of its text is written one
// way only, with the tabs before the headers and with capitals as in the
// standard; length is what the header says of the message inside.
func parseSealed(body []byte, protocol string) (signature, sealed []byte, length int, err error) {
	rest, ok := bytes.CutPrefix(body, []byte("--"+boundary+"\r\n\tContent-Type: "+protocol+
		"\r\n\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length="))
	number, rest, ended := bytes.Cut(rest, []byte("\r\n"))
	length, err = strconv.Atoi(string(number))
	if !ok || !ended || err != nil || length < 0 {
		return nil, nil, 0, errNotSealed
	}
	rest, ok = bytes.CutPrefix(rest, []byte("--"+boundary+"\r\n\tContent-Type: application/octet-stream\r\n"))
	rest, ended = bytes.CutSuffix(rest, []byte("--"+boundary+"--\r\n"))
	if !ok || !ended || len(rest) < 4 {
		return nil, nil, 0, errNotSealed
	}
	size := uint64(binary.LittleEndian.Uint32(rest))
	if rest = rest[4:]; size > uint64(len(rest)) {
		return nil, nil, 0, errNotSealed
	}
	return rest[:size], rest[size:], length, nil
}

// open reads the message in a sealed body.
func (s *session) open(body []byte, protocol string) ([]byte, error) {
	signature, sealed, length, err := parseSealed(body, protocol)
	if err != nil {
		return nil, err
	}
	plain, err := s.Open(signature, sealed)
	if err != nil {
		return nil, err
	}
	if len(plain) != length {
		return nil, fmt.Errorf("%w: %d bytes are announced and %d come", errNotSealed, length, len(plain))
	}
	return plain, nil
}

// channel is the way back to the client.
type channel struct {
	http.ResponseWriter
	session  *session
	protocol string // that seals the answer; "" in clear
	spaced   bool   // as Exchange writes boundaries
}

// contentType is that of all answers on the channel.
func (c *channel) contentType() string {
	if c.protocol == "" {
		return soapType + ";charset=UTF-8"
	}
	return sealedType + `;protocol="` + c.protocol + `";boundary="` + boundary + `"`
}

// wrap seals an answer, if it must be; trouble may spoil the wrapping.
func (c *channel) wrap(body []byte, trouble estate.Trouble) ([]byte, error) {
	if c.protocol == "" {
		return body, nil
	}
	signature, sealed, err := c.session.Seal(body)
	if err != nil {
		return nil, err
	}
	line, length := "--"+boundary, len(body)
	if c.spaced {
		line = "-- " + boundary
	}
	switch trouble {
	case estate.TroubleBoundary:
		line = "--Decrypted Boundary"
	case estate.TroubleLength:
		length++
	default: // spoils something else
	}
	var b bytes.Buffer
	b.WriteString(line + "\r\n\tContent-Type: " + c.protocol +
		"\r\n\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length=" + strconv.Itoa(length) + "\r\n" +
		line + "\r\n\tContent-Type: application/octet-stream\r\n")
	b.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(signature))))
	b.Write(signature)
	b.Write(sealed)
	b.WriteString(line + "--\r\n")
	return b.Bytes(), nil
}

// write sends an answer, whole.
func (c *channel) write(status int, body []byte) {
	c.Header().Set("Content-Type", c.contentType())
	c.Header().Set("Content-Length", strconv.Itoa(len(body)))
	c.WriteHeader(status)
	_, _ = c.Write(body) // a client that went away wants no answer
}

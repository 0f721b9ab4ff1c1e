package ldap

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"postpatch/probes/host/ldapframe"
	"postpatch/probes/internal/reach"
)

const (
	maxMessage = 1 << 20 // bytes of one message; rootDSE has some thousand
	maxAnswer  = 64 << 10
	maxAnswers = 16 << 20
)

const (
	oidStartTLS = "1.3.6.1.4.1.1466.20037"
	oidWhoAmI   = "1.3.6.1.4.1.4203.1.11.3"
)

// declined is a directory's word that something is not to be.
type declined struct {
	code  uint16
	words string // its own, as they came
	state string // what it means here, where the code alone would mislead
}

// name is what the code means, in words: "busy", "strong auth required".
func (d *declined) name() string {
	if d.state != "" {
		return d.state
	}
	switch d.code {
	case ldap.LDAPResultInvalidCredentials:
		return refused
	case ldap.LDAPResultStrongAuthRequired:
		return strong
	case ldap.LDAPResultUnavailable:
		return unavailable
	case ldap.LDAPResultBusy:
		return "busy"
	}
	if name := ldap.LDAPResultCodeMap[d.code]; name != "" {
		return strings.ToLower(name)
	}
	return "an error of no name"
}

// Error implements error.
func (d *declined) Error() string {
	if words := reach.Printable(d.words, 300); words != "" {
		return d.name() + ": " + words
	}
	return d.name()
}

// result takes an error of the library apart: what the directory itself declined, else why
// nothing came from it.
func result(err error, from *ldapframe.Conn) error {
	if err == nil {
		return nil
	}
	wrong, is := errors.AsType[*ldap.Error](err)
	if is && wrong.ResultCode < ldap.ErrorNetwork {
		return &declined{code: wrong.ResultCode, words: wrong.Err.Error()}
	}
	if cause := from.Failed(); cause != nil {
		if ended := reach.State(cause) == reach.Reset; ended || errors.Is(cause, io.EOF) {
			return reach.Tell(reach.ErrEnded.Error(), reach.ErrEnded, err)
		}
		return cause
	}
	if is {
		err = wrong.Err
	}
	return errors.New(reach.Printable(err.Error(), 300))
}

// exchange sends one operation and reads the one answer to it. It reads not a byte more, so
// that nothing that came before TLS, or before a seal, is taken for what comes within.
func exchange(ctx context.Context, conn net.Conn, id int64, operation *ber.Packet) (*ber.Packet, error) {
	request := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
	request.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, id, ""))
	request.AppendChild(operation)
	if _, err := conn.Write(request.Bytes()); err != nil {
		return nil, reach.Cause(ctx, err)
	}
	from := &ldapframe.Conn{Conn: conn, Most: maxAnswer, MostAll: maxAnswers}
	answer, err := ber.ReadPacket(from)
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, reach.Cause(ctx, reach.ErrEnded)
	case err != nil:
		return nil, reach.Cause(ctx, err)
	}
	if isFarewell(answer) {
		if err := result(ldap.GetLDAPError(answer), from); err != nil {
			return nil, fmt.Errorf("the directory ends the connection: %w", err)
		}
		return nil, reach.Cause(ctx, reach.ErrEnded)
	}
	if len(answer.Children) < 2 || answer.Children[0].Value != id ||
		answer.Children[1].ClassType != ber.ClassApplication || answer.Children[1].Tag != operation.Tag+1 {
		return nil, errors.New("the answer belongs to another question")
	}
	// What is not of the form is an error of the library, too.
	return answer.Children[1], result(ldap.GetLDAPError(answer), from)
}

// isFarewell says whether an answer is none, but tells why the directory hangs up (RFC 4511, 4.4.1).
func isFarewell(answer *ber.Packet) bool {
	return len(answer.Children) >= 2 && answer.Children[0].Value == int64(0) &&
		answer.Children[1].ClassType == ber.ClassApplication && answer.Children[1].Tag == ldap.ApplicationExtendedResponse
}

// startTLS asks for TLS on a plain connection.
func startTLS(ctx context.Context, conn net.Conn) error {
	_, err := exchange(ctx, conn, 1, extended(oidStartTLS))
	return err
}

// whoAmI asks whom the directory takes the account for (RFC 4532).
func whoAmI() *ber.Packet { return extended(oidWhoAmI) }

// extended is an extended operation without a value.
func extended(oid string) *ber.Packet {
	operation := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldap.ApplicationExtendedRequest, nil, "")
	operation.AppendChild(ber.NewString(ber.ClassContext, ber.TypePrimitive, 0, oid, ""))
	return operation
}

// bindRequest begins a bind (RFC 4511, 4.2).
func bindRequest(user string, auth *ber.Packet) *ber.Packet {
	bind := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldap.ApplicationBindRequest, nil, "")
	bind.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, int64(3), ""))
	bind.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, user, ""))
	bind.AppendChild(auth)
	return bind
}

// simpleBind shows the password itself.
func simpleBind(user, password string) *ber.Packet {
	return bindRequest(user, ber.NewString(ber.ClassContext, ber.TypePrimitive, 0, password, ""))
}

// spnegoBind shows a token.
func spnegoBind(token []byte) *ber.Packet {
	auth := ber.Encode(ber.ClassContext, ber.TypeConstructed, 3, nil, "")
	auth.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, "GSS-SPNEGO", ""))
	auth.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, string(token), ""))
	return bindRequest("", auth)
}

// tokenOf is the token in the answer to a bind; nil for none.
func tokenOf(answer *ber.Packet) []byte {
	if answer == nil {
		return nil
	}
	for _, child := range answer.Children {
		if child.ClassType == ber.ClassContext && child.Tag == 7 && child.Data != nil {
			return child.Data.Bytes()
		}
	}
	return nil
}

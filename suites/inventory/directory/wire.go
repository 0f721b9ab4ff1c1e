package directory

import (
	"errors"
	"net"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"postpatch/probes/host/ldapframe"
)

const (
	maxMessage = 1 << 20  // bytes of one message; a computer has a few hundred
	maxAnswers = 64 << 20 // of all messages together
)

// startTLS asks for TLS on a plain connection. It reads not a byte more than the
// answer, so that nothing that came in clear is taken for what comes within TLS.
func startTLS(conn net.Conn) error {
	request := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
	request.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, 1, ""))
	extended := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldap.ApplicationExtendedRequest, nil, "")
	extended.AppendChild(ber.NewString(ber.ClassContext, ber.TypePrimitive, 0, "1.3.6.1.4.1.1466.20037", ""))
	request.AppendChild(extended)
	if _, err := conn.Write(request.Bytes()); err != nil {
		return err
	}
	answer, err := ber.ReadPacket(framed(conn))
	if err != nil {
		return err
	}
	if len(answer.Children) < 2 || answer.Children[1].Tag != ldap.ApplicationExtendedResponse {
		return errors.New("the answer is none")
	}
	if err := ldap.GetLDAPError(answer); err != nil {
		if wrong, is := errors.AsType[*ldap.Error](err); is {
			return words(wrong)
		}
		return err
	}
	return nil
}

func framed(conn net.Conn) *ldapframe.Conn {
	return &ldapframe.Conn{Conn: conn, Most: maxMessage, MostAll: maxAnswers}
}

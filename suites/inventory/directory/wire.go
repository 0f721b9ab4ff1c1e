package directory

import (
	"errors"
	"fmt"
	"net"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
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
	answer, err := ber.ReadPacket(&frames{Conn: conn})
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

// frames lets the messages of LDAP through, none of which may be too long: the
// library would read what a server announces.
type frames struct {
	net.Conn

	header []byte // of the message that begins, as far as it is here
	left   int    // bytes of the message
	all    int
}

// Read implements net.Conn.
func (f *frames) Read(p []byte) (int, error) {
	n, err := f.Conn.Read(p)
	if f.all += n; f.all > maxAnswers {
		return 0, fmt.Errorf("the answers are longer than %d MiB", maxAnswers>>20)
	}
	for rest := p[:n]; len(rest) > 0; {
		if f.left > 0 {
			skip := min(f.left, len(rest))
			f.left -= skip
			rest = rest[skip:]
			continue
		}
		f.header = append(f.header, rest[0])
		rest = rest[1:]
		length, whole, good := lengthOf(f.header)
		switch {
		case !good:
			return 0, fmt.Errorf("no message of LDAP, or one that is longer than %d KiB", maxMessage>>10)
		case whole:
			f.left, f.header = length, f.header[:0]
		}
	}
	return n, err
}

// lengthOf reads a message's length from its first bytes; whole says that these
// are its header.
func lengthOf(header []byte) (length int, whole, good bool) {
	if header[0] != 0x30 { // a sequence
		return 0, false, false
	}
	if len(header) < 2 {
		return 0, false, true
	}
	if header[1] < 0x80 {
		return int(header[1]), true, true
	}
	digits := int(header[1] & 0x7F)
	if digits == 0 || digits > 4 {
		return 0, false, false
	}
	if len(header) < 2+digits {
		return 0, false, true
	}
	for _, b := range header[2:] {
		length = length<<8 | int(b)
	}
	return length, true, length >= 0 && length <= maxMessage
}

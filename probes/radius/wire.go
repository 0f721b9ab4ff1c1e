package radius

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"

	"layeh.com/radius"
	"layeh.com/radius/rfc2759"
	"layeh.com/radius/rfc2865"
	"layeh.com/radius/rfc2869"
	"layeh.com/radius/vendors/microsoft"

	"postpatch/probes/internal/datagram"
	"postpatch/probes/internal/reach"
)

const (
	head          = 20 // of a packet, before its attributes
	authenticator = 80 // the type of Message-Authenticator
)

// question is a packet, and what it takes to believe an answer.
type question struct {
	packet  *radius.Packet
	encoded []byte
	secret  []byte
	// challenges of MS-CHAPv2, from which the server's own proof is made.
	theirs, ours, response []byte
}

// seal makes the packet's bytes, with a Message-Authenticator: who does without can be
// fooled (CVE-2024-3596), and servers that know it drop what has none.
func (q *question) seal() error {
	if err := rfc2869.MessageAuthenticator_Set(q.packet, make([]byte, md5.Size)); err != nil {
		return err
	}
	unsigned, err := q.packet.Encode()
	if err != nil {
		return err
	}
	if err := rfc2869.MessageAuthenticator_Set(q.packet, sum(unsigned, q.secret)); err != nil {
		return err
	}
	q.encoded, err = q.packet.Encode()
	return err
}

func sum(packet, secret []byte) []byte {
	mac := hmac.New(md5.New, secret)
	_, _ = mac.Write(packet)
	return mac.Sum(nil)
}

// ask is the question for UDP: the same packet again is the same question to a server.
func (q *question) ask() datagram.Question {
	return datagram.Question{Packet: q.encoded, Fits: func(packet []byte) bool {
		return len(packet) >= head && packet[1] == q.packet.Identifier && packet[0] != byte(q.packet.Code)
	}}
}

// answer is what a server said.
type answer struct {
	code   radius.Code
	proved bool // it knows the secret
	signed bool // there is a Message-Authenticator
	packet *radius.Packet
}

// read believes a packet as far as the secret proves it.
func (q *question) read(packet []byte) (answer, error) {
	if length := int(packet[2])<<8 | int(packet[3]); length >= head && length < len(packet) {
		packet = packet[:length] // RFC 2865, 3: what is beyond is padding
	}
	got, err := radius.Parse(packet, q.secret)
	if err != nil {
		return answer{}, fmt.Errorf("reading the answer: %w", err)
	}
	a := answer{code: got.Code, packet: got, proved: radius.IsAuthenticResponse(packet, q.encoded, q.secret)}
	if at, found := place(packet); found && a.proved {
		a.signed = true
		unsigned := slices.Concat(packet[:4], q.encoded[4:head], packet[head:])
		clear(unsigned[at : at+md5.Size])
		a.proved = hmac.Equal(packet[at:at+md5.Size], sum(unsigned, q.secret))
	}
	return a, nil
}

// place is where a packet, whose attributes have been parsed, has its
// Message-Authenticator.
func place(packet []byte) (at int, found bool) {
	for at := head; at+2 <= len(packet); at += int(packet[at+1]) {
		length := int(packet[at+1])
		if length < 2 || at+length > len(packet) {
			return 0, false
		}
		if packet[at] == authenticator && length == 2+md5.Size {
			return at + 2, true
		}
	}
	return 0, false
}

// newQuestion makes a packet that says who asks.
func newQuestion(code radius.Code, secret []byte, nas string) (*question, error) {
	q := &question{packet: radius.New(code, secret), secret: secret}
	return q, rfc2865.NASIdentifier_SetString(q.packet, nas)
}

// pap adds a user with the password, which the secret hides.
func (q *question) pap(user, password string) error {
	if err := rfc2865.UserName_SetString(q.packet, user); err != nil {
		return err
	}
	return rfc2865.UserPassword_SetString(q.packet, password)
}

// mschap adds a user with the proof of the password by MS-CHAPv2 (RFC 2548, RFC 2759).
func (q *question) mschap(user, password string) error {
	q.theirs, q.ours = make([]byte, 16), make([]byte, 16)
	_, _ = rand.Read(q.theirs) // never fails
	_, _ = rand.Read(q.ours)
	var err error
	q.response, err = rfc2759.GenerateNTResponse(q.theirs, q.ours, []byte(bare(user)), []byte(password))
	if err != nil {
		return fmt.Errorf("proving the account by MS-CHAPv2: %w", err)
	}
	response := slices.Concat([]byte{1, 0}, q.ours, make([]byte, 8), q.response)
	if err := rfc2865.UserName_SetString(q.packet, user); err != nil {
		return err
	}
	if err := microsoft.MSCHAPChallenge_Set(q.packet, q.theirs); err != nil {
		return err
	}
	return microsoft.MSCHAP2Response_Set(q.packet, response)
}

// knows says whether the server's answer to MS-CHAPv2 proves that it knows the password.
func (q *question) knows(a answer, user, password string) bool {
	success := microsoft.MSCHAP2Success_Get(a.packet)
	want, err := rfc2759.GenerateAuthenticatorResponse(q.theirs, q.ours, q.response, []byte(bare(user)), []byte(password))
	return err == nil && len(success) > 1 && strings.HasPrefix(string(success[1:]), want)
}

// bare is a user's name without the domain, which MS-CHAPv2 leaves out.
func bare(user string) string {
	if _, name, qualified := strings.Cut(user, `\`); qualified {
		return name
	}
	return user
}

// why is what a server says of a refusal.
func why(a answer) string {
	if refusal := microsoft.MSCHAPError_Get(a.packet); len(refusal) > 1 {
		return chapError(reach.Printable(string(refusal[1:]), 200))
	}
	return reach.Printable(rfc2865.ReplyMessage_GetString(a.packet), 300)
}

// chapError adds to a code of MS-CHAP what it means (RFC 2759, 6).
func chapError(text string) string {
	for code, means := range map[string]string{
		"E=646": "not at this hour", "E=647": "the account is disabled", "E=648": "the password has expired",
		"E=649": "the account may not dial in", "E=691": "wrong user or password", "E=709": "the password cannot be changed",
	} {
		if strings.HasPrefix(text, code) {
			return text + " (" + means + ")"
		}
	}
	return text
}

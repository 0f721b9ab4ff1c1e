package talk

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"postpatch/probes/internal/reach"
)

// Protocols are those in which TLS can be started.
func Protocols() []string { return slices.Sorted(maps.Keys(starters())) }

// Declined means that the server does not start TLS, in its own words, fit to be shown.
type Declined struct{ Words string }

// Error implements error.
func (d *Declined) Error() string { return "TLS is not offered: " + d.Words }

// StartTLS goes over to TLS as the protocol has it. An error that is a *Declined tells
// that the server does not, and one that is a *Failed that it came to nothing.
func (c *Conversation) StartTLS(ctx context.Context, protocol, name string) error {
	err := starters()[protocol](c)
	if err == nil {
		err = c.Secure(ctx, name)
	}
	declined, isDeclined := errors.AsType[*Declined](err)
	err = reach.Cause(ctx, err)
	switch state := stateOf(err); {
	case err == nil:
		return nil
	case isDeclined:
		return declined
	case state != "":
		return &Failed{Number: 0, Step: "starttls: " + protocol, State: state, Came: Show(c.heard), Err: err}
	default:
		return fmt.Errorf("starting TLS in %s: %w", protocol, err)
	}
}

func starters() map[string]func(*Conversation) error {
	return map[string]func(*Conversation) error{
		"smtp": startSMTP, "imap": startIMAP, "pop3": startPOP3, "ftp": startFTP, "ldap": startLDAP, "mysql": startMySQL,
		"postgres": startPostgres,
	}
}

// reply takes a reply of SMTP or FTP: one line, or several, of which the first has a hyphen
// behind the code and the last a space. Those between may begin with anything, as FTP has it
// (RFC 959, 4.2).
func (c *Conversation) reply(code string) error {
	const most = 100
	for n := range most {
		line, err := c.Line()
		switch {
		case err != nil:
			return err
		case strings.HasPrefix(line, code+" ") || line == code:
			return nil
		case n == 0 && !strings.HasPrefix(line, code+"-"):
			return &Declined{Show([]byte(line))}
		}
	}
	return tooMuch("a reply has more than", most, "lines")
}

// dialogue hears a code, then says each line and hears the code that follows it.
func (c *Conversation) dialogue(greeting string, turns ...string) error {
	if err := c.reply(greeting); err != nil {
		return err
	}
	for i := 0; i+1 < len(turns); i += 2 {
		if err := c.Say(turns[i] + "\r\n"); err != nil {
			return err
		}
		if err := c.reply(turns[i+1]); err != nil {
			return err
		}
	}
	return nil
}

func startSMTP(c *Conversation) error {
	return c.dialogue("220", "EHLO postpatch.invalid", "250", "STARTTLS", "220")
}

func startFTP(c *Conversation) error { return c.dialogue("220", "AUTH TLS", "234") }

// lineThat takes the next line, which has to begin so.
func (c *Conversation) lineThat(begins string) error {
	line, err := c.Line()
	if err == nil && !strings.HasPrefix(line, begins) {
		err = &Declined{Show([]byte(line))}
	}
	return err
}

func startPOP3(c *Conversation) error {
	if err := c.lineThat("+OK"); err != nil {
		return err
	}
	if err := c.Say("STLS\r\n"); err != nil {
		return err
	}
	return c.lineThat("+OK")
}

func startIMAP(c *Conversation) error {
	if err := c.lineThat("* OK"); err != nil {
		return err
	}
	if err := c.Say("a1 STARTTLS\r\n"); err != nil {
		return err
	}
	for {
		line, err := c.Line()
		switch {
		case err != nil:
			return err
		case strings.HasPrefix(line, "a1 OK"):
			return nil
		case strings.HasPrefix(line, "a1 "):
			return &Declined{Show([]byte(line))}
		}
	}
}

func startPostgres(c *Conversation) error {
	request := binary.BigEndian.AppendUint32(nil, 8)
	if err := c.Say(string(binary.BigEndian.AppendUint32(request, 80877103))); err != nil {
		return err
	}
	answer, err := c.Exactly(1)
	if err == nil && answer[0] != 'S' {
		err = &Declined{"the answer is " + Show(answer)}
	}
	return err
}

// startMySQL answers the greeting by a request that has TLS's flag alone.
func startMySQL(c *Conversation) error {
	const capSSL, cap41, capSecure, version10 = 0x800, 0x200, 0x8000, 10
	head, err := c.Exactly(4)
	if err != nil {
		return err
	}
	length := int(head[0]) | int(head[1])<<8 | int(head[2])<<16
	if length < 1 || length > longestLine {
		return &Declined{"what came is no greeting of MySQL"}
	}
	greeting, err := c.Exactly(length)
	if err != nil {
		return err
	}
	if greeting[0] != version10 {
		return &Declined{Show(greeting)} // an error, such as a host that is blocked
	}
	end := slices.Index(greeting, 0) // of the version's text
	const toFlags = 1 + 4 + 8 + 1    // the zero, a thread's number, a salt and a filler
	if end < 0 || end+toFlags+2 > len(greeting) {
		return &Declined{"what came is no greeting of MySQL"}
	}
	if flags := binary.LittleEndian.Uint16(greeting[end+toFlags:]); flags&capSSL == 0 {
		return &Declined{"the greeting of MySQL does not have it"}
	}
	request := []byte{32, 0, 0, head[3] + 1}
	request = binary.LittleEndian.AppendUint32(request, capSSL|cap41|capSecure)
	request = binary.LittleEndian.AppendUint32(request, 1<<24)
	request = append(request, 33) // UTF-8
	return c.Say(string(append(request, make([]byte, 23)...)))
}

// startLDAP asks by the extended operation of RFC 4511, 4.14.
func startLDAP(c *Conversation) error {
	const oid = "1.3.6.1.4.1.1466.20037"
	request := "\x30\x1d\x02\x01\x01\x77\x18\x80\x16" + oid
	if err := c.Say(request); err != nil {
		return err
	}
	body, err := c.element(0x30)
	if err != nil {
		return err
	}
	inner := New(nil)
	inner.heard = body
	if id, err := inner.element(0x02); err != nil || string(id) != "\x01" {
		return &Declined{"what came is no answer of LDAP"}
	}
	response, err := inner.element(0x78)
	if err != nil {
		return &Declined{"what came is no answer of LDAP"}
	}
	inner.heard = response
	code, err := inner.element(0x0a)
	switch {
	case err != nil || len(code) != 1:
		return &Declined{"what came is no answer of LDAP"}
	case code[0] == 0:
		return nil
	}
	words := fmt.Sprintf("result %d", code[0])
	if _, err := inner.element(0x04); err == nil {
		if text, err := inner.element(0x04); err == nil && len(text) > 0 {
			words += ": " + reach.Printable(string(text), mostShown)
		}
	}
	return &Declined{words}
}

// element takes an element of BER with a tag.
func (c *Conversation) element(tag byte) ([]byte, error) {
	head, err := c.Exactly(2)
	if err != nil {
		return nil, err
	}
	if head[0] != tag {
		return nil, &Declined{"what came is no answer of LDAP"}
	}
	length := int(head[1])
	if length > 0x7f {
		size := length & 0x7f
		if size == 0 || size > 4 {
			return nil, &Declined{"what came is no answer of LDAP"}
		}
		more, err := c.Exactly(size)
		if err != nil {
			return nil, err
		}
		length = 0
		for _, b := range more {
			length = length<<8 | int(b)
		}
	}
	if length > longestLine {
		return nil, tooMuch("an answer has more than", longestLine, "bytes")
	}
	return c.Exactly(length)
}

package mail

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// transaction answers the commands by which a message is sent.
func (s *session) transaction(verb, rest string) error {
	if !s.said {
		return s.send("503 5.5.2 Send hello first")
	}
	switch verb {
	case "MAIL":
		return s.mail(rest)
	case "RCPT":
		return s.rcpt(rest)
	case "DATA":
		return s.data()
	default:
		return s.chunk(rest)
	}
}

func (s *session) mail(rest string) error {
	address, ok := mailbox(rest, "FROM:")
	switch {
	case !ok:
		return s.send("501 5.5.4 Invalid arguments")
	case s.host.SMTP.Envelope != "":
		return s.send(s.host.SMTP.Envelope)
	case s.from:
		return s.send("503 5.5.2 Sender already specified")
	}
	s.from, s.sender = true, address
	return s.send("250 2.1.0 Sender OK")
}

// rcpt takes what is for the host's own domain and relays nothing.
func (s *session) rcpt(rest string) error {
	address, ok := mailbox(rest, "TO:")
	_, domain, _ := strings.Cut(address, "@")
	own := strings.ToLower(s.host.OS.Domain)
	if own == "" {
		_, own, _ = strings.Cut(strings.ToLower(s.host.Name), ".")
	}
	switch {
	case !s.from:
		return s.send("503 5.5.2 Need mail command")
	case !ok || address == "":
		return s.send("501 5.1.3 Invalid address")
	case s.isUser(address):
	case strings.ToLower(domain) != own:
		return s.send("550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain")
	case s.host.Mail != nil:
		return s.send("550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup")
	}
	s.to = append(s.to, address)
	return s.send("250 2.1.5 Recipient OK")
}

// mailbox reads "FROM:<address> parameters".
func mailbox(text, keyword string) (string, bool) {
	if len(text) < len(keyword) || !strings.EqualFold(text[:len(keyword)], keyword) {
		return "", false
	}
	inner, isPath := strings.CutPrefix(strings.TrimSpace(text[len(keyword):]), "<")
	address, _, closed := strings.Cut(inner, ">")
	return address, isPath && closed
}

func (s *session) data() error {
	switch {
	case !s.from:
		return s.send("503 5.5.2 Need mail command")
	case len(s.to) == 0:
		return s.send("503 5.5.2 Need rcpt command")
	}
	if err := s.send("354 Start mail input; end with <CRLF>.<CRLF>"); err != nil {
		return err
	}
	size, whole := 0, true // whole: a line begins here
	for {
		if err := s.conn.SetDeadline(time.Now().Add(idle)); err != nil {
			return err
		}
		part, err := s.in.ReadSlice('\n')
		ended := err == nil
		if !ended && len(part) == 0 {
			return err
		}
		if whole && string(part) == ".\r\n" {
			break
		}
		size += len(part)
		if whole && part[0] == '.' {
			part = part[1:]
		}
		whole = ended
		s.keep(part)
		if size > 2*maxMessage {
			_ = s.send("421 4.4.2 Message submission rate exceeded")
			return io.ErrShortBuffer
		}
	}
	return s.queued(size)
}

// keep keeps of a message what a store takes.
func (s *session) keep(part []byte) {
	if room := mostKept - len(s.body); room > 0 {
		s.body = append(s.body, part[:min(len(part), room)]...)
	}
}

// chunk takes "BDAT size [LAST]".
func (s *session) chunk(rest string) error {
	count, last, _ := strings.Cut(rest, " ")
	size, err := strconv.ParseInt(count, 10, 32)
	if err != nil || size < 0 || size > maxMessage {
		return s.send("501 5.5.4 Invalid arguments")
	}
	for left := size; left > 0; {
		part := make([]byte, min(left, maxLine))
		if _, err := io.ReadFull(s.in, part); err != nil {
			return err
		}
		s.keep(part)
		left -= int64(len(part))
	}
	switch {
	case !s.from || len(s.to) == 0:
		return s.send("503 5.5.2 Need rcpt command")
	case !strings.EqualFold(last, "LAST"):
		return s.send(fmt.Sprintf("250 2.6.0 CHUNK received OK, %d octets", size))
	}
	return s.queued(int(size))
}

// queued ends a transaction. The message is delivered to those who are here; it is
// gone otherwise.
func (s *session) queued(size int) error {
	defer s.reset()
	if size > maxMessage {
		return s.send("552 5.3.4 Message size exceeds fixed maximum message size")
	}
	s.deliver()
	return s.send(fmt.Sprintf("250 2.6.0 <%d@%s> [InternalId=%d] Queued mail for delivery",
		time.Now().UnixNano(), s.host.Name, size))
}

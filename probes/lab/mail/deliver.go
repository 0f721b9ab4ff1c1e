package mail

import (
	"bytes"
	"encoding/base64"
	"fmt"
	message "net/mail"
	"slices"
	"strings"
	"time"
)

// isUser says whether an address is a mailbox here.
func (s *session) isUser(address string) bool {
	if s.host.Mail == nil {
		return false
	}
	for name := range s.host.Mail.Users {
		if strings.EqualFold(name, address) {
			return true
		}
	}
	return false
}

// deliver does with a message what its fate is.
func (s *session) deliver() {
	if s.host.Mail == nil || s.host.Mail.Fate == "lost" {
		return
	}
	due := time.Now().Add(s.host.Mail.Delay)
	head := fmt.Sprintf("Received: from client by %s with ESMTP; %s\r\n", s.host.Name, time.Now().Format(time.RFC1123Z))
	const subject = "\r\nSubject: "
	marked := bytes.Replace(s.body, []byte(subject), []byte(subject+s.host.Mail.Mark), 1)
	raw := append([]byte(head), marked...)
	if s.host.Mail.Fate == "bounced" {
		if s.isUser(s.sender) {
			s.store.Deliver(s.sender, s.bounce(raw), due)
		}
		return
	}
	for _, address := range s.to {
		if s.isUser(address) {
			s.store.Deliver(address, slices.Clone(raw), due)
		}
	}
}

// bounce is the report of a message that could not be delivered. As Exchange does, it
// says in its subject which.
func (s *session) bounce(raw []byte) []byte {
	about := ""
	if m, err := message.ReadMessage(bytes.NewReader(raw)); err == nil {
		about = m.Header.Get("Subject")
	}
	return slices.Concat(fmt.Appendf(nil, "From: postmaster@%[1]s\r\nTo: %[2]s\r\nSubject: Undeliverable: %[4]s\r\n"+
		"MIME-Version: 1.0\r\nAuto-Submitted: auto-replied\r\n"+
		"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"+
		"--b\r\nContent-Type: text/plain\r\n\r\nDelivery has failed.\r\n"+
		"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns;%[1]s\r\n\r\n"+
		"Final-Recipient: rfc822;%[3]s\r\nAction: failed\r\nStatus: 5.2.2\r\n"+
		"Diagnostic-Code: smtp;554 5.2.2 mailbox full\r\n\r\n"+
		"--b\r\nContent-Type: message/rfc822\r\n\r\n", s.host.Name, s.sender, strings.Join(s.to, ", "), about),
		raw, []byte("\r\n--b--\r\n"))
}

// auth takes a mailbox' password by PLAIN or LOGIN, in TLS.
func (s *session) auth(rest string) error {
	mechanism, first, _ := strings.Cut(rest, " ")
	mechanism = strings.ToUpper(mechanism)
	switch {
	case !s.said:
		return s.send("503 5.5.2 Send hello first")
	case !s.secure || s.host.Mail == nil || mechanism != "PLAIN" && mechanism != "LOGIN":
		return s.send("504 5.7.4 Unrecognized authentication type")
	}
	user, password := "", ""
	if mechanism == "PLAIN" {
		text, err := s.asked("", first)
		parts := strings.Split(text, "\x00")
		if err != nil || len(parts) != 3 {
			return s.send("501 5.5.4 Invalid arguments")
		}
		user, password = parts[1], parts[2]
	} else {
		var err error
		if user, err = s.asked("VXNlcm5hbWU6", first); err == nil {
			password, err = s.asked("UGFzc3dvcmQ6", "")
		}
		if err != nil {
			return s.send("501 5.5.4 Invalid arguments")
		}
	}
	if !takes(s.host, user, password) {
		return s.send("535 5.7.3 Authentication unsuccessful")
	}
	return s.send("235 2.7.0 Authentication successful")
}

// asked asks for what the client has not said at once, and decodes it.
func (s *session) asked(challenge, said string) (string, error) {
	if said == "" {
		if err := s.send("334 " + challenge); err != nil {
			return "", err
		}
		line, err := s.read()
		if err != nil {
			return "", err
		}
		said = line
	}
	text, err := base64.StdEncoding.DecodeString(strings.TrimSpace(said))
	return string(text), err
}

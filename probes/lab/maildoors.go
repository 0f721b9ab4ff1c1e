package lab

import (
	"slices"

	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/mail"
)

// smtpPorts are where a host takes mail.
func smtpPorts(h estate.Host) []int {
	switch {
	case h.SMTP == nil:
		return nil
	case len(h.SMTP.Ports) == 0:
		return []int{25}
	default:
		return h.SMTP.Ports
	}
}

// addSMTP makes a door for each connector.
func (m *machine) addSMTP(h estate.Host) {
	for _, port := range smtpPorts(h) {
		m.add(tcp(port), func(h estate.Host) bool {
			return slices.Contains(smtpPorts(h), port) && h.SMTP.Fault != estate.Refuse
		}, fresh{func() server { return mail.New(m.host, m.certs).At(port, m.mail) }})
	}
}

// addMailboxes makes the doors of IMAP and POP3.
func (m *machine) addMailboxes() {
	for port, post := range map[int]func(*estate.Mail) *estate.Post{
		143: imap, 993: imap, 110: pop3, 995: pop3,
	} {
		m.add(tcp(port), func(h estate.Host) bool {
			return h.Mail != nil && post(h.Mail) != nil && post(h.Mail).Fault != estate.Refuse
		}, fresh{func() server { return mail.NewPost(m.host, m.certs, port, m.mail) }})
	}
}

func imap(m *estate.Mail) *estate.Post { return m.IMAP }

func pop3(m *estate.Mail) *estate.Post { return m.POP3 }

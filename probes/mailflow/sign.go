package mailflow

import (
	"strings"

	"github.com/google/uuid"
)

const (
	subjects = "postpatch mailflow "
	// ourDomain ends the names of our messages.
	ourDomain = "@postpatch.invalid"
)

// sign is how the message of a trip is known again.
type sign struct {
	host, id string
	sender   string // its From
}

func newSign(host, sender string) sign {
	return sign{host: printable(host), id: uuid.NewString(), sender: sender}
}

// printable is a host's name as it may stand in a subject.
func printable(host string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return '?'
		}
		return r
	}, host)
}

// start is how the subjects of one host's messages begin when they are sent.
func (s sign) start() string { return subjects + s.host + " " }

// letter is what a mailbox tells of a message.
type letter struct{ subject, messageID, from string }

// bears says whether a letter has the message's own name, which no report has.
func (s sign) bears(l letter) bool { return strings.Trim(l.messageID, "<> ") == s.id+ourDomain }

// isOurs says whether a letter is the message itself, whatever a gateway has written
// before or behind its subject. A report has the subject within its own, too, so that
// what does not begin as it was sent has to come from its sender, or to bear its name.
func (s sign) isOurs(l letter) bool {
	return s.bears(l) || strings.Contains(l.subject, s.id) &&
		(strings.HasPrefix(l.subject, subjects) || strings.EqualFold(l.from, s.sender))
}

// isEarlier says whether a letter is the message of an earlier run for the same host.
func (s sign) isEarlier(l letter) bool {
	_, id, found := strings.Cut(l.subject, s.start())
	if id, _, _ = strings.Cut(id, " "); !found || uuid.Validate(id) != nil {
		return false
	}
	s.id = id
	return s.isOurs(l)
}

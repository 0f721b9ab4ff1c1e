// Package imap observes IMAP servers: what they offer, and whether a mailbox can be
// opened.
package imap

import (
	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/mailtalk"
)

// Kind is what a suite calls "imap".
var Kind = mailtalk.Define(probes.Kind{
	Name:     "imap",
	Doc:      "IMAP servers: are they ready, what do they offer, with which certificate, does a mailbox open.",
	Example:  "- imap: {port: [143, 993], login: true}\n",
	Readings: append(mailtalk.MailboxSpecs("BYE"), inboxSpec()),
}, 993, func() mailtalk.Protocol { return new(session).protocol() })

func inboxSpec() probes.ReadingSpec {
	return probes.ReadingSpec{
		Name: "inbox", Type: fact.TypeText, Severity: fact.Fail, Expect: mailtalk.OK,
		Doc: "With login: ok where INBOX can be opened, or how the server declines: NO, BAD.",
	}
}

// Package pop3 observes POP3 servers: what they offer, and whether a mailbox opens.
package pop3

import (
	"postpatch/probes"
	"postpatch/probes/internal/mailtalk"
)

// Kind is what a suite calls "pop3".
var Kind = mailtalk.Define(probes.Kind{
	Name:     "pop3",
	Doc:      "POP3 servers: are they ready, what do they offer, with which certificate, does a mailbox open.",
	Example:  "- pop3: {port: [110, 995], login: true}\n",
	Readings: mailtalk.MailboxSpecs("-ERR"),
}, 995, func() mailtalk.Protocol { return new(session).protocol() })

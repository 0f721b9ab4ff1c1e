// Package mailflow sends one message through a mail server and reads it back from a
// test mailbox.
package mailflow

import (
	"context"
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/choice"
	"postpatch/probes/internal/mailtalk"
	"postpatch/probes/internal/reach"
)

// Kind is what a suite calls "mailflow".
var Kind = probes.Define(probes.Kind{
	Name: "mailflow",
	Doc: "Writes one message: sends it to the operator's own test mailbox, reads it back and deletes it, with the " +
		"time it took.",
	Item:       "empty",
	Items:      probes.AnyCase,
	Credential: mailtalk.Use,
	Timeout:    90 * time.Second,
	Main:       "via",
	Words:      map[string][]string{"via": ways()},
	Example:    "- mailflow: {via: imap, port: 25, limit: 60s}\n  why: every service may run and mail be stuck\n",
	Readings:   specs(),
	Notes: []string{
		"Every run of the check writes one message; lint and plan send nothing.",
		"It goes to the mailbox of the credentials file's entry with for: mail, and nowhere else.",
		"That is its mail: {address: …}, or its user where that is an address.",
		"What an earlier run left in INBOX is deleted after ten minutes.",
		"A message that a rule moves out of INBOX counts as not delivered.",
	},
}, params{Via: viaIMAP, Port: 25, MailboxPort: imapsPort, Limit: time.Minute}, build)

type params struct {
	Via         string        `param:"via" doc:"How the mailbox is read."`
	Port        int           `param:"port" doc:"The connector that takes the message; at 465 TLS begins at once."`
	Address     string        `param:"address" absent:"the host under test" doc:"Where the connector is."`
	To          string        `param:"to" absent:"that" doc:"The recipient, which has to be the operator's mailbox."`
	From        string        `param:"from" absent:"the recipient" doc:"The sender."`
	EHLO        string        `param:"ehlo" absent:"the runner's own address" doc:"The name to greet with."`
	Login       bool          `param:"login" doc:"Whether to log in at the connector, too."`
	Mailbox     string        `param:"mailbox" absent:"the host under test" doc:"Where the mailbox is read."`
	MailboxPort int           `param:"mailbox_port" doc:"The port: 993, of EWS 443; IMAP at others by STARTTLS."`
	Limit       time.Duration `param:"limit" doc:"How long the message may be under way."`
}

// imapsPort is IMAP's where TLS begins at once.
const imapsPort = 993

const (
	viaIMAP   = "imap"
	viaEWS    = "ews"
	ok        = "ok"
	open      = "open"
	delivered = "delivered"
	bounced   = "bounced"
)

// ways are how the mailbox can be read.
func ways() []string { return []string{viaIMAP, viaEWS} }

func specs() []probes.ReadingSpec {
	ignore := fact.Rule{Op: fact.Ignore}
	return []probes.ReadingSpec{
		{
			Name: "mailbox", Type: fact.TypeText, Gate: true, Severity: fact.Fail, Expect: open,
			Doc: "Whether the mailbox could be opened, before anything was sent: open, refused, reset, tls failed, " +
				"declined, login refused, or unavailable.",
		},
		{
			Name: "accepted", Type: fact.TypeText, Gate: true, Severity: fact.Fail, Expect: ok,
			Doc: "Whether the connector took the message: ok, refused, reset, tls failed, login refused, or its code, 452.",
		},
		{
			Name: "delivery", Type: fact.TypeText, Gate: true, Severity: fact.Fail, Expect: delivered,
			Doc: "What became of it: delivered, bounced, or not delivered in the time that it may take.",
		},
		{
			Name: "delivery_time", Type: fact.TypeDuration,
			Rule: fact.Rule{Op: fact.AtMost, Duration: 20 * time.Second},
			Doc:  "How long it was under way.",
		},
		{
			Name: "removed", Type: fact.TypeText, Rule: ignore, Evidence: true,
			Doc: "Whether it was deleted: yes, marked where the server cannot delete one message alone, or no.",
		},
		{
			Name: "reason", Type: fact.TypeText, Rule: ignore, Evidence: true,
			Doc: "Why something of it failed, in the server's words.",
		},
	}
}

type probe params

func build(p params) (probes.Probe, error) {
	if err := choice.Some("via", ways(), p.Via); err != nil {
		return nil, err
	}
	for _, port := range []struct {
		field string
		is    int
	}{{"port", p.Port}, {"mailbox_port", p.MailboxPort}} {
		if err := reach.CheckPorts(port.field, port.is); err != nil {
			return nil, err
		}
	}
	for field, address := range map[string]string{"to": p.To, "from": p.From} {
		if parsed, err := mail.ParseAddress(address); address != "" && (err != nil || parsed.Address != address) {
			return nil, probes.Fieldf(field, "%q is no mail address", address)
		}
	}
	if strings.ContainsFunc(p.EHLO, func(r rune) bool { return r <= ' ' || r > '~' }) || len(p.EHLO) > 255 {
		return nil, probes.Fieldf("ehlo", "%q is no name", p.EHLO)
	}
	if p.Limit <= 0 || p.Limit > time.Hour {
		return nil, probes.Fieldf("limit", "must be more than 0s and at most 1h, got %s", p.Limit)
	}
	return probe(p), nil
}

// Aims implements probes.Aimer.
func (p probe) Aims() []string { return slices.Compact([]string{p.Address, p.Mailbox}) }

// Observe implements probes.Probe.
func (p probe) Observe(ctx context.Context, t probes.Target) ([]fact.Reading, error) {
	if err := p.hasTime(ctx); err != nil {
		return nil, err
	}
	address, err := p.recipient(t)
	if err != nil {
		return nil, err
	}
	trip := newTrip(p, t, address)
	err = trip.run(ctx)
	return trip.Readings, reach.Cause(ctx, err)
}

// hasTime makes sure that the check's own time is longer than the message may take,
// so that a message that is late is not told from a check that is over.
func (p probe) hasTime(ctx context.Context) error {
	end, limited := ctx.Deadline()
	if limited && time.Until(end) < p.Limit+min(10*time.Second, p.Limit/4) {
		return fmt.Errorf("%w: the check has %s and the message may take %s: give the check a longer timeout, or the "+
			"message a shorter limit", probes.ErrNotTried, time.Until(end).Round(time.Second), p.Limit)
	}
	return nil
}

// recipient is the operator's mailbox. A suite sends mail to nobody else.
func (p probe) recipient(t probes.Target) (string, error) {
	c, err := t.Credential(mailtalk.Use)
	if err != nil {
		return "", fmt.Errorf("finding the credential: %w", err)
	}
	own := c.User
	if c.Mail != nil && c.Mail.Address != "" {
		own = c.Mail.Address
	}
	if parsed, err := mail.ParseAddress(own); err != nil || parsed.Address != own {
		return "", fmt.Errorf("%w: the user %q is no mail address: add mail: {address: …} to its entry of the "+
			"credentials file", probes.ErrNotTried, c.User)
	}
	if p.To != "" && !strings.EqualFold(p.To, own) {
		return "", fmt.Errorf("%w: the suite wants to send to %q, and the operator's test mailbox is %q",
			probes.ErrNotTried, p.To, own)
	}
	return own, nil
}

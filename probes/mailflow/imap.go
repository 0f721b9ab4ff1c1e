package mailflow

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"postpatch/probes/internal/mailtalk"
	"postpatch/probes/internal/reach"
)

const (
	leftBehind  = 10 * time.Minute // so old is what no run waits for any more
	mostLooked  = 200              // of the newest messages, for what was left behind
	mostReports = 20               // bounces that are read
	mostOfOne   = 64 << 10         // bytes of one
)

// imapBox reads the mailbox over IMAP.
type imapBox struct {
	*mailtalk.Mailbox

	sign  sign
	next  imap.UID // the first that is new
	found imap.UIDSet
	read  map[imap.UID]bool // reports that are not ours
}

func openIMAP(ctx context.Context, r *trip) (mailbox, error) {
	t, p := r.target, r.probe
	opened, err := mailtalk.OpenMailbox(ctx, t, mailtalk.Door{
		Address: reach.JoinPort(reach.Address(t, p.Mailbox), p.MailboxPort), Port: p.MailboxPort,
		Implicit: p.MailboxPort == imapsPort, Name: cmp.Or(p.Mailbox, reach.Name(t)),
	})
	if err != nil {
		return nil, err
	}
	b := &imapBox{Mailbox: opened, sign: r.sign, read: map[imap.UID]bool{}}
	if err := b.begin(); err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

// begin opens INBOX, and deletes what earlier runs left behind.
func (b *imapBox) begin() error {
	inbox, err := b.Select("INBOX", nil).Wait()
	if err != nil {
		return fmt.Errorf("opening INBOX: %w", mailtalk.Refusal(err))
	}
	if b.next = inbox.UIDNext; b.next == 0 {
		return errors.New("opening INBOX: the server does not tell UIDNEXT")
	}
	if inbox.NumMessages == 0 {
		return nil
	}
	var newest imap.SeqSet
	newest.AddRange(inbox.NumMessages-min(inbox.NumMessages, mostLooked)+1, inbox.NumMessages)
	all, err := b.Fetch(newest, &imap.FetchOptions{Envelope: true, UID: true, InternalDate: true}).Collect()
	if err != nil {
		return fmt.Errorf("listing INBOX: %w", mailtalk.Refusal(err))
	}
	for _, m := range all {
		if b.sign.isEarlier(letterOf(m)) && time.Since(m.InternalDate) > leftBehind {
			b.found.AddNum(m.UID)
		}
	}
	if len(b.found) > 0 {
		_, err = b.Remove()
	}
	return err
}

// Look implements mailbox.
func (b *imapBox) Look() (sight, error) {
	b.Renew()                               // a long wait has many looks
	if err := b.Noop().Wait(); err != nil { // now the server tells what is new
		return sight{}, mailtalk.Refusal(err)
	}
	var fresh imap.UIDSet
	fresh.AddRange(b.next, 0)
	header := &imap.FetchItemBodySection{
		Specifier: imap.PartSpecifierHeader, HeaderFields: []string{"Content-Type", "Auto-Submitted"}, Peek: true,
	}
	all, err := b.Fetch(fresh, &imap.FetchOptions{
		Envelope: true, UID: true, BodySection: []*imap.FetchItemBodySection{header},
	}).Collect()
	if err != nil {
		return sight{}, mailtalk.Refusal(err)
	}
	for _, m := range all {
		switch {
		case m.UID < b.next || m.Envelope == nil: // the last one, when none is new
		case b.sign.bears(letterOf(m)), !isReport(m) && b.sign.isOurs(letterOf(m)):
			b.found.AddNum(m.UID)
			return sight{state: delivered}, nil
		case isReport(m) && !b.read[m.UID] && len(b.read) < mostReports:
			b.read[m.UID] = true
			words, ours, err := b.report(m.UID)
			if err != nil {
				return sight{}, err
			}
			if ours {
				b.found.AddNum(m.UID)
				return sight{bounced, words}, nil
			}
			if b.sign.isOurs(letterOf(m)) { // it only looked like a report
				b.found.AddNum(m.UID)
				return sight{state: delivered}, nil
			}
		}
	}
	return sight{}, nil
}

// letterOf is what the envelope tells.
func letterOf(m *imapclient.FetchMessageBuffer) letter {
	if m.Envelope == nil {
		return letter{}
	}
	l := letter{subject: m.Envelope.Subject, messageID: m.Envelope.MessageID}
	if len(m.Envelope.From) > 0 {
		l.from = m.Envelope.From[0].Addr()
	}
	return l
}

// isReport says whether a message may be one of a server about another.
func isReport(m *imapclient.FetchMessageBuffer) bool {
	for _, section := range m.BodySection {
		head := strings.ToLower(string(section.Bytes))
		if strings.Contains(head, "multipart/report") || strings.Contains(head, "auto-replied") {
			return true
		}
	}
	for _, from := range m.Envelope.From {
		if name := strings.ToLower(from.Mailbox); name == "postmaster" || name == "mailer-daemon" {
			return true
		}
	}
	return false
}

// report reads a server's report: whether it is about the message, and what it says.
func (b *imapBox) report(uid imap.UID) (words string, ours bool, err error) {
	body := &imap.FetchItemBodySection{Peek: true, Partial: &imap.SectionPartial{Size: mostOfOne}}
	all, err := b.Fetch(imap.UIDSetNum(uid), &imap.FetchOptions{
		UID: true, BodySection: []*imap.FetchItemBodySection{body},
	}).Collect()
	if err != nil {
		return "", false, mailtalk.Refusal(err)
	}
	for _, m := range all {
		for _, section := range m.BodySection {
			if text := string(section.Bytes); strings.Contains(text, b.sign.id) {
				return diagnosis(text), true, nil
			}
		}
	}
	return "", false, nil
}

// diagnosis is what a report gives as the reason.
func diagnosis(report string) string {
	words := "a server reports that it cannot be delivered"
	for _, field := range []string{"Status:", "Diagnostic-Code:"} {
		for line := range strings.Lines(report) {
			if len(line) > len(field) && strings.EqualFold(line[:len(field)], field) {
				words = "the report says " + mailtalk.Words(line[len(field):])
			}
		}
	}
	return words
}

// Remove implements mailbox. A server without UIDPLUS would delete what others have
// marked, too, so there it is only marked.
func (b *imapBox) Remove() (string, error) {
	flags := &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{imap.FlagDeleted}}
	if err := b.Store(b.found, flags, nil).Close(); err != nil {
		return "", mailtalk.Refusal(err)
	}
	if !b.Caps().Has(imap.CapUIDPlus) {
		return "marked", nil
	}
	if err := b.UIDExpunge(b.found).Close(); err != nil {
		return "", mailtalk.Refusal(err)
	}
	b.found = nil
	return "yes", nil
}

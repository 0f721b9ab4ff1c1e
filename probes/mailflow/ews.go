package mailflow

import (
	"cmp"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"postpatch/probes/internal/flatxml"
	"postpatch/probes/internal/mailtalk"
	"postpatch/probes/internal/reach"
	"postpatch/probes/internal/webtalk"
)

const (
	ewsPort = 443
	// noError is EWS's word for it.
	noError = "NoError"
	// ndrClass ends the class of a report that a message cannot be delivered.
	ndrClass = ".ndr"
	// systemMailbox begins the address from which Exchange itself writes.
	systemMailbox = "microsoftexchange329e71ec88ae4615bbc36ab6ce41109e"
)

// ewsBox reads the mailbox over EWS.
type ewsBox struct {
	ctx   context.Context // the trip's
	sign  sign
	talk  *webtalk.Talk
	found []string // ids
}

// ewsItem is what FindItem tells of a message.
type ewsItem struct {
	letter

	id, class string
	received  time.Time
}

func openEWS(ctx context.Context, r *trip) (mailbox, error) {
	t, p := r.target, r.probe
	port := p.MailboxPort
	if port == imapsPort { // as it is where nobody says otherwise
		port = ewsPort
	}
	b := &ewsBox{ctx: ctx, sign: r.sign, talk: webtalk.New(webtalk.Server{
		Target: t, Address: reach.JoinPort(reach.Address(t, p.Mailbox), port), Port: port,
		Name: cmp.Or(p.Mailbox, reach.Name(t)),
	})}
	if err := b.begin(); err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

// begin opens the inbox, and deletes what earlier runs left behind.
func (b *ewsBox) begin() error {
	all, err := b.find(b.sign.start())
	if err != nil {
		return err
	}
	for _, m := range all {
		if b.sign.isEarlier(m.letter) && !m.received.IsZero() && time.Since(m.received) > leftBehind {
			b.found = append(b.found, m.id)
		}
	}
	if len(b.found) > 0 {
		_, err = b.Remove()
	}
	return err
}

// Look implements mailbox.
func (b *ewsBox) Look() (sight, error) {
	all, err := b.find(b.sign.id)
	if err != nil {
		return sight{}, err
	}
	for _, m := range all {
		switch {
		case b.sign.bears(m.letter), !m.isReport() && b.sign.isOurs(m.letter):
			b.found = append(b.found, m.id)
			return sight{state: delivered}, nil
		case m.isReport():
			b.found = append(b.found, m.id)
			return sight{bounced, "a server reports: " + mailtalk.Words(m.subject)}, nil
		}
	}
	return sight{}, nil
}

// isReport says whether a message is one of a server about another.
func (m ewsItem) isReport() bool {
	name, _, _ := strings.Cut(strings.ToLower(m.from), "@")
	return strings.HasSuffix(strings.ToLower(m.class), ndrClass) || name == "postmaster" || name == "mailer-daemon" ||
		name == systemMailbox
}

// find finds messages in the inbox by a part of their subjects.
func (b *ewsBox) find(text string) ([]ewsItem, error) {
	all, err := b.ask(`<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape>` +
		`<t:AdditionalProperties><t:FieldURI FieldURI="item:Subject"/><t:FieldURI FieldURI="item:DateTimeReceived"/>` +
		`<t:FieldURI FieldURI="item:ItemClass"/><t:FieldURI FieldURI="message:From"/>` +
		`<t:FieldURI FieldURI="message:InternetMessageId"/>` +
		`</t:AdditionalProperties></m:ItemShape>` +
		fmt.Sprintf(`<m:IndexedPageItemView MaxEntriesReturned="%d" Offset="0" BasePoint="Beginning"/>`, mostLooked) +
		`<m:Restriction><t:Contains ContainmentMode="Substring" ContainmentComparison="IgnoreCase">` +
		`<t:FieldURI FieldURI="item:Subject"/><t:Constant Value="` + escaped(text) + `"/></t:Contains></m:Restriction>` +
		`<m:ParentFolderIds><t:DistinguishedFolderId Id="inbox"/></m:ParentFolderIds></m:FindItem>`)
	if err != nil {
		return nil, fmt.Errorf("listing the inbox: %w", err)
	}
	return ewsItems(all), nil
}

// ewsItems are the messages in an answer. What tells of one ends before it does.
func ewsItems(all []flatxml.Element) []ewsItem {
	var items []ewsItem
	var m ewsItem
	for _, e := range all {
		at := len(e.Path) - 1
		switch {
		case at > 0 && e.Path[at-1] == "Items":
			if m.id != "" {
				items = append(items, m)
			}
			m = ewsItem{}
		case e.Is("ItemId"):
			m.id = e.Attr("Id")
		case e.Is("Subject"):
			m.subject = e.Text
		case e.Is("ItemClass"):
			m.class = e.Text
		case e.Is("From/Mailbox/EmailAddress"):
			m.from = e.Text
		case e.Is("InternetMessageId"):
			m.messageID = e.Text
		case e.Is("DateTimeReceived"):
			m.received, _ = time.Parse(time.RFC3339, e.Text) // what is none is not old
		}
	}
	return items
}

// Remove implements mailbox.
func (b *ewsBox) Remove() (string, error) {
	var ids strings.Builder
	for _, id := range b.found {
		ids.WriteString(`<t:ItemId Id="` + escaped(id) + `"/>`)
	}
	_, err := b.ask(`<m:DeleteItem DeleteType="HardDelete"><m:ItemIds>` + ids.String() + `</m:ItemIds></m:DeleteItem>`)
	if err != nil {
		return "", fmt.Errorf("deleting: %w", err)
	}
	b.found = nil
	return "yes", nil
}

// Close implements mailbox.
func (b *ewsBox) Close() { b.talk.Close() }

// ask puts one question. Every answer in it has to be NoError.
func (b *ewsBox) ask(question string) ([]flatxml.Element, error) {
	answer, _, err := b.talk.LogOn(b.ctx, "ews", webtalk.EWS(question))
	switch {
	case err != nil:
		return nil, err
	case answer.Status >= 400:
		return nil, &mailtalk.SaidNo{Words: fmt.Sprintf("HTTP %d %s", answer.Status, http.StatusText(answer.Status))}
	case answer.Status != http.StatusOK:
		return nil, fmt.Errorf("EWS answers HTTP %d", answer.Status)
	}
	all, err := flatxml.Read(answer.Body)
	if err != nil {
		return nil, fmt.Errorf("no answer of EWS: %w", err)
	}
	answered := false
	for _, e := range all {
		if !e.Is("ResponseCode") {
			continue
		}
		if answered = true; e.Text != noError {
			return nil, &mailtalk.SaidNo{Words: "EWS answers " + mailtalk.Words(e.Text)}
		}
	}
	if !answered {
		return nil, errors.New("no answer of EWS: the XML has no ResponseCode")
	}
	return all, nil
}

func escaped(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a Builder takes everything
	return b.String()
}

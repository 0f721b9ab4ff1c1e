package exchange

import (
	"encoding/base64"
	"net/mail"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// createItem saves messages, sends them, or both (MS-OXWSMSG 3.1.4.2).
func (c *call) createItem(request *element) (string, error) {
	how := request.attr("MessageDisposition")
	if how == "" {
		how = "SaveOnly" // which only items that are no mail may leave out
	}
	if !slices.Contains([]string{"SaveOnly", "SendOnly", "SendAndSaveCopy"}, how) {
		return "", violates("The 'MessageDisposition' attribute is invalid - The value '" + how + "' is invalid.")
	}
	b, err := c.own()
	if err != nil {
		return c.answer(c.response("<m:Items/>", err)), nil
	}
	to := b.known("drafts")
	if how == "SendAndSaveCopy" {
		to = b.known("sentitems")
	}
	if chosen := first(request.child("SavedItemFolderId")); chosen != nil {
		_, to, err = c.folderOf(chosen)
		if isFault(err) {
			return "", err
		}
	}
	return c.each(request.child("Items"), func(e *element) (string, error) {
		switch {
		case err != nil:
			return "", err
		case e.local() != "Message":
			return "", &trouble{"ErrorUnsupportedTypeForConversion", "Only messages are created here."}
		}
		return c.create(b, to, e, how)
	})
}

func (c *call) create(b *mailbox, to *folder, e *element, how string) (string, error) {
	raw, bcc, err := c.compose(e)
	if err != nil {
		return "", err
	}
	if how != "SaveOnly" {
		if err := c.send(raw, bcc); err != nil {
			return "", err
		}
	}
	if how == "SendOnly" {
		return "", nil
	}
	it := b.put(to, raw, c.now())
	it.draft = how == "SaveOnly" && e.child("MimeContent") == nil
	it.read = e.child("IsRead").value() != "false"
	it.isSent = how != "SaveOnly"
	if err := c.set(it, e); err != nil {
		return "", err
	}
	return "<t:Message>" + b.itemID(it) + "</t:Message>", nil
}

// compose makes mail of a Message: the client's own, or what its elements say. Bcc
// are the recipients that the mail does not name.
func (c *call) compose(e *element) (raw []byte, bcc []string, err error) {
	if content := e.child("MimeContent").value(); content != "" {
		raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(content), ""))
		if err != nil {
			return nil, nil, &trouble{"ErrorMimeContentInvalidBase64String", "The MIME content has an invalid base64 string."}
		}
		if _, err := mail.ReadMessage(strings.NewReader(string(raw))); err != nil {
			return nil, nil, &trouble{"ErrorMimeContentInvalid", "MIME content is invalid."}
		}
		return raw, nil, nil
	}
	m := outgoing{
		from: (&mail.Address{Name: c.who.display(), Address: c.who.address}).String(),
		to:   recipients(e.child("ToRecipients")), cc: recipients(e.child("CcRecipients")),
		subject: e.child("Subject").value(), body: e.child("Body").value(), html: e.child("Body").attr("BodyType") != "Text",
		id: uuid.NewString(), at: c.now(),
	}
	return m.write(c.who.address), recipients(e.child("BccRecipients")), nil
}

func recipients(e *element) []string {
	var list []string
	for _, m := range e.children() {
		if address := m.child("EmailAddress").value(); address != "" {
			list = append(list, (&mail.Address{Name: m.child("Name").value(), Address: address}).String())
		}
	}
	return list
}

// send delivers a message to the mailboxes that are here. Who is in a domain of
// theirs and is not here comes back to the sender; all others are somewhere else.
func (c *call) send(raw []byte, bcc []string) error {
	h := headers(raw)
	var to []string
	for _, name := range []string{"To", "Cc", "Bcc"} {
		for _, a := range people(h, name) {
			to = append(to, a.Address)
		}
	}
	for _, text := range bcc {
		if a, err := mail.ParseAddress(text); err == nil {
			to = append(to, a.Address)
		}
	}
	if len(to) == 0 {
		return &trouble{"ErrorInvalidRecipients", "At least one recipient isn't valid."}
	}
	received := "Received: from " + c.host.Name + " by " + c.host.Name + " with mapi; " +
		c.now().Format("Mon, 02 Jan 2006 15:04:05 -0700") +
		"\r\n"
	for _, address := range to {
		a, known := mailboxOf(c.exchange, address)
		switch {
		case known:
			c.deliver(a, append([]byte(received), raw...))
		case c.domains()[domainOf(address)]:
			c.deliver(c.who, c.undeliverable(address, h))
		}
	}
	return nil
}

// deliver puts a message where mail arrives.
func (c *call) deliver(a account, raw []byte) {
	if c.Inbox != nil {
		c.Inbox.Deliver(a.address, raw)
		return
	}
	b := c.box(a)
	b.put(b.known("inbox"), raw, c.now())
}

func (c *call) domains() map[string]bool {
	all := map[string]bool{}
	for address := range c.exchange.Mailboxes {
		all[domainOf(address)] = true
	}
	return all
}

func domainOf(address string) string {
	_, domain, _ := strings.Cut(strings.ToLower(address), "@")
	return domain
}

// undeliverable is what a sender gets back.
func (c *call) undeliverable(address string, h mail.Header) []byte {
	return outgoing{
		from: "postmaster@" + domainOf(c.who.address), to: []string{c.who.address},
		subject: "Undeliverable: " + decoded(h, "Subject"), at: c.now(), id: uuid.NewString(),
		body: "Delivery has failed to these recipients: " + address +
			"\r\n550 5.1.10 RESOLVER.ADR.RecipientNotFound\r\n",
		additional: []string{"Auto-Submitted: auto-replied", "X-Failed-Recipients: " + oneLine(address)},
	}.write(c.who.address)
}

// sendItem sends drafts.
func (c *call) sendItem(request *element) (string, error) {
	saves := request.attr("SaveItemToFolder")
	if saves != "true" && saves != "false" {
		return "", violates("The 'SaveItemToFolder' attribute is invalid - The value '" + saves + "' is invalid.")
	}
	var responses []string
	for _, id := range request.child("ItemIds").children() {
		b, f, it, err := c.itemOf(id)
		if isFault(err) {
			return "", err
		}
		if err == nil {
			err = fresh(id, it)
		}
		if err == nil {
			err = c.send(it.raw, nil)
		}
		if err == nil {
			b.drop(f, it)
			c.leave(b, it)
			if saves == "true" {
				it.draft, it.isSent, it.read = false, true, true
				b.take(b.known("sentitems"), it)
			}
		}
		responses = append(responses, c.response("", err))
	}
	return c.answer(responses...), nil
}

// updateItem changes what clients may change of mail.
func (c *call) updateItem(request *element) (string, error) {
	resolution := request.attr("ConflictResolution")
	if !slices.Contains([]string{"NeverOverwrite", "AutoResolve", "AlwaysOverwrite"}, resolution) {
		return "", violates("The 'ConflictResolution' attribute is invalid - The value '" + resolution + "' is invalid.")
	}
	return c.each(request.child("ItemChanges"), func(change *element) (string, error) {
		id := change.child("ItemId")
		b, f, it, err := c.itemOf(id)
		if err != nil {
			return "", err
		}
		if resolution == "NeverOverwrite" {
			if err := fresh(id, it); err != nil {
				return "", err
			}
		}
		for _, update := range change.child("Updates").children() {
			if err := c.update(it, update); err != nil {
				return "", err
			}
		}
		it.change = b.number()
		f.change, it.modified = b.number(), c.now()
		return "<t:Message>" + b.itemID(it) + "</t:Message>", nil
	})
}

func (c *call) update(it *item, update *element) error {
	p, err := operand(first(update))
	if err != nil {
		return err
	}
	switch update.local() {
	case "SetItemField", "AppendToItemField":
		return c.set(it, update.child("Message"))
	case "DeleteItemField":
		delete(it.extended, p.id)
		if p.id == "item:Categories" {
			it.categories = nil
		}
		return nil
	default:
		return violates("The element 'Updates' has invalid child element '" + update.local() + "'.")
	}
}

// set takes over what a Message says of an item beside its mail.
func (c *call) set(it *item, message *element) error {
	for _, e := range message.children() {
		switch e.local() {
		case "IsRead":
			it.read = e.value() == "true"
		case "ItemClass":
			it.class = e.value()
		case "Categories":
			it.categories = nil
			for _, category := range e.under {
				it.categories = append(it.categories, category.value())
			}
		case "ExtendedProperty":
			p, err := propertyOf(e.child("ExtendedFieldURI"))
			if err != nil {
				return err
			}
			c.setExtended(it, p, e.child("Value").value())
		default: // of the mail itself, which stays as it is
		}
	}
	return nil
}

// maxProperties is how many properties a client may set of an item.
const maxProperties = 100

func (c *call) setExtended(it *item, p property, value string) {
	switch p.id {
	case "0xe07":
		n := compare(value, "8")
		it.draft = n == 0 || value == "9"
		it.read = value == "1" || value == "9"
	case "0xe23", "0xe08": // not for clients to set
	default:
		if len(it.extended) < maxProperties {
			it.extended[p.id] = value
		}
	}
}

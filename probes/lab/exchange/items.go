package exchange

import (
	"slices"
	"strconv"
	"strings"
)

// itemOf finds the item that an ItemId leads to.
func (c *call) itemOf(e *element) (*mailbox, *folder, *item, error) {
	if e.local() != "ItemId" {
		return nil, nil, nil, violates("The element '" + e.local() + "' is no id of an item.")
	}
	b, err := c.own()
	if err != nil {
		return nil, nil, nil, err
	}
	box, number, ok := readID(e.attr("Id"), itemKind)
	switch {
	case !ok:
		return nil, nil, nil, malformed()
	case box != b.id:
		return nil, nil, nil, denied()
	}
	f, it := b.item(number)
	if it == nil {
		return nil, nil, nil, gone()
	}
	return b, f, it, nil
}

// fresh holds a change key to the item's own.
func fresh(e *element, it *item) error {
	switch key := e.attr("ChangeKey"); {
	case key == "":
		return &trouble{"ErrorChangeKeyRequired", "The change key is required for this operation."}
	case key != changeKey(it.change):
		return &trouble{"ErrorStaleObject", "The item was changed since its change key was given out."}
	}
	return nil
}

// findItem is MS-OXWSSRCH's search in a folder.
func (c *call) findItem(request *element) (string, error) {
	s, err := shapeOf(request.child("ItemShape"))
	if err != nil {
		return "", err
	}
	traversal := request.attr("Traversal")
	if !slices.Contains([]string{"Shallow", "SoftDeleted", "Associated"}, traversal) {
		return "", violates("The 'Traversal' attribute is invalid - The value '" + traversal + "' is invalid.")
	}
	where, err := conditionOf(request.child("Restriction"))
	if err != nil {
		return "", err
	}
	order, err := orderOf(request.child("SortOrder"))
	if err != nil {
		return "", err
	}
	var responses []string
	for _, id := range request.child("ParentFolderIds").children() {
		b, f, err := c.folderOf(id)
		if isFault(err) {
			return "", err
		}
		if err != nil {
			responses = append(responses, c.response("", err))
			continue
		}
		var found []*item
		for _, it := range f.items {
			if traversal == "Shallow" && (where == nil || where(b.itemField(it))) {
				found = append(found, it)
			}
		}
		order.sort(b, found)
		w := page(request.child("IndexedPageItemView"), len(found))
		var views strings.Builder
		for _, it := range found[w.from:w.to] {
			views.WriteString(b.itemView(f, it, s, true))
		}
		responses = append(responses, c.response(w.root("<t:Items>"+views.String()+"</t:Items>"), nil))
	}
	return c.answer(responses...), nil
}

// order is how items are sorted: the newest first when nobody says how.
type order []struct {
	by   property
	down bool
}

func orderOf(e *element) (order, error) {
	var o order
	for _, by := range e.children() {
		p, err := operand(first(by))
		if err != nil {
			return nil, err
		}
		o = append(o, struct {
			by   property
			down bool
		}{p, by.attr("Order") == "Descending"})
	}
	return o, nil
}

func (o order) sort(b *mailbox, items []*item) {
	slices.SortStableFunc(items, func(x, y *item) int {
		if len(o) == 0 {
			return y.received.Compare(x.received)
		}
		for _, by := range o {
			n := compare(b.itemField(x)(by.by), b.itemField(y)(by.by))
			if by.down {
				n = -n
			}
			if n != 0 {
				return n
			}
		}
		return 0
	})
}

// itemField is what restrictions and sorting see of a message.
func (b *mailbox) itemField(it *item) func(property) string {
	h := headers(it.raw)
	return func(p property) string {
		switch p.id {
		case "item:Subject":
			return decoded(h, "Subject")
		case "item:ItemClass":
			return it.class
		case "item:DateTimeReceived", "item:DateTimeSent", "item:DateTimeCreated":
			return utc(it.received)
		case "item:LastModifiedTime":
			return utc(it.modified)
		case "item:Size":
			return strconv.Itoa(len(it.raw))
		case "item:IsDraft":
			return strconv.FormatBool(it.draft)
		case "item:HasAttachments":
			return strconv.FormatBool(attached(h))
		case "item:Categories":
			return strings.Join(it.categories, ";")
		case "item:Body":
			content, _ := text(it.raw)
			return content
		case "message:IsRead":
			return strconv.FormatBool(it.read)
		case "message:InternetMessageId":
			return h.Get("Message-Id")
		case "message:From", "message:Sender":
			return decoded(h, "From")
		case "message:ToRecipients", "item:DisplayTo":
			return decoded(h, "To")
		default:
			return itemProperty(b, it, h, p)
		}
	}
}

// getItem is MS-OXWSCORE 3.1.4.4.
func (c *call) getItem(request *element) (string, error) {
	s, err := shapeOf(request.child("ItemShape"))
	if err != nil {
		return "", err
	}
	return c.each(request.child("ItemIds"), func(id *element) (string, error) {
		b, f, it, err := c.itemOf(id)
		if err != nil {
			return "", err
		}
		return b.itemView(f, it, s, false), nil
	})
}

// each answers for every id of a request with items, or why there is none.
func (c *call) each(ids *element, do func(id *element) (string, error)) (string, error) {
	if len(ids.children()) == 0 {
		return "", violates("The element 'ItemIds' has incomplete content.")
	}
	var responses []string
	for _, id := range ids.children() {
		view, err := do(id)
		switch {
		case isFault(err):
			return "", err
		case err != nil:
			responses = append(responses, c.response("<m:Items/>", err))
		default:
			responses = append(responses, c.response("<m:Items>"+view+"</m:Items>", nil))
		}
	}
	return c.answer(responses...), nil
}

// deleteItem takes items away for good, or into Deleted Items.
func (c *call) deleteItem(request *element) (string, error) {
	how := request.attr("DeleteType")
	if !slices.Contains([]string{"HardDelete", "SoftDelete", "MoveToDeletedItems"}, how) {
		return "", violates("The 'DeleteType' attribute is invalid - The value '" + how + "' is invalid.")
	}
	var responses []string
	for _, id := range request.child("ItemIds").children() {
		b, f, it, err := c.itemOf(id)
		if isFault(err) {
			return "", err
		}
		if err == nil {
			b.drop(f, it)
			c.leave(b, it)
			if how == "MoveToDeletedItems" {
				b.take(b.known("deleteditems"), it)
			}
		}
		responses = append(responses, c.response("", err))
	}
	return c.answer(responses...), nil
}

func (b *mailbox) drop(f *folder, it *item) {
	f.items = slices.DeleteFunc(f.items, func(other *item) bool { return other == it })
	f.change = b.number()
}

// moveItem and copyItem are MS-OXWSCORE 3.1.4.7 and 3.1.4.1: what is moved has a new
// id.
func (c *call) moveItem(request *element) (string, error) { return c.transfer(request, true) }
func (c *call) copyItem(request *element) (string, error) { return c.transfer(request, false) }

func (c *call) transfer(request *element, moves bool) (string, error) {
	_, to, err := c.folderOf(first(request.child("ToFolderId")))
	if isFault(err) {
		return "", err
	}
	return c.each(request.child("ItemIds"), func(id *element) (string, error) {
		if err != nil {
			return "", err
		}
		b, from, it, err := c.itemOf(id)
		if err != nil {
			return "", err
		}
		moved := *it
		moved.number = b.number()
		moved.change = moved.number
		if moves {
			b.drop(from, it)
			c.leave(b, it)
		}
		moved.mail = 0
		b.take(to, &moved)
		return "<t:Message>" + b.itemID(&moved) + "</t:Message>", nil
	})
}

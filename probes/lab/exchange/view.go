package exchange

import (
	"encoding/base64"
	"encoding/hex"
	"net/mail"
	"strconv"
	"strings"
	"time"
)

// elementOf is what the schema calls a folder of a class.
func elementOf(class string) string {
	switch class {
	case "IPF.Appointment":
		return "CalendarFolder"
	case "IPF.Contact":
		return "ContactsFolder"
	case "IPF.Task":
		return "TasksFolder"
	default:
		return "Folder"
	}
}

// folderView writes a folder as a shape wants it.
func (b *mailbox) folderView(f *folder, s shape) string {
	name := elementOf(f.class)
	fields := []field{
		{"folder:FolderId", "*", func() string { return b.folderID("FolderId", f) }},
		{"folder:ParentFolderId", "a", func() string {
			parent := b.folder(f.parent)
			if parent == nil {
				parent = f // the root is in itself
			}
			return b.folderID("ParentFolderId", parent)
		}},
		{"folder:FolderClass", "a", func() string {
			if f.class == "" {
				return ""
			}
			return tag("FolderClass", f.class)
		}},
		{"folder:DisplayName", "fga", func() string { return tag("DisplayName", f.name) }},
		{"folder:TotalCount", "fga", func() string { return tag("TotalCount", strconv.Itoa(len(f.items))) }},
		{"folder:ChildFolderCount", "fga", func() string {
			return tag("ChildFolderCount", strconv.Itoa(len(b.below(f, false))))
		}},
		{"extended", "", nil},
		{"folder:EffectiveRights", "a", func() string {
			return "<t:EffectiveRights><t:CreateAssociated>true</t:CreateAssociated><t:CreateContents>true</t:CreateContents>" +
				"<t:CreateHierarchy>true</t:CreateHierarchy><t:Delete>true</t:Delete><t:Modify>true</t:Modify>" +
				"<t:Read>true</t:Read>" +
				"<t:ViewPrivateItems>true</t:ViewPrivateItems></t:EffectiveRights>"
		}},
		{"folder:UnreadCount", "fga", func() string {
			if name == "CalendarFolder" {
				return ""
			}
			return tag("UnreadCount", strconv.Itoa(f.unread()))
		}},
	}
	return "<t:" + name + ">" + s.write(fields, func(p property) string {
		return p.written(b.folderProperty(f, p))
	}) + "</t:" + name + ">"
}

func (b *mailbox) folderID(name string, f *folder) string {
	return `<t:` + name + ` Id="` + b.idOf(folderKind, f.number) + `" ChangeKey="` + changeKey(f.change) + `"/>`
}

// folderProperty is an extended property of a folder; "" where it has none.
func (b *mailbox) folderProperty(f *folder, p property) string {
	switch p.id {
	case "0x3001":
		return f.name
	case "0x3602":
		return strconv.Itoa(len(f.items))
	case "0x3603":
		return strconv.Itoa(f.unread())
	case "0x3613":
		return f.class
	case "0x360a":
		return strconv.FormatBool(len(b.below(f, false)) > 0)
	case "0x10f4":
		return "false"
	case "0x6751", "0x6752": // the next UID of IMAP, and the highest
		return strconv.Itoa(f.next)
	case "0x670a", "0x3008": // when something in it changed
		return utc(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(f.change) * time.Second))
	default:
		return ""
	}
}

// itemView writes a message as a shape wants it. FindItem knows less of it than
// GetItem.
func (b *mailbox) itemView(f *folder, it *item, s shape, finds bool) string {
	h := headers(it.raw)
	s.finds = finds
	fields := append(b.itemFields(f, it, h, s), messageFields(it, h, finds)...)
	return "<t:Message>" + s.write(fields, func(p property) string {
		return p.written(itemProperty(b, it, h, p))
	}) + "</t:Message>"
}

func (b *mailbox) itemID(it *item) string {
	return `<t:ItemId Id="` + b.idOf(itemKind, it.number) + `" ChangeKey="` + changeKey(it.change) + `"/>`
}

// itemFields are the elements of every item, in the schema's order.
func (b *mailbox) itemFields(f *folder, it *item, h mail.Header, s shape) []field {
	sent := it.received
	if at, err := h.Date(); err == nil {
		sent = at
	}
	mimeShape := ""
	if s.mime && !s.finds {
		mimeShape = "*"
	}
	return []field{
		{"item:MimeContent", mimeShape, func() string {
			if s.finds {
				return ""
			}
			return `<t:MimeContent CharacterSet="UTF-8">` + base64.StdEncoding.EncodeToString(it.raw) + `</t:MimeContent>`
		}},
		{"item:ItemId", "*", func() string { return b.itemID(it) }},
		{"item:ParentFolderId", "ga", func() string { return b.folderID("ParentFolderId", f) }},
		{"item:ItemClass", "ga", func() string { return tag("ItemClass", it.class) }},
		{"item:Subject", "fga", func() string { return tag("Subject", decoded(h, "Subject")) }},
		{"item:Sensitivity", "fga", func() string { return tag("Sensitivity", "Normal") }},
		{"item:Body", "ga", func() string {
			if s.finds {
				return ""
			}
			return body("Body", it.raw, s.body)
		}},
		{"item:DateTimeReceived", "fga", func() string { return tag("DateTimeReceived", utc(it.received)) }},
		{"item:Size", "fga", func() string { return tag("Size", strconv.Itoa(len(it.raw))) }},
		{"item:Categories", "ga", func() string {
			var inner strings.Builder
			for _, category := range it.categories {
				inner.WriteString(tag("String", category))
			}
			return wrapped("Categories", inner.String())
		}},
		{"item:Importance", "fga", func() string { return tag("Importance", "Normal") }},
		{"item:IsSubmitted", "ga", func() string { return tag("IsSubmitted", strconv.FormatBool(it.isSent)) }},
		{"item:IsDraft", "ga", func() string { return tag("IsDraft", strconv.FormatBool(it.draft)) }},
		{"item:InternetMessageHeaders", "a", func() string { return internetHeaders(h, s.finds) }},
		{"item:DateTimeSent", "fga", func() string { return tag("DateTimeSent", utc(sent)) }},
		{"item:DateTimeCreated", "fga", func() string { return tag("DateTimeCreated", utc(it.received)) }},
		{"item:DisplayCc", "a", func() string { return tag("DisplayCc", decoded(h, "Cc")) }},
		{"item:DisplayTo", "a", func() string { return tag("DisplayTo", decoded(h, "To")) }},
		{"item:HasAttachments", "fga", func() string { return tag("HasAttachments", strconv.FormatBool(attached(h))) }},
		{"extended", "", nil},
		{"item:LastModifiedTime", "a", func() string { return tag("LastModifiedTime", utc(it.modified)) }},
		{"item:TextBody", "", func() string {
			if s.finds {
				return ""
			}
			return body("TextBody", it.raw, "Text")
		}},
	}
}

// messageFields are those of mail alone, after the item's own.
func messageFields(it *item, h mail.Header, finds bool) []field {
	recipients := func(name, header string) func() string {
		return func() string {
			if finds {
				return ""
			}
			return wrapped(name, someone(people(h, header)))
		}
	}
	return []field{
		{"message:Sender", "ga", func() string { return wrapped("Sender", someone(people(h, "From"))) }},
		{"message:ToRecipients", "ga", recipients("ToRecipients", "To")},
		{"message:CcRecipients", "ga", recipients("CcRecipients", "Cc")},
		{"message:IsReadReceiptRequested", "fga", func() string { return tag("IsReadReceiptRequested", "false") }},
		{"message:From", "fga", func() string { return wrapped("From", someone(people(h, "From"))) }},
		{"message:InternetMessageId", "ga", func() string {
			if h.Get("Message-Id") == "" {
				return ""
			}
			return tag("InternetMessageId", h.Get("Message-Id"))
		}},
		{"message:IsRead", "fga", func() string { return tag("IsRead", strconv.FormatBool(it.read)) }},
	}
}

func internetHeaders(h mail.Header, finds bool) string {
	if finds {
		return ""
	}
	var inner strings.Builder
	for _, name := range []string{"Received", "From", "To", "Cc", "Subject", "Date", "Message-Id", "Content-Type"} {
		for _, value := range h[name] {
			inner.WriteString(`<t:InternetMessageHeader HeaderName="` + name + `">` + attribute(value) +
				`</t:InternetMessageHeader>`)
		}
	}
	return wrapped("InternetMessageHeaders", inner.String())
}

// body is the text of a message, in the form that the client wants.
func body(name string, raw []byte, wanted string) string {
	content, html := text(raw)
	switch {
	case wanted == "Text" && html:
		content, html = strings.NewReplacer("<html>", "", "</html>", "", "<body>", "", "</body>", "").Replace(content), false
	case wanted == "HTML" && !html:
		content, html = "<html><body><pre>"+attribute(content)+"</pre></body></html>", true
	}
	kind := "Text"
	if html {
		kind = "HTML"
	}
	return `<t:` + name + ` BodyType="` + kind + `">` + attribute(content) + `</t:` + name + `>`
}

// itemProperty is an extended property of a message: what a client has set, or what
// follows from the message; "" where there is none.
func itemProperty(b *mailbox, it *item, h mail.Header, p property) string {
	if value, set := it.extended[p.id]; set {
		return value
	}
	switch p.id {
	case "0x1a":
		return it.class
	case "0x37":
		return decoded(h, "Subject")
	case "0x39":
		if at, err := h.Date(); err == nil {
			return utc(at)
		}
		return utc(it.received)
	case "0x7d":
		return headerText(it.raw)
	case "0xe06":
		return utc(it.received)
	case "0xe07": // message flags: read, unsent
		flags := 0
		if it.read {
			flags |= 1
		}
		if it.draft {
			flags |= 8
		}
		return strconv.Itoa(flags)
	case "0xe08":
		return strconv.Itoa(len(it.raw))
	case "0xe23":
		return strconv.Itoa(it.uid)
	case "0x1035":
		return h.Get("Message-Id")
	case "0x10f3":
		return strconv.Itoa(it.number) + ".EML"
	case "0x3008":
		return utc(it.modified)
	case "0x300b": // search key
		return base64.StdEncoding.EncodeToString([]byte(b.idOf(itemKind, it.number))[:16])
	case "0xfff": // entry id
		return hex.EncodeToString([]byte(b.idOf(itemKind, it.number))[:24])
	default:
		return ""
	}
}

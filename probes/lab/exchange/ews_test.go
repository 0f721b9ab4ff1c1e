package exchange_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/exchange"
)

const (
	idOnly = `<t:BaseShape>IdOnly</t:BaseShape>`
	inbox  = `<t:DistinguishedFolderId Id="inbox"/>`
)

func getFolder(id string) string {
	return `<m:GetFolder><m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape><m:FolderIds>` + id +
		`</m:FolderIds></m:GetFolder>`
}

func findItem(shape, more, folder string) string {
	return `<m:FindItem Traversal="Shallow"><m:ItemShape>` + shape + `</m:ItemShape>` + more + `<m:ParentFolderIds>` +
		folder +
		`</m:ParentFolderIds></m:FindItem>`
}

// subjects lists what is in one of a user's folders, as EWS shows it.
func (l *lab) subjects(user, password, folder string) []string {
	l.t.Helper()
	_, body := l.ewsAs(user, password, findItem(`<t:BaseShape>Default</t:BaseShape>`, "", folder))
	var found []string
	for _, part := range strings.Split(body, "<t:Subject>")[1:] {
		subject, _, _ := strings.Cut(part, "</t:Subject>")
		found = append(found, subject)
	}
	return found
}

func TestGetFolder(t *testing.T) {
	l := start(t, clear)
	status, body := l.ews(getFolder(inbox + `<t:DistinguishedFolderId Id="calendar"/>`))
	for _, want := range []string{
		`<h:ServerVersionInfo MajorVersion="15" MinorVersion="2" MajorBuildNumber="1748" MinorBuildNumber="10" ` +
			`Version="V2017_07_11" `,
		`<m:GetFolderResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode><m:Folders><t:Folder>`,
		`<t:DisplayName>Inbox</t:DisplayName><t:TotalCount>2</t:TotalCount><t:ChildFolderCount>0</t:ChildFolderCount>` +
			`<t:UnreadCount>1</t:UnreadCount></t:Folder>`, `<t:CalendarFolder>`,
	} {
		if status != 200 || !strings.Contains(body, want) {
			t.Errorf("%d, want %s in\n%s", status, want, body)
		}
	}
	l.host.Exchange.Version = "15.0.1497.48"
	if _, body := l.ews(getFolder(inbox)); !strings.Contains(body,
		`MinorVersion="0" MajorBuildNumber="1497" MinorBuildNumber="48" Version="V2_23"`) {
		t.Errorf("Exchange 2013:\n%s", body)
	}
	id := between(body, `<t:FolderId Id="`, `"`)
	if _, body := l.ews(getFolder(`<t:FolderId Id="` + id + `"/>`)); !strings.Contains(body, "<t:DisplayName>Inbox<") {
		t.Errorf("by its id:\n%s", body)
	}
}

func TestWhatIsNoFolder(t *testing.T) {
	l := start(t, clear)
	_, body := l.ewsAs("other", "Other-1", getFolder(inbox))
	foreign := between(body, `<t:FolderId Id="`, `"`)
	of := func(id, address string) string {
		return `<t:DistinguishedFolderId Id="` + id + `"><t:Mailbox><t:EmailAddress>` + address +
			`</t:EmailAddress></t:Mailbox></t:DistinguishedFolderId>`
	}
	for id, want := range map[string]string{
		`<t:FolderId Id="` + foreign + `"/>`:                        "ErrorAccessDenied",
		`<t:FolderId Id="AAAA"/>`:                                   "ErrorInvalidIdMalformed",
		of("inbox", "other@corp.test"):                              "ErrorAccessDenied",
		of("inbox", "nobody@corp.test"):                             "ErrorNonExistentMailbox",
		of("inbox", "probe@corp.test"):                              "NoError",
		`<t:DistinguishedFolderId Id="archivemsgfolderroot"/>`:      "ErrorFolderNotFound",
		`<t:FolderId Id="` + strings.Repeat("A", 1<<10) + `"/>`:     "ErrorInvalidIdMalformed",
		`<t:DistinguishedFolderId Id="inbox" ChangeKey="ignored"/>`: "NoError",
	} {
		status, body := l.ews(getFolder(id))
		if got := between(body, "<m:ResponseCode>", "<"); status != 200 || got != want {
			t.Errorf("%.80s: %d %s, want %s", id, status, got, want)
		}
	}
	m := l.host.Exchange.Mailboxes["probe@corp.test"]
	m.Dismounted = true
	l.host.Exchange.Mailboxes["probe@corp.test"] = m
	if _, body := l.ews(getFolder(inbox)); between(body, "<m:ResponseCode>", "<") != "ErrorMailboxStoreUnavailable" {
		t.Errorf("dismounted:\n%s", body)
	}
}

func TestFaultsOfSOAP(t *testing.T) {
	l := start(t, clear)
	good := envelope("Exchange2013", getFolder(inbox))
	for name, test := range map[string]struct {
		body, kind string
		status     int
		code       string
	}{
		"as it should be":  {good, "", 200, ""},
		"another type":     {good, "application/soap+xml", 415, ""},
		"another encoding": {good, "text/xml; charset=utf-16", 415, ""},
		"no XML":           {"hello", "", 400, ""},
		"nothing":          {"", "", 400, ""},
		"cut":              {good[:len(good)-9], "", 400, ""},
		"a document type":  {`<!DOCTYPE a [<!ENTITY b "c">]>` + good, "", 400, ""},
		"an entity":        {strings.ReplaceAll(good, "Default<", "&xxe;<"), "", 400, ""},
		"too deep":         {strings.Repeat("<a>", 100) + strings.Repeat("</a>", 100), "", 400, ""},
		"two roots":        {good + "<a/>", "", 400, ""},
		"text after":       {good + "more", "", 400, ""},
		"too large":        {good + strings.Repeat(" ", 11<<20), "", 404, ""},
		"SOAP 1.2": {strings.ReplaceAll(good, "http://schemas.xmlsoap.org/soap/envelope/",
			"http://www.w3.org/2003/05/soap-envelope"), "", 500, "ErrorSchemaValidation"},
		"https namespaces": {strings.ReplaceAll(good, `m="http:`, `m="https:`), "", 500, "ErrorSchemaValidation"},
		"a later schema":   {envelope("V2018_01_08", getFolder(inbox)), "", 500, "ErrorInvalidServerVersion"},
		"wrong order": {envelope("Exchange2013", `<m:GetFolder><m:FolderIds>`+inbox+`</m:FolderIds><m:FolderShape>`+
			idOnly+`</m:FolderShape></m:GetFolder>`), "", 500, "ErrorSchemaValidation"},
		"a missing part": {envelope("Exchange2013", `<m:GetFolder><m:FolderShape>`+
			idOnly+`</m:FolderShape></m:GetFolder>`), "", 500, "ErrorSchemaValidation"},
		"a part too many": {
			strings.ReplaceAll(good, "</m:GetFolder>", "<m:More/></m:GetFolder>"), "", 500,
			"ErrorSchemaValidation",
		},
		"no such shape":     {strings.ReplaceAll(good, "Default<", "All<"), "", 500, "ErrorSchemaValidation"},
		"no such folder":    {strings.ReplaceAll(good, "inbox", "Inbox"), "", 500, "ErrorSchemaValidation"},
		"no such operation": {envelope("Exchange2013", "<m:GetFoldr/>"), "", 500, "ErrorSchemaValidation"},
		"two operations":    {envelope("Exchange2013", getFolder(inbox)+getFolder(inbox)), "", 500, "ErrorSchemaValidation"},
		"as somebody else": {
			strings.ReplaceAll(good, "</soap:Header>", "<t:ExchangeImpersonation/></soap:Header>"), "", 500,
			"ErrorImpersonateUserDenied",
		},
	} {
		t.Run(name, func(t *testing.T) {
			kind := test.kind
			if kind == "" {
				kind = "text/xml; charset=utf-8"
			}
			answer := l.ask("POST", "/EWS/Exchange.asmx", test.body, "Content-Type: "+kind, basic("probe", "Secret-1"))
			body := answer.Body.String()
			if code := between(body, `>a:`, "</faultcode>"); answer.Code != test.status || code != test.code {
				t.Errorf("got %d %q, want %d %q\n%s", answer.Code, code, test.status, test.code, body)
			}
			if test.status == 500 && !strings.Contains(body, "<h:ServerVersionInfo ") {
				t.Errorf("a fault without the server's version:\n%s", body)
			}
		})
	}
}

func TestItems(t *testing.T) {
	l := start(t, clear)
	if got := l.subjects("probe", "Secret-1", inbox); !cmp.Equal(got, []string{"second", "first"}) {
		t.Fatalf("the newest first: %q", got)
	}
	view := `<m:IndexedPageItemView MaxEntriesReturned="1" Offset="%d" BasePoint="Beginning"/>`
	for offset, want := range map[int]string{
		0: `"1" TotalItemsInView="2" Includes`, 1: `"2" TotalItemsInView="2" Includes`,
	} {
		_, body := l.ews(findItem(idOnly, fmt.Sprintf(view, offset), inbox))
		last := fmt.Sprintf(`LastItemInRange="%t"`, offset == 1)
		if !strings.Contains(body, want+last) || strings.Count(body, "<t:ItemId ") != 1 {
			t.Errorf("from %d: want %s%s in\n%s", offset, want, last, body)
		}
	}
	_, body := l.ews(findItem(idOnly, `<m:IndexedPageItemView MaxEntriesReturned="1" Offset="0" BasePoint="Beginning"/>`+
		`<m:Restriction><t:IsEqualTo><t:FieldURI FieldURI="message:IsRead"/><t:FieldURIOrConstant><t:Constant Value="true"/>`+
		`</t:FieldURIOrConstant></t:IsEqualTo></m:Restriction>`, inbox))
	if !strings.Contains(body, `IndexedPagingOffset="1" TotalItemsInView="1" IncludesLastItemInRange="true"`) {
		t.Fatalf("what is read:\n%s", body)
	}
	id := `<t:ItemId Id="` + between(body, `<t:ItemId Id="`, `"`) + `"/>`
	_, body = l.ews(`<m:GetItem><m:ItemShape><t:BaseShape>Default</t:BaseShape>` +
		`<t:IncludeMimeContent>true</t:IncludeMimeContent>` +
		`<t:AdditionalProperties><t:ExtendedFieldURI PropertyTag="0x0e23" PropertyType="Integer"/></t:AdditionalProperties>` +
		`</m:ItemShape><m:ItemIds>` + id + `</m:ItemIds></m:GetItem>`)
	for _, want := range []string{
		`<t:Body BodyType="Text">one &lt;two&gt; &amp; three</t:Body>`, `<t:MimeContent CharacterSet="UTF-8">`,
		`<t:ExtendedFieldURI PropertyTag="0xe23" PropertyType="Integer"/><t:Value>1</t:Value>`,
		`<t:From><t:Mailbox><t:Name>Boss</t:Name><t:EmailAddress>boss@corp.test</t:EmailAddress>`,
		`<t:IsRead>true</t:IsRead>`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("want %s in\n%s", want, body)
		}
	}
	move := `<m:MoveItem><m:ToFolderId><t:DistinguishedFolderId Id="drafts"/></m:ToFolderId><m:ItemIds>` + id +
		`</m:ItemIds></m:MoveItem>`
	_, body = l.ews(move)
	moved := between(body, `<t:ItemId Id="`, `"`)
	if moved == "" || strings.Contains(id, moved) {
		t.Errorf("moved:\n%s", body)
	}
	if _, body := l.ews(move); between(body, "<m:ResponseCode>", "<") != "ErrorItemNotFound" {
		t.Errorf("moved twice:\n%s", body)
	}
	remove := `<m:DeleteItem DeleteType="MoveToDeletedItems"><m:ItemIds><t:ItemId Id="` + moved +
		`"/></m:ItemIds></m:DeleteItem>`
	if _, body := l.ews(remove); between(body, "<m:ResponseCode>", "<") != "NoError" {
		t.Errorf("deleted:\n%s", body)
	}
	if got := l.subjects("probe", "Secret-1", `<t:DistinguishedFolderId Id="deleteditems"/>`); !cmp.Equal(got,
		[]string{"first"}) {
		t.Errorf("deleted: %q", got)
	}
	foreign := strings.ReplaceAll(remove, "MoveToDeletedItems", "HardDelete")
	if _, body := l.ewsAs("other", "Other-1", foreign); between(body, "<m:ResponseCode>", "<") != "ErrorAccessDenied" {
		t.Errorf("deleted by somebody else:\n%s", body)
	}
}

// send is CreateItem with what is to become of the message.
func send(how, to, subject string) string {
	return `<m:CreateItem MessageDisposition="` + how + `"><m:Items><t:Message><t:Subject>` + subject + `</t:Subject>` +
		`<t:Body BodyType="Text">hello</t:Body><t:ToRecipients><t:Mailbox><t:EmailAddress>` + to +
		`</t:EmailAddress></t:Mailbox></t:ToRecipients></t:Message></m:Items></m:CreateItem>`
}

func TestMailFlows(t *testing.T) {
	l := start(t, clear)
	if _, body := l.ews(send("SendAndSaveCopy", "Other@corp.test", "round &amp; back")); between(body, "<m:ResponseCode>",
		"<") != "NoError" {
		t.Fatalf("sent:\n%s", body)
	}
	if got := l.subjects("other", "Other-1", inbox); !cmp.Equal(got, []string{"round &amp; back"}) {
		t.Errorf("arrived: %q", got)
	}
	if got := l.subjects("probe", "Secret-1", `<t:DistinguishedFolderId Id="sentitems"/>`); len(got) != 1 {
		t.Errorf("saved: %q", got)
	}
	l.ews(send("SendOnly", "nobody@corp.test", "lost"))
	l.ews(send("SendOnly", "somebody@else.test", "away"))
	if got := l.subjects("probe", "Secret-1", inbox); !cmp.Equal(got, []string{"Undeliverable: lost", "second", "first"}) {
		t.Errorf("came back: %q", got)
	}
	_, body := l.ews(send("SaveOnly", "other@corp.test", "later"))
	id, key := between(body, `<t:ItemId Id="`, `"`), between(body, `ChangeKey="`, `"`)
	if got := l.subjects("other", "Other-1", inbox); len(got) != 1 {
		t.Errorf("a draft has arrived: %q", got)
	}
	draft := func(key string) string {
		return `<m:SendItem SaveItemToFolder="true"><m:ItemIds><t:ItemId Id="` + id + `"` + key +
			`/></m:ItemIds></m:SendItem>`
	}
	for key, want := range map[string]string{"": "ErrorChangeKeyRequired", ` ChangeKey="AAAA"`: "ErrorStaleObject"} {
		if _, body := l.ews(draft(key)); between(body, "<m:ResponseCode>", "<") != want {
			t.Errorf("with%s: want %s in\n%s", key, want, body)
		}
	}
	if _, body := l.ews(draft(` ChangeKey="` + key + `"`)); between(body, "<m:ResponseCode>", "<") != "NoError" {
		t.Errorf("sent:\n%s", body)
	}
	if got := l.subjects("other", "Other-1", inbox); len(got) != 2 {
		t.Errorf("arrived: %q", got)
	}
	if _, body := l.ews(strings.ReplaceAll(send("SendOnly", "", "x"), "<t:EmailAddress></t:EmailAddress>", "")); between(
		body, "<m:ResponseCode>", "<") != "ErrorInvalidRecipients" {
		t.Errorf("to nobody:\n%s", body)
	}
}

// post is a store of another protocol.
type post struct {
	boxes map[string][]exchange.Mail
	last  uint32
}

func (p *post) Messages(address string) []exchange.Mail { return p.boxes[address] }

func (p *post) Deliver(address string, raw []byte) {
	p.last++
	p.boxes[address] = append(p.boxes[address], exchange.Mail{UID: p.last, Raw: raw})
}

func (p *post) Remove(address string, uid uint32) {
	var rest []exchange.Mail
	for _, m := range p.boxes[address] {
		if m.UID != uid {
			rest = append(rest, m)
		}
	}
	p.boxes[address] = rest
}

// What comes by SMTP is seen here, what is sent here is seen by IMAP, and what one
// of them deletes is gone.
func TestSharedInbox(t *testing.T) {
	l := start(t, clear)
	p := &post{boxes: map[string][]exchange.Mail{}}
	l.server.Inbox = p
	p.Deliver("other@corp.test", []byte("Subject: by SMTP\r\nFrom: a@b.test\r\n\r\nhello\r\n"))
	l.ews(send("SendOnly", "other@corp.test", "by EWS"))
	if got := l.subjects("other", "Other-1", inbox); len(got) != 2 || len(p.boxes["other@corp.test"]) != 2 {
		t.Fatalf("both: %q, %v", got, p.boxes)
	}
	p.Remove("other@corp.test", 1)
	if got := l.subjects("other", "Other-1", inbox); !cmp.Equal(got, []string{"by EWS"}) {
		t.Errorf("removed over there: %q", got)
	}
	_, body := l.ewsAs("other", "Other-1", findItem(idOnly, "", inbox))
	id := between(body, `<t:ItemId Id="`, `"`)
	l.ewsAs("other", "Other-1", `<m:DeleteItem DeleteType="HardDelete"><m:ItemIds><t:ItemId Id="`+
		id+`"/></m:ItemIds></m:DeleteItem>`)
	if len(p.boxes["other@corp.test"]) != 0 {
		t.Errorf("removed here: %v", p.boxes)
	}
}

func TestMailboxDoesNotGrowForEver(t *testing.T) {
	l := start(t, clear)
	for i := range 1100 {
		l.ews(send("SendOnly", "other@corp.test", fmt.Sprint(i)))
	}
	_, body := l.ewsAs("other", "Other-1", getFolder(inbox))
	if got := between(body, "<t:TotalCount>", "<"); got != "1000" {
		t.Errorf("there are %s", got)
	}
}

func TestServices(t *testing.T) {
	l := start(t, clear)
	_, body := l.ews(getFolder(inbox))
	id := between(body, `<t:FolderId Id="`, `"`)
	for name, test := range map[string]struct{ request, want string }{
		"an id converted": {
			`<m:ConvertId DestinationFormat="EwsId"><m:SourceIds><t:AlternateId Format="EwsId" Id="` + id +
				`" Mailbox="x"/></m:SourceIds></m:ConvertId>`,
			`Mailbox="probe@corp.test"`,
		},
		"a folder made and found": {
			`<m:FindFolder Traversal="Deep"><m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape>` +
				`<m:ParentFolderIds>` +
				`<t:DistinguishedFolderId Id="msgfolderroot"/></m:ParentFolderIds></m:FindFolder>`,
			"<t:DisplayName>2026</t:DisplayName>",
		},
		"a known folder stays": {
			`<m:DeleteFolder DeleteType="HardDelete"><m:FolderIds>` + inbox + `</m:FolderIds></m:DeleteFolder>`,
			"ErrorDeleteDistinguishedFolder",
		},
		"a name": {
			`<m:ResolveNames ReturnFullContactData="false"><m:UnresolvedEntry>oth</m:UnresolvedEntry></m:ResolveNames>`,
			"<t:EmailAddress>other@corp.test</t:EmailAddress>",
		},
		"no name": {
			`<m:ResolveNames ReturnFullContactData="false"><m:UnresolvedEntry>zzz</m:UnresolvedEntry></m:ResolveNames>`,
			"ErrorNameResolutionNoResults",
		},
		"time zones": {
			`<m:GetServerTimeZones><m:Ids><t:Id>UTC</t:Id></m:Ids></m:GetServerTimeZones>`,
			`<t:TimeZoneDefinition Id="UTC"`,
		},
		"folders since": {
			`<m:SyncFolderHierarchy><m:FolderShape>` + idOnly + `</m:FolderShape></m:SyncFolderHierarchy>`,
			"<t:Create><t:Folder>",
		},
		"a wrong state": {
			`<m:SyncFolderHierarchy><m:FolderShape>` + idOnly +
				`</m:FolderShape><m:SyncState>x</m:SyncState></m:SyncFolderHierarchy>`,
			"ErrorInvalidSyncStateData",
		},
		"items since": {
			`<m:SyncFolderItems><m:ItemShape>` + idOnly + `</m:ItemShape><m:SyncFolderId>` + inbox + `</m:SyncFolderId>` +
				`<m:MaxChangesReturned>1</m:MaxChangesReturned></m:SyncFolderItems>`,
			"<m:IncludesLastItemInRange>false</m:IncludesLastItemInRange><m:Changes><t:Create><t:Message>",
		},
	} {
		if status, body := l.ews(test.request); status != 200 || !strings.Contains(body, test.want) {
			t.Errorf("%s: %d, want %s in\n%s", name, status, test.want, body)
		}
	}
	if got := l.server.Stats().Operations; got["ConvertId"] != 1 || got["SyncFolderHierarchy"] != 2 {
		t.Errorf("counted %v", got)
	}
}

// FuzzEWS sends any body: the answer is XML that can be read, or an error of HTTP.
func FuzzEWS(f *testing.F) {
	f.Add(envelope("Exchange2013", getFolder(inbox)))
	f.Add(envelope("Exchange2010_SP2", findItem(idOnly,
		`<m:Restriction><t:Not><t:Contains ContainmentMode="Prefixed"><t:FieldURI `+
			`FieldURI="item:Subject"/><t:Constant Value="f"/></t:Contains></t:Not></m:Restriction><m:SortOrder><t:FieldOrder `+
			`Order="Ascending"><t:FieldURI FieldURI="item:Size"/></t:FieldOrder></m:SortOrder>`, inbox)))
	f.Add(envelope("Exchange2013", send("SendAndSaveCopy", "probe@corp.test", "x\x01\n")))
	f.Add(envelope("Exchange2013",
		`<m:UpdateItem ConflictResolution="AutoResolve"><m:ItemChanges><t:ItemChange><t:ItemId Id="AAAA"/>`+
			`</t:ItemChange></m:ItemChanges></m:UpdateItem>`))
	f.Add(envelope("Exchange2013", `<m:CreateFolder><m:ParentFolderId>`+
		inbox+`</m:ParentFolderId><m:Folders><t:Folder><t:DisplayName>`+
		`n</t:DisplayName></t:Folder></m:Folders></m:CreateFolder>`))
	f.Add(envelope("Exchange2013",
		`<m:CreateItem MessageDisposition="SaveOnly"><m:Items><t:Message><t:MimeContent>U3ViamVjdDogeA0KDQo=`+
			`</t:MimeContent><t:ExtendedProperty><t:ExtendedFieldURI PropertyTag="3591" PropertyType="Integer"/>`+
			`<t:Value>9</t:Value>`+
			`</t:ExtendedProperty></t:Message></m:Items></m:CreateItem>`))
	l := start(f, func(e *estate.Exchange) { clear(e) })
	f.Fuzz(func(t *testing.T, body string) {
		l.t = t
		answer := l.ask("POST", "/ews/exchange.asmx", body, "Content-Type: text/xml", basic("probe", "Secret-1"))
		if answer.Code == 200 || answer.Code == 500 {
			wellFormed(t, answer.Body.String())
		} else if answer.Code != 400 {
			t.Errorf("%d", answer.Code)
		}
	})
}

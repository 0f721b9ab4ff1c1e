package exchange

import (
	"slices"
	"strconv"
	"strings"
)

// operations are those of EWS that are here.
func operations() map[string]operation {
	return map[string]operation{
		"GetFolder":    {"FolderShape FolderIds", "", (*call).getFolder},
		"CreateFolder": {"ParentFolderId Folders", "", (*call).createFolder},
		"DeleteFolder": {"FolderIds", "DeleteType", (*call).deleteFolder},
		"FindFolder": {
			"FolderShape IndexedPageFolderView|FractionalPageFolderView? Restriction? ParentFolderIds", "Traversal",
			(*call).findFolder,
		},
		"FindItem": {
			"ItemShape IndexedPageItemView|FractionalPageItemView|CalendarView|ContactsView? GroupBy|DistinguishedGroupBy? " +
				"Restriction? SortOrder? ParentFolderIds QueryString?", "Traversal", (*call).findItem,
		},
		"GetItem":    {"ItemShape ItemIds", "", (*call).getItem},
		"CreateItem": {"SavedItemFolderId? Items", "", (*call).createItem},
		"UpdateItem": {"SavedItemFolderId? ItemChanges", "ConflictResolution", (*call).updateItem},
		"SendItem":   {"ItemIds SavedItemFolderId?", "SaveItemToFolder", (*call).sendItem},
		"DeleteItem": {"ItemIds", "DeleteType", (*call).deleteItem},
		"MoveItem":   {"ToFolderId ItemIds ReturnNewItemIds?", "", (*call).moveItem},
		"CopyItem":   {"ToFolderId ItemIds ReturnNewItemIds?", "", (*call).copyItem},
		"ConvertId":  {"SourceIds", "DestinationFormat", (*call).convertID},
		"ResolveNames": {
			"ParentFolderIds? UnresolvedEntry", "ReturnFullContactData", (*call).resolveNames,
		},
		"GetServerTimeZones":  {"Ids?", "", (*call).timeZones},
		"SyncFolderHierarchy": {"FolderShape SyncFolderId? SyncState?", "", (*call).syncHierarchy},
		"SyncFolderItems": {
			"ItemShape SyncFolderId SyncState? Ignore? MaxChangesReturned SyncScope?", "", (*call).syncItems,
		},
	}
}

// convertID knows ids of EWS and no other form of them.
func (c *call) convertID(request *element) (string, error) {
	formats := []string{"EwsLegacyId", "EwsId", "EntryId", "HexEntryId", "StoreId", "OwaId"}
	format := request.attr("DestinationFormat")
	if !slices.Contains(formats, format) {
		return "", violates("The 'DestinationFormat' attribute is invalid - The value '" + format + "' is invalid.")
	}
	var responses []string
	for _, source := range request.child("SourceIds").children() {
		if source.local() != "AlternateId" {
			return "", violates("The element 'SourceIds' has invalid child element '" + source.local() + "'.")
		}
		id := source.attr("Id")
		b, err := c.own()
		var content string
		switch box, _, ok := readAnyID(id); {
		case err != nil:
		case !ok:
			err = malformed()
		case box != b.id.String():
			err = denied()
		default:
			content = `<m:AlternateId xsi:type="t:AlternateIdType" Format="` + format + `" Id="` + attribute(id) +
				`" Mailbox="` + attribute(c.who.address) + `"/>`
		}
		responses = append(responses, c.response(content, err))
	}
	return c.answer(responses...), nil
}

func readAnyID(text string) (box string, number int, ok bool) {
	for _, kind := range []byte{folderKind, itemKind} {
		if id, n, ok := readID(text, kind); ok {
			return id.String(), n, true
		}
	}
	return "", 0, false
}

// resolveNames looks for people among the mailboxes.
func (c *call) resolveNames(request *element) (string, error) {
	wanted := strings.ToLower(request.child("UnresolvedEntry").value())
	wanted = strings.TrimPrefix(strings.TrimPrefix(wanted, "smtp:"), "=")
	var found []string
	for _, address := range addresses(&c.exchange) {
		a, _ := mailboxOf(c.exchange, address)
		_, name := a.user()
		if wanted != "" && (strings.HasPrefix(address, wanted) || strings.HasPrefix(strings.ToLower(name), wanted) ||
			strings.HasPrefix(strings.ToLower(a.display()), wanted)) {
			found = append(found, "<t:Resolution><t:Mailbox>"+tag("Name", a.display())+tag("EmailAddress", address)+
				tag("RoutingType", "SMTP")+tag("MailboxType", "Mailbox")+"</t:Mailbox></t:Resolution>")
		}
	}
	if len(found) == 0 {
		return c.answer(c.response("", &trouble{"ErrorNameResolutionNoResults", "No results were found."})), nil
	}
	return c.answer(c.response(`<m:ResolutionSet TotalItemsInView="`+strconv.Itoa(len(found))+
		`" IncludesLastItemInRange="true">`+strings.Join(found, "")+"</m:ResolutionSet>", nil)), nil
}

// timeZones knows a few of Windows' zones, as they are today.
func (c *call) timeZones(request *element) (string, error) {
	zones := [][3]string{
		{"UTC", "(UTC) Coordinated Universal Time", "PT0S"},
		{"W. Europe Standard Time", "(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna", "-PT60M"},
		{"GMT Standard Time", "(UTC+00:00) Dublin, Edinburgh, Lisbon, London", "PT0S"},
		{"Eastern Standard Time", "(UTC-05:00) Eastern Time (US & Canada)", "PT300M"},
		{"Pacific Standard Time", "(UTC-08:00) Pacific Time (US & Canada)", "PT480M"},
	}
	wanted := request.child("Ids").children()
	var found strings.Builder
	for _, zone := range zones {
		if len(wanted) == 0 || slices.ContainsFunc(wanted, func(id *element) bool { return id.value() == zone[0] }) {
			found.WriteString(`<t:TimeZoneDefinition Id="` + attribute(zone[0]) + `" Name="` + attribute(zone[1]) +
				`"><t:Periods><t:Period Id="std" Name="Standard" Bias="` + zone[2] + `"/></t:Periods><t:TransitionsGroups>` +
				`<t:TransitionsGroup Id="0"><t:Transition><t:To Kind="Period">std</t:To></t:Transition></t:TransitionsGroup>` +
				`</t:TransitionsGroups><t:Transitions><t:Transition><t:To Kind="Group">0</t:To></t:Transition></t:Transitions>` +
				`</t:TimeZoneDefinition>`)
		}
	}
	return c.answer(c.response("<m:TimeZoneDefinitions>"+found.String()+"</m:TimeZoneDefinitions>", nil)), nil
}

// syncState is how far a client has come: the last number that was given.
func syncState(text string) (int, bool) {
	if text == "" {
		return 0, true
	}
	number, isOurs := strings.CutPrefix(text, "H4sIAAA")
	n, err := strconv.Atoi(number)
	return n, isOurs && err == nil
}

// syncHierarchy tells of folders that are new or changed; what is gone it does not
// know.
func (c *call) syncHierarchy(request *element) (string, error) {
	s, err := shapeOf(request.child("FolderShape"))
	if err != nil {
		return "", err
	}
	b, err := c.own()
	since, ok := syncState(request.child("SyncState").value())
	switch {
	case err != nil:
		return c.answer(c.response("", err)), nil
	case !ok:
		return c.answer(c.response("", badSyncState())), nil
	}
	var changes strings.Builder
	for _, f := range b.below(b.known("msgfolderroot"), true) {
		if f.number > since {
			changes.WriteString("<t:Create>" + b.folderView(f, s) + "</t:Create>")
		} else if f.change > since {
			changes.WriteString("<t:Update>" + b.folderView(f, s) + "</t:Update>")
		}
	}
	return c.answer(c.response("<m:SyncState>H4sIAAA"+strconv.Itoa(b.last)+
		"</m:SyncState><m:IncludesLastFolderInRange>true"+
		"</m:IncludesLastFolderInRange><m:Changes>"+changes.String()+"</m:Changes>", nil)), nil
}

func badSyncState() *trouble {
	return &trouble{"ErrorInvalidSyncStateData", "Synchronization state data is corrupt or otherwise invalid."}
}

// syncItems tells of items in a folder that are new or changed.
func (c *call) syncItems(request *element) (string, error) {
	s, err := shapeOf(request.child("ItemShape"))
	if err != nil {
		return "", err
	}
	most, err := strconv.Atoi(request.child("MaxChangesReturned").value())
	if err != nil || most < 1 || most > 512 {
		return "", violates("The 'MaxChangesReturned' element is invalid.")
	}
	b, f, err := c.folderOf(first(request.child("SyncFolderId")))
	since, ok := syncState(request.child("SyncState").value())
	switch {
	case isFault(err):
		return "", err
	case err != nil:
		return c.answer(c.response("", err)), nil
	case !ok:
		return c.answer(c.response("", badSyncState())), nil
	}
	changed := slices.DeleteFunc(slices.Clone(f.items), func(it *item) bool { return it.change <= since })
	slices.SortFunc(changed, func(x, y *item) int { return x.change - y.change })
	state, last := b.last, "true"
	if len(changed) > most {
		changed = changed[:most]
		state, last = changed[most-1].change, "false"
	}
	var changes strings.Builder
	for _, it := range changed {
		what := "Update"
		if it.number > since {
			what = "Create"
		}
		changes.WriteString("<t:" + what + ">" + b.itemView(f, it, s, true) + "</t:" + what + ">")
	}
	return c.answer(c.response("<m:SyncState>H4sIAAA"+strconv.Itoa(state)+"</m:SyncState><m:IncludesLastItemInRange>"+last+
		"</m:IncludesLastItemInRange><m:Changes>"+changes.String()+"</m:Changes>", nil)), nil
}

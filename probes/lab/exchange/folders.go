package exchange

import (
	"slices"
	"strconv"
	"strings"
)

// denied, gone and malformed are what becomes of ids that lead nowhere.
func denied() *trouble {
	return &trouble{"ErrorAccessDenied", "Access is denied. Check credentials and try again."}
}

func gone() *trouble {
	return &trouble{"ErrorItemNotFound", "The specified object was not found in the store."}
}

func folderGone() *trouble {
	return &trouble{"ErrorFolderNotFound", "The specified folder could not be found in the store."}
}

func malformed() *trouble { return &trouble{"ErrorInvalidIdMalformed", "Id is malformed."} }

// own is the caller's mailbox; it may not be there just now.
func (c *call) own() (*mailbox, error) {
	if c.who.mailbox.Dismounted {
		return nil, &trouble{"ErrorMailboxStoreUnavailable", "The mailbox database is temporarily unavailable."}
	}
	return c.box(c.who), nil
}

// folderOf finds the folder that an id of a request leads to. The error is a fault
// where the schema has no such id.
func (c *call) folderOf(e *element) (*mailbox, *folder, error) {
	switch e.local() {
	case "DistinguishedFolderId":
		return c.distinguished(e)
	case "FolderId":
		b, err := c.own()
		if err != nil {
			return nil, nil, err
		}
		box, number, ok := readID(e.attr("Id"), folderKind)
		switch {
		case !ok:
			return nil, nil, malformed()
		case box != b.id:
			return nil, nil, denied()
		}
		if f := b.folder(number); f != nil {
			return b, f, nil
		}
		return nil, nil, folderGone()
	default:
		return nil, nil, violates("The element '" + e.local() + "' is no id of a folder.")
	}
}

func (c *call) distinguished(e *element) (*mailbox, *folder, error) {
	name := e.attr("Id")
	missing := slices.Contains(absent(), name)
	if !missing && !slices.ContainsFunc(wellKnown(), func(known [4]string) bool { return known[0] == name }) {
		return nil, nil, violates("The 'Id' attribute is invalid - The value '" + name +
			"' is invalid according to its datatype " +
			"'" + nsTypes + ":DistinguishedFolderIdNameType' - The Enumeration constraint failed.")
	}
	if address := e.path("Mailbox", "EmailAddress").value(); address != "" && !strings.EqualFold(address, c.who.address) {
		if _, known := mailboxOf(c.exchange, address); !known {
			return nil, nil, &trouble{"ErrorNonExistentMailbox", "The SMTP address has no mailbox associated with it."}
		}
		return nil, nil, denied()
	}
	b, err := c.own()
	if err != nil {
		return nil, nil, err
	}
	if missing {
		return nil, nil, &trouble{"ErrorFolderNotFound", "The specified folder could not be found in the store."}
	}
	return b, b.known(name), nil
}

// isFault says whether an error ends the whole request.
func isFault(err error) bool {
	_, is := err.(*fault) //nolint:errorlint // made here, and never wrapped
	return is
}

// getFolder is MS-OXWSFOLD 3.1.4.6.
func (c *call) getFolder(request *element) (string, error) {
	s, err := shapeOf(request.child("FolderShape"))
	if err != nil {
		return "", err
	}
	var responses []string
	for _, id := range request.child("FolderIds").children() {
		b, f, err := c.folderOf(id)
		switch {
		case isFault(err):
			return "", err
		case err != nil:
			responses = append(responses, c.response("<m:Folders/>", err))
		default:
			responses = append(responses, c.response("<m:Folders>"+b.folderView(f, s)+"</m:Folders>", nil))
		}
	}
	if len(responses) == 0 {
		return "", violates("The element 'FolderIds' has incomplete content.")
	}
	return c.answer(responses...), nil
}

// findFolder is MS-OXWSFOLD's search below a folder.
func (c *call) findFolder(request *element) (string, error) {
	s, err := shapeOf(request.child("FolderShape"))
	if err != nil {
		return "", err
	}
	traversal := request.attr("Traversal")
	if !slices.Contains([]string{"Shallow", "Deep", "SoftDeleted"}, traversal) {
		return "", violates("The 'Traversal' attribute is invalid - The value '" + traversal + "' is invalid.")
	}
	where, err := conditionOf(request.child("Restriction"))
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
		var found []string
		for _, child := range b.below(f, traversal == "Deep") {
			if where == nil || where(func(p property) string { return b.folderField(child, p) }) {
				found = append(found, b.folderView(child, s))
			}
		}
		w := page(request.child("IndexedPageFolderView"), len(found))
		responses = append(responses, c.response(
			w.root("<t:Folders>"+strings.Join(found[w.from:w.to], "")+"</t:Folders>"), nil))
	}
	return c.answer(responses...), nil
}

// window is the part of a list that an indexed view wants.
type window struct {
	from, to, size int
	last, paged    bool
}

// page cuts a list as an indexed view wants it; nil wants all of it.
func page(view *element, size int) window {
	w := window{to: size, size: size, last: true, paged: view != nil}
	if view == nil {
		return w
	}
	offset, _ := strconv.Atoi(view.attr("Offset"))
	most, err := strconv.Atoi(view.attr("MaxEntriesReturned"))
	if err != nil || most < 0 {
		most = size
	}
	w.from = min(max(0, offset), size)
	if view.attr("BasePoint") == "End" {
		w.to = size - w.from
		w.from = max(0, w.to-most)
		w.last = w.from == 0
		return w
	}
	w.to = w.from + min(most, size-w.from)
	w.last = w.to == size
	return w
}

// root is the answer to a search, around what it has found.
func (w window) root(found string) string {
	offset := ""
	if w.paged {
		offset = ` IndexedPagingOffset="` + strconv.Itoa(w.to) + `"`
	}
	return `<m:RootFolder` + offset + ` TotalItemsInView="` + strconv.Itoa(w.size) + `" IncludesLastItemInRange="` +
		strconv.FormatBool(w.last) + `">` + found + `</m:RootFolder>`
}

// folderField is what a restriction compares of a folder.
func (b *mailbox) folderField(f *folder, p property) string {
	switch p.id {
	case "folder:DisplayName":
		return f.name
	case "folder:FolderClass":
		return f.class
	case "folder:TotalCount":
		return strconv.Itoa(len(f.items))
	case "folder:UnreadCount":
		return strconv.Itoa(f.unread())
	default:
		return b.folderProperty(f, p)
	}
}

// createFolder makes folders in a folder.
func (c *call) createFolder(request *element) (string, error) {
	b, parent, err := c.folderOf(first(request.child("ParentFolderId")))
	if isFault(err) {
		return "", err
	}
	var responses []string
	for _, wanted := range request.child("Folders").children() {
		name := wanted.child("DisplayName").value()
		switch {
		case err != nil:
			responses = append(responses, c.response("<m:Folders/>", err))
		case name == "":
			return "", violates("The element 'DisplayName' is missing.")
		case b.named(parent, name) != nil:
			responses = append(responses, c.response("<m:Folders/>",
				&trouble{"ErrorFolderExists", "A folder with the specified name already exists."}))
		case len(b.folders) >= maxFolders:
			responses = append(responses, c.response("<m:Folders/>",
				&trouble{"ErrorQuotaExceeded", "The mailbox has too many folders."}))
		default:
			class := wanted.child("FolderClass").value()
			if class == "" {
				class = "IPF.Note"
			}
			f := b.add(parent.number, name, class)
			responses = append(responses, c.response("<m:Folders>"+b.folderView(f, shape{base: "IdOnly"})+"</m:Folders>", nil))
		}
	}
	return c.answer(responses...), nil
}

// deleteFolder takes folders away with all that is in them, but none of the
// well-known ones.
func (c *call) deleteFolder(request *element) (string, error) {
	var responses []string
	for _, id := range request.child("FolderIds").children() {
		b, f, err := c.folderOf(id)
		switch {
		case isFault(err):
			return "", err
		case err == nil && f.wellKnown != "":
			err = &trouble{"ErrorDeleteDistinguishedFolder", "Distinguished folders cannot be deleted."}
		case err == nil:
			gone := append(b.below(f, true), f)
			b.folders = slices.DeleteFunc(b.folders, func(other *folder) bool { return slices.Contains(gone, other) })
		}
		responses = append(responses, c.response("", err))
	}
	return c.answer(responses...), nil
}

// first is an element's first child; nil for none.
func first(e *element) *element {
	if all := e.children(); len(all) > 0 {
		return all[0]
	}
	return nil
}

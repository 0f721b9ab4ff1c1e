package exchange

import (
	"fmt"
	"net/mail"
	"slices"
	"strconv"
	"strings"
)

// shape is what a request wants to be told of folders or items.
type shape struct {
	base     string
	fields   []string // FieldURIs
	extended []property
	mime     bool
	body     string // Best, HTML, Text
	finds    bool   // FindItem knows less of items than GetItem
}

// property is an extended property of MAPI. Its id is the same however it was
// written.
type property struct{ id, kind, uri string }

// shapeOf reads FolderShape or ItemShape. A field that the schema has not is a
// violation.
func shapeOf(e *element) (shape, error) {
	s := shape{base: e.child("BaseShape").value(), mime: e.child("IncludeMimeContent").value() == "true"}
	s.body = e.child("BodyType").value()
	if !slices.Contains([]string{"IdOnly", "Default", "AllProperties", "PcxPeopleSearch"}, s.base) {
		return s, violates("The 'BaseShape' element is invalid - The value '" + s.base + "' is invalid.")
	}
	for _, field := range e.child("AdditionalProperties").children() {
		switch field.local() {
		case "FieldURI":
			uri := field.attr("FieldURI")
			if !isField(uri) {
				return s, violates("The 'FieldURI' attribute is invalid - The value '" + uri + "' is invalid.")
			}
			s.fields = append(s.fields, uri)
		case "ExtendedFieldURI":
			p, err := propertyOf(field)
			if err != nil {
				return s, err
			}
			s.extended = append(s.extended, p)
		case "IndexedFieldURI": // entries of dictionaries, of which no item here has one
		default:
			return s, violates("The element 'AdditionalProperties' has invalid child element '" + field.local() + "'.")
		}
	}
	return s, nil
}

// isField says whether the schema has a field. Those of items that are no mail are
// known by their prefix alone.
func isField(uri string) bool {
	prefix, name, found := strings.Cut(uri, ":")
	if !found || name == "" {
		return false
	}
	switch prefix {
	case "folder":
		return slices.Contains([]string{
			"FolderId", "ParentFolderId", "DisplayName", "UnreadCount", "TotalCount", "ChildFolderCount", "FolderClass",
			"SearchParameters", "ManagedFolderInformation", "PermissionSet", "EffectiveRights", "SharingEffectiveRights",
			"DistinguishedFolderId", "PolicyTag", "ArchiveTag", "ReplicaList",
		}, name)
	case "item", "message", "calendar", "contacts", "task", "meeting", "meetingRequest", "conversation",
		"distributionlist",
		"postitem", "persona":
		return !strings.ContainsAny(name, " <>\"'")
	default:
		return false
	}
}

// propertyOf reads an ExtendedFieldURI.
func propertyOf(e *element) (property, error) {
	kind := e.attr("PropertyType")
	if kind == "" {
		return property{}, violates("The required attribute 'PropertyType' is missing.")
	}
	set := e.attr("DistinguishedPropertySetId") + e.attr("PropertySetId")
	var id, written string
	switch tag := e.attr("PropertyTag"); {
	case tag != "":
		n, err := strconv.ParseUint(tag, 0, 16)
		if err != nil {
			return property{}, violates("The 'PropertyTag' attribute is invalid - The value '" + tag + "' is invalid.")
		}
		id = fmt.Sprintf("0x%x", n)
		written = `PropertyTag="` + id + `"`
	case set != "" && e.attr("PropertyName") != "":
		id = set + "/" + e.attr("PropertyName")
		written = `PropertyName="` + attribute(e.attr("PropertyName")) + `"`
	case set != "" && e.attr("PropertyId") != "":
		id = set + "/" + e.attr("PropertyId")
		written = `PropertyId="` + attribute(e.attr("PropertyId")) + `"`
	default:
		return property{}, &fault{
			code: "ErrorInvalidExtendedProperty",
			text: "The extended property attribute combination is invalid.",
		}
	}
	for _, name := range []string{"DistinguishedPropertySetId", "PropertySetId"} {
		if value := e.attr(name); value != "" {
			written = name + `="` + attribute(value) + `" ` + written
		}
	}
	return property{id, kind, `<t:ExtendedFieldURI ` + written + ` PropertyType="` + attribute(kind) + `"/>`}, nil
}

// field is one element of an answer: its FieldURI, the shapes that have it without
// being asked, and its text as XML; "" where the object has none.
type field struct {
	uri    string
	shapes string // f in FindItem's Default, g in GetItem's, a in AllProperties
	text   func() string
}

// write puts the fields of a shape in the schema's order. The extended properties
// have the place of the field without a text.
func (s shape) write(fields []field, extended func(property) string) string {
	want := map[string]string{"Default": "g", "AllProperties": "a"}[s.base]
	if s.base == "Default" && s.finds {
		want = "f"
	}
	var b strings.Builder
	for _, f := range fields {
		if f.text == nil {
			for _, p := range s.extended {
				b.WriteString(extended(p))
			}
			continue
		}
		if f.shapes == "*" || want != "" && strings.Contains(f.shapes, want) || slices.Contains(s.fields, f.uri) {
			b.WriteString(f.text())
		}
	}
	return b.String()
}

// tag is an element of the types' namespace.
func tag(name, text string) string { return "<t:" + name + ">" + attribute(text) + "</t:" + name + ">" }

// written is an extended property with its value; "" where there is none.
func (p property) written(value string) string {
	if value == "" {
		return ""
	}
	return "<t:ExtendedProperty>" + p.uri + tag("Value", value) + "</t:ExtendedProperty>"
}

// someone is a mailbox in an answer.
func someone(list []*mail.Address) string {
	var b strings.Builder
	for _, a := range list {
		b.WriteString("<t:Mailbox>")
		name := a.Name
		if name == "" {
			name = a.Address
		}
		b.WriteString(tag("Name", name) + tag("EmailAddress", a.Address) + tag("RoutingType", "SMTP") + "</t:Mailbox>")
	}
	return b.String()
}

// wrapped is an element around others; "" around nothing.
func wrapped(name, inner string) string {
	if inner == "" {
		return ""
	}
	return "<t:" + name + ">" + inner + "</t:" + name + ">"
}

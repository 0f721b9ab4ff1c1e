package exchange_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// found lists what a restriction lets through, in the order of its sorting.
func (l *lab) found(restriction, order string) []string {
	l.t.Helper()
	more := ""
	if restriction != "" {
		more = "<m:Restriction>" + restriction + "</m:Restriction>"
	}
	if order != "" {
		more += `<m:SortOrder><t:FieldOrder Order="` + order +
			`"><t:FieldURI FieldURI="item:Subject"/></t:FieldOrder></m:SortOrder>`
	}
	_, body := l.ews(findItem(`<t:BaseShape>Default</t:BaseShape>`, more, inbox))
	if code := between(body, "<m:ResponseCode>", "<"); code != "NoError" {
		return []string{between(body, ">a:", "</faultcode>") + code}
	}
	found := []string{}
	for _, part := range strings.Split(body, "<t:Subject>")[1:] {
		subject, _, _ := strings.Cut(part, "</t:Subject>")
		found = append(found, subject)
	}
	return found
}

func TestRestrictions(t *testing.T) {
	is := func(verb, uri, value string) string {
		return `<t:` + verb + `><t:FieldURI FieldURI="` + uri + `"/><t:FieldURIOrConstant><t:Constant Value="` + value +
			`"/></t:FieldURIOrConstant></t:` + verb + `>`
	}
	contains := func(mode, value string) string {
		return `<t:Contains ContainmentMode="` + mode +
			`" ContainmentComparison="IgnoreCase"><t:FieldURI FieldURI="item:Subject"/>` +
			`<t:Constant Value="` + value + `"/></t:Contains>`
	}
	read, first := is("IsEqualTo", "message:IsRead", "true"), is("IsEqualTo", "item:Subject", "first")
	l := start(t, clear)
	all := []string{"second", "first"}
	for text, want := range map[string][]string{
		"":   all,
		read: {"first"}, is("IsNotEqualTo", "message:IsRead", "true"): {"second"},
		"<t:And>" + read + first + "</t:And>":                            {"first"},
		"<t:And>" + read + contains("Prefixed", "sec") + "</t:And>":      {},
		"<t:Or>" + read + contains("Prefixed", "SEC") + "</t:Or>":        all,
		"<t:Or>" + read + first + "</t:Or>":                              {"first"},
		"<t:Not>" + first + "</t:Not>":                                   {"second"},
		contains("Substring", "IRS"):                                     {"first"},
		contains("FullString", "firs"):                                   {},
		is("IsGreaterThan", "item:Size", "99"):                           all,
		is("IsGreaterThan", "item:Size", "99999"):                        {},
		is("IsLessThanOrEqualTo", "item:DateTimeReceived", "2099-01-01"): all,
		`<t:Exists><t:ExtendedFieldURI PropertyTag="0x0e23" PropertyType="Integer"/>` +
			`</t:Exists>`: all,
		`<t:Exists><t:ExtendedFieldURI PropertyTag="0x0e24" PropertyType="Integer"/>` +
			`</t:Exists>`: {},
		`<t:Excludes><t:ExtendedFieldURI PropertyTag="3591" PropertyType="Integer"/><t:Bitmask Value="0x1"/>` +
			`</t:Excludes>`: {"second"},
		"<t:And/>":     {"ErrorSchemaValidation"},
		"<t:Nothing/>": {"ErrorSchemaValidation"},
		is("IsEqualTo", "nothing:Subject", "first"):                            {"ErrorSchemaValidation"},
		strings.Repeat("<t:Not>", 30) + first + strings.Repeat("</t:Not>", 30): {"ErrorRestrictionTooComplex"},
	} {
		if diff := cmp.Diff(want, l.found(text, "")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
	if got := l.found("", "Ascending"); !cmp.Equal(got, []string{"first", "second"}) {
		t.Errorf("sorted: %q", got)
	}
	if got := l.found("", "Descending"); !cmp.Equal(got, all) {
		t.Errorf("sorted the other way: %q", got)
	}
}

func TestUpdateItem(t *testing.T) {
	l := start(t, clear)
	_, body := l.ews(findItem(idOnly, "", inbox))
	id, key := between(body, `<t:ItemId Id="`, `"`), between(body, `ChangeKey="`, `"`)
	update := func(resolution, updates string) string {
		t.Helper()
		_, body := l.ews(`<m:UpdateItem ConflictResolution="` + resolution + `"><m:ItemChanges><t:ItemChange><t:ItemId Id="` +
			id +
			`" ChangeKey="` + key + `"/><t:Updates>` + updates + `</t:Updates></t:ItemChange></m:ItemChanges></m:UpdateItem>`)
		return body
	}
	set := func(field, value string) string {
		return `<t:SetItemField>` + field + `<t:Message>` + value + `</t:Message></t:SetItemField>`
	}
	const flag = `<t:ExtendedFieldURI PropertyTag="0x1090" PropertyType="Integer"/>`
	extended := func(value string) string {
		return `<t:ExtendedProperty>` + flag + `<t:Value>` + value + `</t:Value></t:ExtendedProperty>`
	}
	body = update("NeverOverwrite", set(`<t:FieldURI FieldURI="message:IsRead"/>`, `<t:IsRead>true</t:IsRead>`)+
		set(flag, extended("2"))+
		set(`<t:FieldURI FieldURI="item:Categories"/>`, `<t:Categories><t:String>one &lt;</t:String></t:Categories>`))
	if between(body, "<m:ResponseCode>", "<") != "NoError" || between(body, `ChangeKey="`, `"`) == key {
		t.Fatalf("got\n%s", body)
	}
	get := func() string {
		_, body := l.ews(`<m:GetItem><m:ItemShape><t:BaseShape>Default</t:BaseShape><t:AdditionalProperties>` + flag +
			`</t:AdditionalProperties></m:ItemShape><m:ItemIds><t:ItemId Id="` + id + `"/></m:ItemIds></m:GetItem>`)
		return body
	}
	for _, want := range []string{
		"<t:IsRead>true<", "<t:Value>2<",
		"<t:Categories><t:String>one &lt;</t:String></t:Categories>",
	} {
		if !strings.Contains(get(), want) {
			t.Errorf("want %s in\n%s", want, get())
		}
	}
	if body := update("NeverOverwrite", set(flag, extended("3"))); between(body, "<m:ResponseCode>",
		"<") != "ErrorStaleObject" {
		t.Errorf("with the key of before:\n%s", body)
	}
	update("AutoResolve", `<t:DeleteItemField>`+flag+`</t:DeleteItemField>`)
	if got := get(); strings.Contains(got, "0x1090") {
		t.Errorf("deleted:\n%s", got)
	}
}

func TestPartsInTheWrongNamespace(t *testing.T) {
	l := start(t, clear)
	status, body := l.ews(strings.ReplaceAll(getFolder(inbox), "m:FolderShape", "t:FolderShape"))
	if status != 500 || !strings.Contains(body, "a:ErrorSchemaValidation") {
		t.Errorf("%d\n%s", status, body)
	}
}

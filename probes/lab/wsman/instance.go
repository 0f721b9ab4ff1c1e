package wsman

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// row is one WMI instance: columns by name. A value is nil, bool, string,
// time.Time, a list ([]any), or any number.
type row map[string]any

// get finds a column whatever its case, as WMI does.
func (r row) get(column string) any {
	if v, found := r[column]; found {
		return v
	}
	for name, v := range r {
		if strings.EqualFold(name, column) {
			return v
		}
	}
	return nil
}

// table is a class and its instances.
type table struct {
	namespace string   // root/cimv2
	class     string   // as the schema spells it
	columns   []string // all that it has, sorted
	rows      []row
	// element is the class that an instance really is, where that is a subclass.
	element func(row) string
	loose   bool // the columns are not known: any is taken
}

// column finds a column as the schema spells it.
func (t table) column(name string) (string, bool) {
	i := slices.IndexFunc(t.columns, func(c string) bool { return strings.EqualFold(c, name) })
	if i >= 0 {
		return t.columns[i], true
	}
	return name, t.loose
}

// plain is a value as WinRM and PowerShell write it.
func plain(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case time.Time:
		return v.UTC().Format("2006-01-02T15:04:05.999999Z")
	default:
		return fmt.Sprint(v)
	}
}

// instance renders a whole instance, typed and in the namespace of its class.
func instance(t table, r row) string {
	class := t.class
	if t.element != nil {
		class = t.element(r)
	}
	uri := escape(wmiBase + t.namespace + "/" + class)
	var b strings.Builder
	fmt.Fprintf(&b, `<p:%s xmlns:xsi=%q xmlns:p="%s" xmlns:cim="http://schemas.dmtf.org/wbem/wscim/1/common" `+
		`xsi:type="p:%s_Type" xml:lang="en-US">`, class, nsXSI, uri, class)
	for _, column := range t.columns {
		writeValue(&b, "p:"+column, "cim:Datetime", r.get(column))
	}
	return b.String() + `</p:` + class + `>`
}

// fragment renders the columns of a projection: without a namespace, and in
// alphabetical order, whatever the order of the query.
func fragment(columns []string, r row) string {
	var b strings.Builder
	b.WriteString(`<w:XmlFragment xmlns:xsi="` + nsXSI + `" xmlns:w="` + nsWSMan + `">`)
	for _, column := range columns {
		writeValue(&b, column, "Datetime", r.get(column))
	}
	return b.String() + `</w:XmlFragment>`
}

func writeValue(b *strings.Builder, element, datetime string, v any) {
	switch v := v.(type) {
	case nil:
		b.WriteString(`<` + element + ` xsi:nil="true"/>`)
	case []any:
		for _, e := range v {
			writeValue(b, element, datetime, e)
		}
	case time.Time:
		fmt.Fprintf(b, "<%s><%s>%s</%[2]s></%[1]s>", element, datetime, plain(v))
	default:
		fmt.Fprintf(b, "<%s>%s</%[1]s>", element, escape(plain(v)))
	}
}

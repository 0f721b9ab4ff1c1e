package psrp

import (
	"bytes"
	"encoding/xml"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
)

// object is one that the server sends: what it is depends on what is filled in.
// The same pointer twice in a message is written as a reference.
type object struct {
	types []string
	text  *string // what ToString gives
	base  any     // the primitive value in it
	props []member
	notes []member
	list  []any       // nil for no list
	pairs [][2]any    // of a dictionary
	holds containment // which of the two it is
}

type containment int

const (
	noContainer containment = iota
	aList
	aDictionary
)

// member is one property.
type member struct {
	name  string
	value any // nil, a Go value, primitive or *object
}

// primitive is a value with a tag that no Go type stands for, as Version or TS.
type primitive struct{ tag, text string }

// writer writes the values of one message.
type writer struct {
	b       bytes.Buffer
	objects map[*object]int
	types   map[string]int
}

// serialize writes one value as CLIXML, as Windows does it.
func serialize(v any) []byte {
	w := &writer{objects: map[*object]int{}, types: map[string]int{}}
	w.value("", v)
	return w.b.Bytes()
}

func (w *writer) value(name string, v any) {
	switch v := v.(type) {
	case nil:
		w.empty("Nil", name)
	case *object:
		w.object(name, v)
	case primitive:
		w.element(v.tag, name, v.text)
	case string:
		w.element("S", name, escape(v))
	case bool:
		w.element("B", name, strconv.FormatBool(v))
	case int:
		if v < math.MinInt32 || v > math.MaxInt32 {
			w.element("I64", name, strconv.Itoa(v))
			return
		}
		w.element("I32", name, strconv.Itoa(v))
	case int64:
		w.element("I64", name, strconv.FormatInt(v, 10))
	case uint32:
		w.element("U32", name, strconv.FormatUint(uint64(v), 10))
	case uint64:
		w.element("U64", name, strconv.FormatUint(v, 10))
	case float64:
		w.element("Db", name, double(v))
	case time.Time:
		w.element("DT", name, v.Format(time.RFC3339Nano))
	}
}

func double(v float64) string {
	switch {
	case math.IsInf(v, 1):
		return "INF"
	case math.IsInf(v, -1):
		return "-INF"
	default:
		return strconv.FormatFloat(v, 'G', -1, 64)
	}
}

func (w *writer) object(name string, o *object) {
	if id, known := w.objects[o]; known {
		w.empty("Ref", name, xml.Attr{Name: xml.Name{Local: "RefId"}, Value: strconv.Itoa(id)})
		return
	}
	id := len(w.objects)
	w.objects[o] = id
	w.open("Obj", name, strconv.Itoa(id))
	w.typeNames(o.types)
	if o.text != nil {
		w.element("ToString", "", escape(*o.text))
	}
	if o.base != nil {
		w.value("", o.base)
	}
	switch o.holds {
	case noContainer:
	case aList:
		w.b.WriteString("<LST>")
		for _, item := range o.list {
			w.value("", item)
		}
		w.b.WriteString("</LST>")
	case aDictionary:
		w.b.WriteString("<DCT>")
		for _, pair := range o.pairs {
			w.b.WriteString("<En>")
			w.value("Key", pair[0])
			w.value("Value", pair[1])
			w.b.WriteString("</En>")
		}
		w.b.WriteString("</DCT>")
	}
	w.members("Props", o.props)
	w.members("MS", o.notes)
	w.b.WriteString("</Obj>")
}

// typeNames writes them once, and then refers to them.
func (w *writer) typeNames(types []string) {
	if len(types) == 0 {
		return
	}
	key := strings.Join(types, "\n")
	if id, known := w.types[key]; known {
		w.empty("TNRef", "", xml.Attr{Name: xml.Name{Local: "RefId"}, Value: strconv.Itoa(id)})
		return
	}
	id := len(w.types)
	w.types[key] = id
	w.open("TN", "", strconv.Itoa(id))
	for _, t := range types {
		w.element("T", "", t)
	}
	w.b.WriteString("</TN>")
}

func (w *writer) members(tag string, members []member) {
	if len(members) == 0 {
		return
	}
	w.b.WriteString("<" + tag + ">")
	for _, m := range members {
		w.value(m.name, m.value)
	}
	w.b.WriteString("</" + tag + ">")
}

func (w *writer) open(tag, name, id string) {
	w.b.WriteString("<" + tag)
	w.attribute("N", escape(name))
	w.attribute("RefId", id)
	w.b.WriteString(">")
}

func (w *writer) element(tag, name, text string) {
	w.open(tag, name, "")
	_ = xml.EscapeText(&w.b, []byte(text)) // a buffer takes everything
	w.b.WriteString("</" + tag + ">")
}

func (w *writer) empty(tag, name string, attrs ...xml.Attr) {
	w.b.WriteString("<" + tag)
	w.attribute("N", escape(name))
	for _, a := range attrs {
		w.attribute(a.Name.Local, a.Value)
	}
	w.b.WriteString(" />")
}

func (w *writer) attribute(name, value string) {
	if value == "" {
		return
	}
	w.b.WriteString(" " + name + `="`)
	_ = xml.EscapeText(&w.b, []byte(value))
	w.b.WriteString(`"`)
}

// escape writes what XML cannot hold, or what would read as an escape, as
// _xHHHH_ (MS-PSRP 2.2.5.3.2).
func escape(text string) string {
	var b strings.Builder
	for i, r := range text {
		isEscape := r == '_' && i+1 < len(text) && (text[i+1] == 'x' || text[i+1] == 'X')
		switch {
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			writeUnit(&b, high)
			writeUnit(&b, low)
		case isEscape, r < 0x20, r >= 0x7f && r <= 0x9f, r == 0xfffe, r == 0xffff:
			writeUnit(&b, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func writeUnit(b *strings.Builder, unit rune) {
	text := strings.ToUpper(strconv.FormatInt(int64(unit), 16))
	b.WriteString("_x" + strings.Repeat("0", 4-len(text)) + text + "_")
}

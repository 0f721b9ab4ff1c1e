package psrp

import (
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
)

// encoder writes CLIXML (MS-PSRP 2.2.5) as far as we send it. The names and
// types that callers pass are ours; texts are escaped.
type encoder struct {
	b       strings.Builder
	objects int
	types   map[string]int // numbers of type lists by their first name
}

// primitive writes one value of a type that has an element of its own.
func (e *encoder) primitive(tag, name, value string) {
	e.start(tag, name)
	_ = xml.EscapeText(&e.b, []byte(escapeText(value))) // a Builder never fails
	fmt.Fprintf(&e.b, "</%s>", tag)
}

func (e *encoder) text(name, value string) { e.primitive("S", name, value) }

func (e *encoder) number(name string, value int) { e.primitive("I32", name, strconv.Itoa(value)) }

func (e *encoder) boolean(name string, value bool) { e.primitive("B", name, strconv.FormatBool(value)) }

func (e *encoder) null(name string) {
	e.start("Nil", name)
	e.b.WriteString("</Nil>")
}

func (e *encoder) start(tag, name string) {
	fmt.Fprintf(&e.b, "<%s", tag)
	if name != "" {
		fmt.Fprintf(&e.b, ` N="%s"`, name)
	}
	e.b.WriteByte('>')
}

// object writes an object with its type names, most particular first, and what
// inside writes.
func (e *encoder) object(name string, types []string, inside func()) {
	fmt.Fprintf(&e.b, `<Obj RefId="%d"`, e.objects)
	e.objects++
	if name != "" {
		fmt.Fprintf(&e.b, ` N="%s"`, name)
	}
	e.b.WriteByte('>')
	e.typeNames(types)
	inside()
	e.b.WriteString("</Obj>")
}

// typeNames writes a list of types once, and from then on its number.
func (e *encoder) typeNames(types []string) {
	if len(types) == 0 {
		return
	}
	if number, known := e.types[types[0]]; known {
		fmt.Fprintf(&e.b, `<TNRef RefId="%d"></TNRef>`, number)
		return
	}
	if e.types == nil {
		e.types = map[string]int{}
	}
	number := len(e.types)
	e.types[types[0]] = number
	fmt.Fprintf(&e.b, `<TN RefId="%d">`, number)
	for _, t := range types {
		e.primitive("T", "", t)
	}
	e.b.WriteString("</TN>")
}

// properties writes an object that is nothing but extended properties.
func (e *encoder) properties(name string, inside func()) {
	e.object(name, nil, func() { e.wrap("MS", inside) })
}

func (e *encoder) list(name string, types []string, inside func()) {
	e.object(name, types, func() { e.wrap("LST", inside) })
}

func (e *encoder) enum(name, typeName, text string, value int) {
	e.object(name, []string{typeName, "System.Enum", "System.ValueType", "System.Object"}, func() {
		e.primitive("ToString", "", text)
		e.number("", value)
	})
}

func (e *encoder) wrap(tag string, inside func()) {
	fmt.Fprintf(&e.b, "<%s>", tag)
	inside()
	fmt.Fprintf(&e.b, "</%s>", tag)
}

func (e *encoder) bytes() []byte { return []byte(e.b.String()) }

// escapeText writes control characters and what lies beyond UTF-16's first
// plane as _xHHHH_ (MS-PSRP 2.2.5.3.2). An underscore before an x is escaped
// whatever follows, as Windows does; it reads either case.
func escapeText(text string) string {
	var b strings.Builder
	for i, r := range text {
		switch {
		case r < 0x20 || 0x7f <= r && r <= 0x9f,
			r == '_' && i+1 < len(text) && (text[i+1] == 'x' || text[i+1] == 'X'):
			fmt.Fprintf(&b, "_x%04X_", r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, "_x%04X__x%04X_", high, low)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// unescapeText reads what escapeText writes. Half a surrogate pair becomes the
// replacement character.
func unescapeText(text string) string {
	if !strings.Contains(text, "_x") && !strings.Contains(text, "_X") {
		return text
	}
	var b strings.Builder
	for len(text) > 0 {
		unit, escaped := escapedUnit(text)
		if !escaped {
			b.WriteByte(text[0])
			text = text[1:]
			continue
		}
		text = text[escapeSize:]
		r := rune(unit)
		if utf16.IsSurrogate(r) {
			low, _ := escapedUnit(text)
			if r = utf16.DecodeRune(r, rune(low)); r != '\ufffd' {
				text = text[escapeSize:]
			}
		}
		b.WriteRune(r)
	}
	return b.String()
}

const escapeSize = len("_xHHHH_")

// escapedUnit reads the escape that text begins with.
func escapedUnit(text string) (unit uint16, escaped bool) {
	if len(text) < escapeSize || text[0] != '_' || text[1]|0x20 != 'x' || text[escapeSize-1] != '_' {
		return 0, false
	}
	n, err := strconv.ParseUint(text[2:escapeSize-1], 16, 16)
	return uint16(n), err == nil
}

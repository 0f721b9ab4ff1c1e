package psrp

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
)

// value is anything that CLIXML holds. References make it a graph, which may
// have loops: whoever walks it must have an end of his own.
type value struct {
	tag    string // "Obj", "Nil", or a primitive type's element
	text   string // of a primitive
	stream string // where it was written, in a document of several streams

	// of an Obj:
	types        []string
	toString     string
	hasToString  bool
	base         *value
	properties   []property // of a dictionary its entries
	items        []*value
	isList       bool
	isDictionary bool
}

type property struct {
	name     string
	value    *value
	extended bool
}

// get finds a property, whatever the case of its name. An extended property
// hides the object's own, as in PowerShell. It is nil when there is none.
func (v *value) get(name string) *value {
	found, _ := v.find(name)
	return found
}

// find returns a property and its name as the host spells it.
func (v *value) find(name string) (found *value, spelt string) {
	if v == nil {
		return nil, ""
	}
	for _, p := range v.properties {
		if strings.EqualFold(p.name, name) && (found == nil || p.extended) {
			found, spelt = p.value, p.name
		}
	}
	return found, spelt
}

// textOf is a property as text; absent, null and what is no plain value are "".
func (v *value) textOf(name string) string {
	found := v.get(name)
	if found == nil {
		return ""
	}
	text, _ := found.scalar()
	return text
}

// numberOf is a property as a number, an enumeration's too.
func (v *value) numberOf(name string) (int64, error) {
	found := v.get(name)
	if found == nil {
		return 0, fmt.Errorf("%w: %s is missing", ErrMalformed, name)
	}
	if found.base != nil {
		found = found.base
	}
	n, err := strconv.ParseInt(found.text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%w: %s is %q, want a number", ErrMalformed, name, clean(found.text))
	}
	return n, nil
}

func (v *value) isNull() bool { return v.tag == "Nil" }

// isPlain tells a plain value from an object with properties of its own.
func (v *value) isPlain() bool {
	return v.tag != "Obj" || v.base != nil && !v.isList && !v.isDictionary
}

// scalar is what PowerShell would print for a value, when that is one text:
// a primitive's text, an enumeration's name, what an object calls itself. An
// object that calls itself by its type only has nothing to say here.
func (v *value) scalar() (text string, has bool) {
	switch {
	case v.tag != "Obj":
		return v.text, !v.isNull()
	case v.isList, v.isDictionary:
		return "", false
	case v.hasToString && (v.base == nil || v.isEnum()):
		return v.toString, !v.namesType() || len(v.properties) == 0
	case v.base != nil && v.base.tag != "Obj": // a loop may lead back here
		return v.base.text, !v.base.isNull()
	default:
		return "", false
	}
}

func (v *value) isEnum() bool {
	for _, t := range v.types {
		if strings.HasSuffix(t, "System.Enum") {
			return true
		}
	}
	return false
}

func (v *value) namesType() bool {
	return len(v.types) > 0 && v.toString == strings.TrimPrefix(v.types[0], "Deserialized.")
}

// primitive makes text of a primitive type's element (MS-PSRP 2.2.5.1). Most
// stay as they came: numbers in decimal, durations in ISO 8601.
func primitive(tag, text string) (string, error) {
	switch tag {
	case "S", "URI", "XD", "SBK":
		return unescapeText(text), nil
	case "Nil":
		return "", nil
	case "SS": // under a session key that we never agree on
		return "***", nil
	}
	text = strings.TrimSpace(text)
	switch tag {
	case "B":
		text = strings.ToLower(text)
		if text != "true" && text != "false" {
			return "", fmt.Errorf("want true or false, got %q", text)
		}
	case "C":
		unit, err := strconv.ParseUint(text, 10, 16)
		if err != nil {
			return "", fmt.Errorf("want a character's number, got %q", text)
		}
		return string(utf16.Decode([]uint16{uint16(unit)})), nil
	case "DT":
		return instant(text), nil
	case "BA":
		if _, err := base64.StdEncoding.DecodeString(text); err != nil {
			return "", errors.New("want base64")
		}
	}
	return text, nil
}

// instant is a time in UTC. A time that the host sent without a zone has none
// to convert from, and stays.
func instant(text string) string {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return text
	}
	return t.UTC().Format(time.RFC3339Nano)
}

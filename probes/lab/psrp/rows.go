package psrp

import (
	"fmt"
	"maps"
	"slices"
)

// rowOf makes what a command outputs from a row of the estate: an object of the
// type for a mapping, the value itself for all else.
func rowOf(row any, kind string) any {
	made := propertyOf(row)
	o, isObject := made.(*object)
	if isObject && kind != "" && slices.Equal(o.types, customObject()) {
		o.types, o.text = []string{kind, "System.Object"}, &kind
		o.props, o.notes = o.notes, nil
	}
	return made
}

func customObject() []string {
	return []string{"System.Management.Automation.PSCustomObject", "System.Object"}
}

// propertyOf makes a value from what a row holds.
func propertyOf(v any) any {
	switch v := v.(type) {
	case []any:
		items := make([]any, 0, len(v))
		for _, item := range v {
			items = append(items, propertyOf(item))
		}
		return listOf("System.Collections.ArrayList", items)
	case map[string]any:
		return objectOf(v)
	case map[any]any:
		named := make(map[string]any, len(v))
		for key, value := range v {
			named[fmt.Sprint(key)] = value
		}
		return objectOf(named)
	default:
		return v
	}
}

// objectOf makes what a mapping stands for; the estate tells of the special ones.
func objectOf(v map[string]any) any {
	text := func(key, otherwise string) string {
		if v[key] == nil {
			return otherwise
		}
		return fmt.Sprint(v[key])
	}
	if _, isEnum := v["enum"]; isEnum {
		number, _ := v["value"].(int)
		return enumOf(text("type", "System.DayOfWeek"), text("enum", ""), number)
	}
	if _, isPrimitive := v["tag"]; isPrimitive {
		return primitive{text("tag", "S"), escape(text("text", ""))}
	}
	if _, reads := v["string"]; reads {
		shown := text("string", "")
		inner, _ := v["properties"].(map[string]any)
		return &object{
			types: []string{text("type", "System.Management.Automation.PSObject"), "System.Object"},
			text:  &shown, props: membersOf(inner),
		}
	}
	return &object{types: customObject(), notes: membersOf(v)}
}

// membersOf lists properties by name, so that the same row is the same bytes.
func membersOf(v map[string]any) []member {
	members := make([]member, 0, len(v))
	for _, name := range slices.Sorted(maps.Keys(v)) {
		members = append(members, member{name, propertyOf(v[name])})
	}
	return members
}

package schema

import (
	"fmt"
	"strings"

	"postpatch/probes"
	"postpatch/probes/fact"
)

// types of readings, with what a plain value of each may look like.
func readingTypes() map[fact.Type]object {
	said := func(types ...any) object {
		return with(object{"type": types}, pattern(notBlank, "what is expected"))
	}
	zero := said("string", "integer")
	zero["minimum"], zero["maximum"] = 0, 0
	return map[fact.Type]object{
		fact.TypeBool:     said("boolean", "string"),
		fact.TypeInt:      said("number", "string"),
		fact.TypeText:     said(scalars()...),
		fact.TypeDuration: zero,
		fact.TypeTime:     said("string"),
		fact.TypeSet:      said(scalars()...),
	}
}

// predicates are the definitions of what can be expected of a reading of each type, and
// of one of a type that is not known here.
func predicates() object {
	all := object{}
	define := func(name string, scalar object, isSet bool) {
		forms := object{"$ref": "#/definitions/form." + name}
		all["expect."+name] = object{
			"if": object{"type": "array"}, "then": object{"minItems": 1, "items": text()}, "else": forms,
		}
		all["form."+name] = form(forms, scalar, isSet)
	}
	for t, scalar := range readingTypes() {
		define(t.String(), scalar, t == fact.TypeSet)
	}
	define("any", text(), true)
	return all
}

// form is an expectation, at the top or inside of another: a text, or a mapping with the
// form's name. Self is what refers to it.
func form(self, scalar object, isSet bool) object {
	several := object{"type": "array", "minItems": 1, "items": self}
	many := object{"type": "array", "minItems": 1, "items": text()}
	said := func(s object, what string) object { return with(object{}, s, about(what)) }
	properties := object{
		"any of":       said(several, "One of these expectations is met."),
		"all of":       said(several, "All of these expectations are met."),
		"not":          self,
		"one of":       said(many, "It is one of these plain values."),
		"contains":     said(texts(), "It has this text in it, in any case; of a set, these elements."),
		"not contains": said(texts(), "It has none of these."),
		"matches":      said(text(), "A regular expression that it matches: /^v[0-9]+$/"),
		"not matches":  said(text(), "A regular expression that it does not match."),
		"superset":     said(many, "The set has at least these."),
		"subset":       said(many, "The set has none but these."),
		"same set":     said(many, "The set has these, and no others."),
	}
	if isSet {
		of := object{"$ref": "#/definitions/form." + fact.TypeText.String()}
		properties["each"], properties["some"] = of, of
	}
	s := with(object{}, scalar, object{
		"properties": properties, "additionalProperties": false, "minProperties": 1, "maxProperties": 1,
	})
	s["type"] = append(append(list{}, types(scalar)...), "object")
	return s
}

// expectations are what a check of a kind can expect.
func expectations(k probes.Kind) object {
	properties := object{}
	for _, r := range k.Readings {
		properties[r.Name] = ref("expect."+r.Type.String(), readingDoc(r))
	}
	return with(closed(properties), object{"minProperties": 1})
}

// readingDoc is what editors show of a reading.
func readingDoc(r probes.ReadingSpec) object {
	rule, change := r.Compared()
	compared := "compared: " + rule
	if change != "-" {
		compared += ", a change is " + change
	}
	facts := []string{"Type " + r.TypeName(), "unless given: " + r.Expected(), compared}
	if len(r.Values) > 0 {
		facts = append(facts, "known: "+strings.Join(r.Values, ", "))
	}
	s := doc(
		fmt.Sprintf("%s %s.", r.Doc, strings.Join(facts[:2], "; ")),
		fmt.Sprintf("%s\n\n- %s", r.Doc, strings.Join(facts, "\n- ")),
	)
	if r.Expect != "" {
		s["default"] = r.Expect
	}
	if len(r.Values) > 0 {
		s["examples"] = anys(r.Values)
	}
	return s
}

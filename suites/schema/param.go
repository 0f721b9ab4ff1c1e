package schema

import (
	"encoding/json"
	"fmt"
	"strings"

	"postpatch/probes"
)

// parameters are what stands behind a kind's name: a mapping of its parameters or, short,
// a value of its main one; nothing where none is required.
func parameters(k probes.Kind) object {
	properties, required := object{}, []string(nil)
	var main *probes.Param
	for i, p := range k.Params {
		properties[p.Name] = with(value(p), paramDoc(p))
		if p.Required {
			required = append(required, p.Name)
		}
		if p.Name == k.Main {
			main = &k.Params[i]
		}
	}
	long := closed(properties, required...)
	if len(required) == 0 {
		long["type"] = list{"object", "null"}
	}
	switch {
	case main == nil || main.Type == probes.ParamMap || !k.Short():
		return long
	case len(main.Words) > 0: // words are told apart from a mapping, which is none of them
		return object{"if": object{"type": list{"object", "null"}}, "then": long, "else": value(*main)}
	}
	short := value(*main)
	all := append(types(long), types(short)...)
	return with(with(object{}, short), long, object{"type": all})
}

// value is what a parameter may be.
func value(p probes.Param) object {
	switch one := single(p); p.Type {
	case probes.ParamMap:
		return object{"type": "object", "additionalProperties": one}
	case probes.ParamTexts, probes.ParamInts:
		if len(p.Words) > 0 {
			return object{"if": object{"type": "array"}, "then": object{"minItems": 1, "items": one}, "else": one}
		}
		return oneOrMany(one)
	default:
		return one
	}
}

// paramDoc is what editors show of a parameter.
func paramDoc(p probes.Param) object {
	otherwise := p.Otherwise()
	plain := fmt.Sprintf("%s %s; %s.", p.What(), capital(p.TypeName()), unlessGiven(p, otherwise))
	mark := "`" + otherwise + "`"
	if p.Default == "" {
		mark = otherwise
	}
	s := doc(plain, fmt.Sprintf("%s\n\n%s; %s.", p.What(), capital(p.TypeName()), unlessGiven(p, mark)))
	if d := standing(p); d != nil {
		s["default"] = d
	}
	return s
}

func unlessGiven(p probes.Param, otherwise string) string {
	if p.Required {
		return otherwise
	}
	return "unless given: " + otherwise
}

// standing is a parameter's default as JSON; nil for none.
func standing(p probes.Param) any {
	switch {
	case p.Default == "" || p.Required:
		return nil
	case p.Type == probes.ParamBool:
		return p.Default == "true"
	case p.Type == probes.ParamInt:
		return json.Number(p.Default)
	case p.Type == probes.ParamTexts, p.Type == probes.ParamInts:
		var all list
		for word := range strings.SplitSeq(strings.Trim(p.Default, "[]"), ", ") {
			if p.Type == probes.ParamInts {
				all = append(all, json.Number(word))
			} else {
				all = append(all, word)
			}
		}
		return all
	default:
		return p.Default
	}
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

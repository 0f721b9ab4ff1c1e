package schema

import (
	"regexp"
	"strings"
	"unicode"

	"postpatch/probes"
)

// What a YAML text can look like to a reader of JSON: the loader takes 8080, true and web
// for texts alike.
func scalars() list { return list{"string", "number", "boolean"} }

const (
	// notBlank is what a text has to have. Other spaces than these count as letters here,
	// so that no text is refused that the loader takes.
	notBlank = `[^ \t\r\n]`
	template = `\{\{`
	spaces   = `^\s*`
	end      = `\s*$`

	whole    = `[+-]?[0-9]+`
	duration = `([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)`
	trueness = `([tT][rR][uU][eE]|[fF][aA][lL][sS][eE])`
)

// pattern is a regular expression, and what an editor says where a text is not so.
func pattern(expr, want string) object {
	return object{"pattern": expr, "patternErrorMessage": "want " + want}
}

// text is a text that is not blank.
func text() object {
	return with(object{"type": scalars()}, pattern(notBlank, "a text"))
}

// texts are a text, or a list of such.
func texts() object { return oneOrMany(text()) }

// oneOrMany is a scalar, or a list of such that is not empty. The keywords of the one say
// nothing of the other, so that editors tell what is wrong and not that nothing fits.
func oneOrMany(one object) object {
	many := with(object{}, one)
	many["type"] = append(append(list{}, types(one)...), "array")
	many["items"], many["minItems"] = one, 1
	return many
}

func types(s object) list {
	if all, several := s["type"].(list); several {
		return all
	}
	return list{s["type"]}
}

// name is what isName of the loader takes.
func name() object {
	return with(object{"type": scalars(), "maxLength": 253},
		pattern(`^[A-Za-z0-9][A-Za-z0-9._-]*$`, "letters, digits, '.', '_' and '-'"))
}

// wait is a check's timeout.
func wait() object {
	return with(object{"type": "string"}, pattern(`^\+?(`+duration+`)+$`, "a duration like 30s, at most 1h"))
}

// day is a date.
func day() object {
	return with(object{"type": "string"}, pattern(spaces+`[0-9]{4}-[0-9]{2}-[0-9]{2}`+end, "a day like 2026-12-31"))
}

// span is a time as a plan has it. Spaces count for nothing wherever they are.
func span() object {
	return with(object{"type": "string"}, pattern(
		`^\s*\+?[0-9. ]*[0-9][0-9. ]*[a-zµμ][a-zµμ0-9. ]*\s*$`, "a time like 90s, 6m, 1h30m or 7d"))
}

// single is a value of a parameter that is no list, or one of a list's values. A template
// may stand where the loader fills one in.
func single(p probes.Param) object {
	const orTemplate = `|` + template
	switch p.Type {
	case probes.ParamInt, probes.ParamInts:
		return with(object{"type": list{"integer", "string"}},
			pattern(spaces+whole+end+orTemplate, "a whole number, or a template"))
	case probes.ParamBool:
		return with(object{"type": list{"boolean", "string"}},
			pattern(spaces+trueness+end+orTemplate, "true or false, or a template"))
	case probes.ParamDuration:
		return with(object{"type": list{"string", "integer"}, "minimum": 0, "maximum": 0},
			pattern(spaces+`[+-]?(0|(`+duration+`)+)`+end+orTemplate, "a duration like 5s, or a template"))
	case probes.ParamFile:
		return text()
	case probes.ParamText, probes.ParamTexts, probes.ParamMap:
	}
	if len(p.Words) == 0 {
		return object{"type": scalars()}
	}
	return oneOfWords(p)
}

// oneOfWords is one of some words, which some kinds take in any case, or a template.
func oneOfWords(p probes.Param) object {
	known := anys(p.Words)
	var any []string
	for _, w := range p.Words {
		if w == "true" { // YAML's own
			known = append(known, true)
		}
		var b strings.Builder
		for _, c := range w {
			if upper := unicode.ToUpper(c); upper != c {
				b.WriteString("[" + string(c) + string(upper) + "]")
			} else {
				b.WriteString(regexp.QuoteMeta(string(c)))
			}
		}
		any = append(any, b.String())
	}
	if p.Default == "" { // an empty text is none
		any = append(any, "")
	}
	said := pattern("^("+strings.Join(any, "|")+")$|"+template, strings.Join(p.Words, ", ")+", or a template")
	return object{"anyOf": list{object{"enum": known}, with(object{"type": "string"}, said)}}
}

func anys(words []string) list {
	var all list
	for _, w := range words {
		all = append(all, w)
	}
	return all
}

package schema

import (
	"regexp"
	"slices"
	"strings"

	"postpatch/probes"
)

// anything is any text with new lines in it, in the regular expressions of JavaScript and
// of Go alike.
const anything = `[\s\S]`

// rule is how readings are compared: a text, or a mapping that also says what a change is
// worth.
func rule() object {
	r := with(object{"type": "string"}, pattern(notBlank, "a rule"),
		about("How it is compared: same, same text, ignore, within 10%, at least, at most, superset, "+
			"subset, same set; postpatch explain compare."))
	properties := object{"rule": r, "severity": with(severity(),
		about("What a change that the rule does not allow is worth."))}
	return with(with(object{}, r), closed(properties), object{"minProperties": 1, "type": list{"string", "object"}})
}

func severity() object {
	return words("fail", "the check fails", "warn", "a warning", "note", "a note")
}

// comparisons are what a check of a kind can say of how its readings are compared.
func comparisons(k probes.Kind) object {
	properties := object{"*": ref("rule", about("All readings."))}
	for _, r := range k.Readings {
		properties[r.Name] = object{"$ref": "#/definitions/rule"}
	}
	if k.Items != probes.NoItems {
		var known list
		for _, n := range probes.Namings() {
			known = append(known, object{"const": string(n), "description": n.Doc()})
		}
		properties["items"] = object{"oneOf": known, "description": "When two names of items mean the same item."}
	}
	s := with(closed(properties), pattern(notBlank, "a rule"), object{
		"type": list{"string", "object"}, "minProperties": 1,
		"patternProperties": object{
			// A reading alone is one of the properties above, but for spaces around it.
			`^(\s+|` + spaces[1:] + items(k) + `)` + readingsOf(k) + end + `|^` + readingsOf(k) + `\s+$`: object{
				"$ref": "#/definitions/rule",
			},
		},
	})
	return s
}

// items are the items in front of a reading, with its dot. A kind without items has one
// whose name is empty.
func items(k probes.Kind) string {
	if k.Items == probes.NoItems {
		return `(\*+|=\s*)\.`
	}
	return notBlank + anything + `*\.`
}

// readingsOf are the readings of a kind, and * for all.
func readingsOf(k probes.Kind, more ...string) string {
	var names []string
	for _, r := range k.Readings {
		names = append(names, regexp.QuoteMeta(r.Name))
	}
	return `(` + strings.Join(append(append(names, more...), `\*`), "|") + `)`
}

// inKind is a pattern of a kind's readings: kind.reading or kind/item.reading.
func inKind(k probes.Kind, more ...string) string {
	item := anything + `+`
	if k.Items == probes.NoItems {
		item = `(\*+|=\s*)`
	}
	return regexp.QuoteMeta(k.Name) + `(/` + item + `)?\.` + readingsOf(k, more...)
}

// choice is a pattern of readings of any kind, as waivers and plans have it.
func choice(kinds []probes.Kind, more ...string) object {
	var all []string
	for _, k := range kinds {
		all = append(all, inKind(k, more...))
	}
	return with(object{"type": "string"}, pattern(spaces+`(`+strings.Join(all, "|")+`)`+end,
		"kind.reading or kind/item.reading, such as service/Spooler.state or os.*"))
}

// ofAll is what a suite says of the readings of all its checks.
func ofAll(kinds []probes.Kind) object {
	patterns := object{}
	for _, k := range kinds {
		patterns[spaces+inKind(k)+end] = ref("rule", about(k.Doc))
	}
	s := closed(object{})
	return with(s, object{
		"patternProperties": patterns, "minProperties": 1,
		"description": "How readings of all checks are compared: service.account, disk/D:.free, updates.*",
	})
}

func waivers() object {
	return with(object{"type": "array", "minItems": 1, "items": closed(object{
		"waive":  ref("choice.waive", about("What may be wrong: service/Spooler.state; for all readings service/Spooler.*")),
		"check":  with(texts(), about("The ids of the checks that it is for, with * and ?; all unless given.")),
		"hosts":  hostsOf(),
		"until":  with(day(), about("The last day on which it holds, until midnight UTC.")),
		"reason": with(text(), about("Why nobody mends it now.")),
		"ticket": with(text(), about("Where it is worked on.")),
		"owner":  with(text(), about("Who is asked.")),
	}, "waive", "until", "reason")}, about("What may be wrong until a day: postpatch explain waivers."))
}

// readingNames are those of all kinds, each once.
func readingNames(kinds []probes.Kind) list {
	var names []string
	for _, k := range kinds {
		for _, r := range k.Readings {
			names = append(names, r.Name)
		}
	}
	slices.Sort(names)
	return anys(slices.Compact(names))
}

package schema

import (
	"cmp"
	"slices"

	"postpatch/probes"
)

func sortWords(words list) {
	slices.SortFunc(words, func(a, b any) int { return cmp.Compare(a.(string), b.(string)) })
}

// suite is the schema of a suite, or of a pack that others use.
func suite(kinds []probes.Kind) object {
	s := closed(object{
		"suite": with(object{"type": scalars(), "maxLength": 253},
			pattern(`^[a-z0-9][a-z0-9._-]*$`, "small letters, digits, '.', '_' and '-'"),
			about("The suite's name: small letters, digits, '.', '_' and '-'; no other suite has it.")),
		"owner":   with(text(), about("Who is asked when a check fails.")),
		"timeout": with(wait(), about("How long each check may take, unless it says otherwise itself.")),
		"vars":    ref("vars", about("Variables for templates, {{ name }}. A host's own come first.")),
		"hosts":   ref("hosts", about("The servers; a pack, which other suites use, has none.")),
		"checks": object{
			"type": "array", "minItems": 1, "items": object{"$ref": "#/definitions/check"},
			"description": "What is looked at.",
		},
		"compare":  ref("compare", about("How readings of all checks are compared: postpatch explain compare.")),
		"waivers":  ref("waivers", nil),
		"use":      ref("use", nil),
		"override": ref("override", nil),
		"disable":  ref("disable", nil),
		"locked":   locked("Whoever uses this suite can neither override nor disable any of its checks."),
		"notify":   ref("notify", nil),
	}, "suite")
	s["title"] = "postpatch suite"
	s["description"] = "What a healthy server looks like: postpatch explain suite."
	s["anyOf"] = list{requires("checks"), requires("use")}
	s["definitions"] = definitions(kinds)
	return s
}

func definitions(kinds []probes.Kind) object {
	all := with(predicates(), object{
		"vars": variables(), "hosts": hosts(), "use": uses(), "override": overrides(kinds), "disable": disabled(),
		"notify": notify(), "secret": secret(), "check": check(kinds), "assert": asserts(), "rule": rule(),
		"compare": ofAll(kinds), "waivers": waivers(), "choice.waive": choice(kinds, "assert"),
	})
	for _, k := range kinds {
		all["kind."+k.Name] = parameters(k)
		all["expect."+k.Name+".readings"] = expectations(k)
		all["compare."+k.Name] = comparisons(k)
	}
	return all
}

package schema

import "postpatch/probes"

// common are the keys of a check beside its kinds. What is expected and compared of which
// kind is said by kind.
func common() object {
	return object{
		"id": with(text(), object{"maxLength": 120},
			about("Its stable name; made of the kind and of what it looks at unless given.")),
		"expect":  about("What its readings must be: postpatch explain expect."),
		"assert":  ref("assert", about("What must hold of its readings, now and before: postpatch explain assert.")),
		"compare": about("How its readings are compared with the baseline: postpatch explain compare."),
		"why":     with(text(), about("Why it is looked at, for whoever reads the report.")),
		"owner":   with(text(), about("Who is asked when it fails; the suite's owner unless given.")),
		"timeout": with(wait(),
			about("How long it may take: 10s unless given here or at the top; 60s where the host itself is asked.")),
		"hosts":  hostsOf(),
		"from":   about("Who asks: runner, host for the host under test, or both."),
		"locked": locked("Whoever uses this suite can neither override nor disable the check."),
	}
}

func hostsOf() object {
	return with(texts(),
		about("Which of the suite's hosts it is for: names, patterns with * and ?, tag:NAME; all unless given."))
}

func locked(text string) object { return truth(text) }

// check is an entry of a suite's checks. What belongs to one kind alone is looked at
// where an entry names that kind.
func check(kinds []probes.Kind) object {
	properties := common()
	var words, one, by list
	for name := range properties {
		words = append(words, name)
	}
	sortWords(words)
	for _, k := range kinds {
		properties[k.Name] = ref("kind."+k.Name, doc(k.Doc, markdown(k)))
		one = append(one, requires(k.Name))
		by = append(by, object{"if": requires(k.Name), "then": object{"properties": object{
			"expect":  object{"$ref": "#/definitions/expect." + k.Name + ".readings"},
			"compare": object{"$ref": "#/definitions/compare." + k.Name},
			"from":    from(k),
		}}})
	}
	by = append(by,
		// The keys are not all of them common ones: one is a kind.
		object{"not": object{"propertyNames": object{"enum": words}}},
		// Of two kinds nobody could tell which one an expectation means.
		object{
			"if": object{"allOf": list{
				object{"anyOf": list{requires("id"), requires("expect"), requires("assert"), requires("compare")}},
				object{"anyOf": one},
			}},
			"then": object{"oneOf": one},
		})
	return with(closed(properties), object{"allOf": by})
}

// from says who asks, of kinds that can be asked from both sides.
func from(k probes.Kind) any {
	for _, p := range k.Params {
		if p.Name == "from" {
			return with(value(p), paramDoc(p))
		}
	}
	return false
}

// markdown is what editors show of a kind, with its example.
func markdown(k probes.Kind) string {
	text := k.Doc
	if k.Example != "" {
		text += "\n\n```yaml\n" + k.Example + "```"
	}
	return text
}

// asserts are expressions, some with a why of their own.
func asserts() object {
	that := with(text(), about("An expression that has to hold: after.free >= before.free * 0.8"))
	long := closed(object{"that": that, "why": with(text(), about("Why it has to hold."))}, "that")
	one := with(with(object{}, text()), long, object{"type": append(scalars(), "object")})
	return with(with(object{}, one), object{
		"type": append(scalars(), "object", "array"), "items": one, "minItems": 1, "maxItems": 50,
	})
}

package schema

import (
	"slices"

	"postpatch/probes"
)

// plan is the schema of a plan.
func plan(kinds []probes.Kind) object {
	selectors := with(texts(), about("Hosts' names, patterns with * and ?, tag:NAME."))
	s := closed(object{
		"plan":        with(text(), about("The plan's name.")),
		"suites":      with(texts(), about("The suites that it is for: paths relative to the plan's folder, with * and ?.")),
		"hosts":       with(with(object{}, selectors), about("The suites' hosts that the patch is for; all unless given.")),
		"reboot":      reboot(),
		"must_change": mustChange(kinds, selectors),
		"may_change":  mayChange(selectors),
		"drift":       drift(),
		"gate": with(closed(gate()), object{"minProperties": 1},
			about("What is asked of every wave: postpatch explain gate.")),
		"waves":  waves(selectors),
		"settle": settle(kinds),
		"passes": with(closed(object{
			"settled": with(closed(object{"reboot": reboot()}, "reboot"), about("The pass once the hosts have settled.")),
			"late":    with(closed(object{"reboot": reboot()}, "reboot"), about("The pass a day later.")),
		}), object{"minProperties": 1}, about("What is asked of passes beside the plan itself.")),
		"budget": with(closed(object{"capture": budget(), "verify": budget()}), object{"minProperties": 1},
			about("How long a command may take, or when it has to be done.")),
		"store": with(text(),
			about("What keeps the runs: a folder relative to the plan's, or a URL (postpatch explain store).")),
		"precheck": with(closed(object{
			"free":   with(text(), about("What every volume has to have free: 10 GiB.")),
			"backup": with(span(), about("How old the last backup of a database at most may be: 7d.")),
			"restore_test": with(span(),
				about("How old the last restore of one at most may be; none is asked for unless given.")),
		}), object{"minProperties": 1}, about("What has to be so before the patch: postpatch explain precheck.")),
		"waivers": ref("waivers", nil),
	}, "plan")
	s["title"], s["description"] = "postpatch plan", "What the operator says of the patch: postpatch explain plan."
	s["definitions"] = with(predicates(), object{
		"choice": choice(kinds), "choice.waive": choice(kinds, "assert"), "waivers": waivers(),
	})
	return s
}

func reboot() object {
	return with(words(
		"required", "the hosts have to be restarted", "allowed", "they may be; so it is unless given",
		"forbidden", "they may not be",
	), about("Whether the hosts have to be restarted."))
}

// anyExpectation is what is expected of a reading whose type is not known here.
func anyExpectation(what string) object { return ref("expect.any", about(what)) }

func mustChange(kinds []probes.Kind, selectors object) object {
	patterns := object{}
	for _, k := range kinds {
		patterns[spaces+inKind(k)+end] = anyExpectation("What it has to be after the patch.")
	}
	short := with(closed(object{}), object{"patternProperties": patterns, "minProperties": 1})
	long := closed(object{
		"change": ref("choice", about("The reading: os.build, service/Spooler.state.")),
		"to":     anyExpectation("What it has to be after the patch."),
		"where":  with(text(), about("Only of readings that were so at the baseline, with * and ?: 20348.*")),
		"hosts":  selectors,
		"reason": with(text(), about("Why.")),
		"update": with(closed(object{
			"kb": with(object{"type": scalars()}, pattern(`^\s*[Kk][Bb][0-9]{6,8}\s*$`, "a number like KB5068787"),
				about("The update's number.")),
			"severity": with(object{"type": "string"},
				pattern(`^\s*([cC]ritical|[iI]mportant|[mM]oderate|[lL]ow|[A-Z]+)\s*$`, "critical, important, moderate or low"),
				object{"examples": list{"critical", "important", "moderate", "low"}},
				about("How grave Microsoft takes what it mends.")),
			"released": with(day(), about("The day of its release, in UTC.")),
			"within":   with(span(), about("How long after it at most it may take to be on.")),
		}, "kb"), about("What is known of the update that brings the change.")),
	}, "change", "to")
	isLong := object{"anyOf": list{
		requires("change"), requires("to"), requires("where"), requires("hosts"), requires("update"), requires("reason"),
	}}
	one := object{"type": "object", "if": isLong, "then": long, "else": short}
	return object{
		"type": list{"object", "array"}, "minItems": 1, "items": one,
		"if": object{"type": "object"}, "then": short,
		"description": "What the patch has to bring: a reading and what it has to be.",
	}
}

func mayChange(selectors object) object {
	what := ref("choice", about("What may change: service/Spooler.path, update.*"))
	long := closed(object{
		"change": what, "hosts": selectors, "to": anyExpectation("What it may change to; gone for what may go away."),
		"reason": with(text(), about("Why.")),
	}, "change")
	one := object{"if": object{"type": "object"}, "then": long, "else": object{"$ref": "#/definitions/choice"}}
	return object{
		"if": object{"type": "array"}, "then": object{"minItems": 1, "items": one}, "else": one,
		"description": "What the patch may change: kind.reading or kind/item.reading, with * and ?.",
	}
}

func drift() object {
	long := closed(object{
		"change":   ref("choice", about("What drifts: services.*")),
		"severity": with(severity(), about("How bad that is.")),
	}, "change", "severity")
	one := object{"if": object{"type": "object"}, "then": long, "else": severity()}
	return object{
		"if": object{"type": "array"}, "then": object{"minItems": 1, "items": one}, "else": one,
		"description": "How bad it is when something drifts; of a list the last one that fits counts.",
	}
}

func gate() object {
	share := func(what string) object {
		return with(object{"type": list{"string", "integer"}, "minimum": 0},
			pattern(`^\s*[0-9]+\s*$|^\s*([0-9]+\.?[0-9]*|\.[0-9]+)\s*%\s*$`,
				"a number of hosts like 2, or a percentage like 5%"),
			about(what))
	}
	return object{
		"quorum":        share("How many hosts at least have to be observed; all unless given."),
		"max_regressed": share("How many hosts at most may be worse than at the baseline; none unless given."),
		"max_unknown":   share("How many hosts at most may not be known; none unless given."),
	}
}

func waves(selectors object) object {
	one := closed(with(gate(), object{
		"name": with(name(), about("The wave's name.")), "hosts": selectors,
		"after": with(texts(), about("The waves that have to be well before this one begins.")),
	}), "name", "hosts")
	return object{
		"type": "array", "minItems": 1, "maxItems": 100, "items": one,
		"description": "Hosts that are patched together; the least critical first.",
	}
}

func settle(kinds []probes.Kind) object {
	properties := object{
		"default": with(span(), about("How long after its start a host may take until all is well: 6m.")),
		"return":  with(span(), about("How long after verify has begun it may take until it answers: 30m.")),
		"stable":  with(span(), about("How long a pass has to hold: 1m.")),
		"poll":    with(span(), about("How long after a question the next one comes: 5s.")),
		"slower": with(object{"type": "string"}, pattern(`%`, "a percentage like 50%"),
			about("By how much a reading may take longer than in the window before until it is worth a note: 50%.")),
	}
	var roles []string
	for _, k := range kinds {
		roles = append(roles, k.Settles)
	}
	slices.Sort(roles)
	for _, role := range slices.Compact(roles) {
		if role != "" {
			properties[role] = with(span(), about("The same of hosts with checks of the role "+role+"."))
		}
	}
	return with(closed(properties), object{
		"minProperties": 1,
		"patternProperties": object{
			`^tag:[A-Za-z0-9][A-Za-z0-9._-]*$`: with(span(), about("The same of hosts with the tag.")),
		},
		"description": "How long hosts are waited for after a reboot: postpatch explain settle.",
	})
}

// budget is a time, or a time of day.
func budget() object {
	return with(object{"type": "string"}, pattern(
		`^\s*[0-9]?[0-9]:[0-9][0-9]\s*$|`+span()["pattern"].(string), "a time like 45m, or a time of day like 04:30"),
		about("A time like 45m, or a time of day like 04:30."))
}

package schema

import "postpatch/probes"

// uses are the suites whose checks a suite takes over.
func uses() object {
	suite := with(text(), about("A pack's name, or the path of a suite relative to this file."))
	long := closed(object{
		"suite": suite,
		"vars":  values("Variables of the pack, set here."),
		"hosts": with(texts(),
			about("Which of this suite's hosts it is for: names, patterns with * and ?, tag:NAME; all unless given.")),
		"as": with(name(),
			about("What stands in front of its checks' ids: mail makes exchange/queues mail/exchange/queues.")),
	}, "suite")
	one := with(with(object{}, text()), long, object{"type": append(scalars(), "object")})
	return with(object{"type": "array", "minItems": 1, "items": one},
		about("Suites whose checks this one takes over: packs by name or by path."))
}

// overrides change checks of the suites that are used, key by key.
func overrides(kinds []probes.Kind) object {
	properties := common()
	delete(properties, "id")
	delete(properties, "locked")
	properties["expect"] = object{
		"type": "object", "minProperties": 1, "propertyNames": object{"enum": readingNames(kinds)},
		"additionalProperties": object{"$ref": "#/definitions/expect.any"},
		"description":          "What its readings must be, over what the pack expects.",
	}
	properties["compare"] = object{
		"type": append(scalars(), "object"), "minProperties": 1,
		"description": "How its readings are compared, over what the pack says.",
	}
	for _, k := range kinds {
		properties[k.Name] = object{}
	}
	return object{
		"type": "object", "minProperties": 1,
		"additionalProperties": with(closed(properties), object{"minProperties": 1}),
		"description":          "Changes of checks of the suites that are used, by their ids, key by key.",
	}
}

// disabled are checks of the suites that are used and are not asked.
func disabled() object {
	one := with(with(object{}, text()), object{
		"type": append(scalars(), "object"), "minProperties": 1, "additionalProperties": text(),
	})
	return with(with(object{}, one), object{
		"type": append(scalars(), "object", "array"), "minItems": 1, "items": one,
		"description": "Checks of the suites that are used and not wanted here: their ids, or an id and why.",
	})
}

// notify is where the owner hears of the suite's outcomes.
func notify() object {
	channel := with(name(), about("A channel's name; its address stands in the operator's own file."))
	return object{
		"type": append(scalars(), "object"), "properties": object{"channel": channel}, "required": list{"channel"},
		"additionalProperties": false, "description": "The channel by which the owner hears of what comes out.",
	}
}

// secret is where a secret is kept.
func secret() object {
	return with(closed(object{
		"env": with(object{"type": "string"}, pattern(`^[A-Za-z0-9_]*$`, "a variable's name"),
			about("The environment variable that holds it.")),
		"file": with(text(), about("The file that holds it, relative to this one.")),
		"keyring": with(closed(object{
			"service": with(text(), about("The entry's service.")), "user": with(text(), about("The entry's user.")),
		}, "service", "user"), about("The keyring of whoever runs postpatch.")),
		"command": object{
			"type": "array", "minItems": 1, "items": text(),
			"description": "A program and its arguments, whose one line of output it is.",
		},
	}), object{"minProperties": 1, "maxProperties": 1})
}

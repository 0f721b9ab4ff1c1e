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
	return with(with(object{}, one), object{"type": append(types(one), "array"), "minItems": 1, "items": one},
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
		"type":                 "object",
		"additionalProperties": with(closed(properties), object{"minProperties": 1}),
		"description":          "Changes of checks of the suites that are used, by their ids, key by key.",
	}
}

// disabled are checks of the suites that are used and are not asked.
func disabled() object {
	return with(texts(), object{
		"type": append(scalars(), "object", "array"), "additionalProperties": text(),
		"description": "Checks of the suites that are used and not wanted here: their ids, with * and ?, or a mapping " +
			"of these to why.",
	})
}

// notify is the channel by which the owner hears of the suite's outcomes.
func notify() object {
	channel := with(object{"type": scalars()}, pattern(channelName, "a channel's name, never a URL"))
	long := closed(object{"channel": with(with(object{}, channel), about("The channel's name."))}, "channel")
	return with(channel, long, object{
		"type": append(scalars(), "object"),
		"description": "The channel of the operator's own file by which the owner hears of what comes out: postpatch " +
			"explain notify.",
	})
}

const channelName = `^[a-z0-9][a-z0-9._-]*$`

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

package schema

// channels is the schema of the operator's file of where owners hear of outcomes.
func channels() object {
	one := closed(object{
		"type": with(words(
			"teams", "a message card of Microsoft Teams", "slack", "a message of Slack", "json", "the message as JSON",
		), about("The form of the messages.")),
		"webhook": ref("secret", about("Where the webhook's URL is kept; never the URL itself.")),
		"suites":  with(texts(), about("The suites that may name the channel, with * and ?; all unless given.")),
	}, "type", "webhook")
	s := closed(object{"channels": object{
		"type": "object", "minProperties": 1, "additionalProperties": false,
		"patternProperties": object{channelName: one}, "description": "The channels by their names.",
	}}, "channels")
	s["title"], s["description"] = "postpatch channels", "Where owners hear of outcomes: postpatch explain notify."
	s["definitions"] = object{"secret": secret()}
	return s
}

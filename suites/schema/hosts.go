package schema

const variableName = `^[A-Za-z][A-Za-z0-9_]*$`

// variables are those of a suite, whose values may be declared: what stands behind one
// that whoever uses the suite has to set.
func variables() object {
	long := closed(object{
		"doc":     with(text(), about("What the variable is for.")),
		"default": with(text(), about("What it is unless whoever uses the suite sets it.")),
	}, "doc")
	one := with(with(object{}, text()), long, object{"type": append(scalars(), "object")})
	return object{"type": "object", "additionalProperties": false, "patternProperties": object{variableName: one}}
}

// values are variables with their values alone.
func values(description string) object {
	return object{
		"type": "object", "additionalProperties": false, "patternProperties": object{variableName: text()},
		"description": description,
	}
}

// hosts are names, hosts with more than a name, and lists of hosts that are elsewhere.
func hosts() object {
	one := host()
	all := with(with(object{}, name()), object{
		"type": append(scalars(), "array"), "items": one, "minItems": 1,
	})
	return all
}

// host is one entry. Which keys it may have hangs on where its hosts come from; none of
// the keys of a list means one host.
func host() object {
	tags := with(oneOrMany(name()), about("Tags, by which checks and plans choose hosts: tag:NAME."))
	vars := values("Variables of its own, before those of the suite.")
	address := with(text(), about("Where it is reached: a name or an IP address, without a port."))
	own := object{
		"name": with(name(), about("The host's name in reports, and its address unless that is given.")),
		"was":  with(name(), about("The name that the host had at the baseline, before it was renamed.")),
		"tags": tags, "vars": vars, "address": address,
	}
	const all = "A host list: postpatch explain hosts. "
	lists := list{
		hostList("file", all+"A file with a host's name a line, relative to the suite.", object{
			"tags": tags, "vars": vars, "address": address,
		}),
		hostList("csv", all+"A table, as spreadsheets save it, relative to the suite.", table(tags, vars)),
		hostList("ansible", all+"An Ansible inventory, INI or YAML, relative to the suite.", object{
			"tags": tags, "vars": vars, "address": address,
			"group": with(texts(), about("The groups whose hosts are meant, with * and ?; all unless given.")),
		}),
		hostList("ldap", all+"A directory that is searched: ldaps://dc01.corp.example.org", object{
			"tags": tags, "vars": vars, "address": address,
			"base":     with(text(), about("Where the search begins: OU=Servers,DC=corp,DC=example,DC=org")),
			"filter":   with(text(), about("Which objects are meant: (operatingSystem=Windows Server*)")),
			"seen":     with(span(), about("How long ago a host at most may have logged on to be one: 90d.")),
			"disabled": truth("Whether disabled accounts are hosts, too."),
		}, "base"),
	}
	var elsewhere list
	for _, l := range []string{"file", "csv", "ansible", "ldap"} {
		elsewhere = append(elsewhere, requires(l))
	}
	lists = append(lists, object{
		"if":   object{"type": "object", "not": object{"anyOf": elsewhere}},
		"then": closed(own, "name"),
	})
	return with(name(), object{"type": append(scalars(), "object"), "allOf": lists})
}

// hostList is an entry that stands for many hosts.
func hostList(key, what string, properties object, required ...string) object {
	properties[key] = with(text(), about(what))
	properties["except"] = with(texts(), about("Hosts of the list that are left out, with * and ?."))
	return object{
		"if": object{"type": "object", "required": list{key}}, "then": closed(properties, required...),
	}
}

// table are the keys of a table's entry, in which a text names a column.
func table(tags, vars object) object {
	column := func(of string) object { return with(text(), about("The column of "+of+".")) }
	cells := with(texts(), object{"description": "What the column has to be, with * and ?."})
	return object{
		"name": column("the names; name unless given"), "address": column("the addresses"),
		"tags": with(with(object{}, tags), text(), object{
			"type":        append(scalars(), "array"),
			"description": "The column of the tags, or a list of tags that all have.",
		}),
		"vars": object{
			"if": object{"type": "object"}, "then": vars, "else": texts(),
			"description": "The columns that are variables, * for all; or a mapping of variables that all have.",
		},
		"delimiter": object{
			"enum":        list{",", ";", "tab", "\t"},
			"description": "What stands between columns; found out unless given.",
		},
		"where": object{
			"type": "object", "additionalProperties": cells,
			"description": "Which lines are taken: those with such a value in each of the columns.",
		},
	}
}

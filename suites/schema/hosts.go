package schema

const variableName = `^[A-Za-z][A-Za-z0-9_]*$`

// variables are those of a suite, whose values may be declared: what stands behind one
// that whoever uses the suite has to set.
func variables() object {
	long := closed(object{
		"doc":     with(text(), about("What the variable is for.")),
		"default": with(text(), about("What it is unless whoever uses the suite sets it.")),
	})
	one := with(with(object{}, text()), long, object{"type": append(scalars(), "object"), "minProperties": 1})
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
// these says where.
func host() object {
	short := name()
	tags := with(oneOrMany(name()), about("Tags, by which checks and plans choose hosts: tag:NAME."))
	vars := values("Variables of its own, before those of the suite.")
	own := object{
		"name":    with(name(), about("The host's name in reports, and its address unless that is given.")),
		"was":     with(name(), about("The name that the host had at the baseline, before it was renamed.")),
		"address": with(text(), about("Where it is reached: a name or an IP address, without a port.")),
		"tags":    tags, "vars": vars,
	}
	column := func(of string) object { return with(text(), about("The column of "+of+".")) }
	from := func(key, what string, more object) object {
		properties := with(object{
			key: with(text(), about(what)), "tags": tags, "vars": vars,
			"except":  with(texts(), about("Hosts that are left out: names, patterns with * and ?.")),
			"address": with(text(), about("Of each host, over what the list says: \"{{ host.name }}.example.org\".")),
		}, more)
		return object{"if": requires(key), "then": object{"properties": properties, "additionalProperties": false}}
	}
	lists := list{
		from("file", "A file with a host's name a line, relative to the suite.", nil),
		from("csv", "A CSV file, relative to the suite.", object{
			"name": column("the names"), "address": column("the addresses"),
			"tags":      with(texts(), about("The column of the tags, or a list of tags of all hosts.")),
			"where":     object{"type": "object", "description": "Only lines whose columns have these values."},
			"vars":      object{"description": "Columns that are variables, or \"*\" for all; a mapping is of all hosts."},
			"delimiter": with(text(), about("What parts the columns: , ; or tab; found by the header unless given.")),
		}),
		from("ansible", "An Ansible inventory, INI or YAML, relative to the suite.", object{
			"group": with(texts(), about("The group whose hosts are meant; all unless given.")),
		}),
		from("ldap", "A directory that is searched: ldaps://dc01.corp.example.org", object{
			"base":   with(text(), about("Where the search begins: OU=Servers,DC=corp,DC=example,DC=org")),
			"filter": with(text(), about("Which objects are meant: (operatingSystem=Windows Server*)")),
			"seen":   with(text(), about("Only computers that have logged on within this time, at least 15d.")),
			"disabled": object{
				"enum": list{true, false, "true", "false"}, "description": "Take disabled computers, too.",
			},
		}),
	}
	var elsewhere list
	for _, l := range []string{"file", "csv", "ansible", "ldap"} {
		elsewhere = append(elsewhere, requires(l))
	}
	lists = append(lists, object{
		"if":   object{"type": "object", "not": object{"anyOf": elsewhere}},
		"then": closed(own, "name"),
	})
	return with(short, object{"type": append(scalars(), "object"), "allOf": lists})
}

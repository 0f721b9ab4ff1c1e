package suites

import (
	"strings"

	"gopkg.in/yaml.v3"
)

// secretHint is how the secret of a key is told.
func secretHint(what string) string {
	return "write " + lastKey(what) + ": {env: NAME_OF_A_VARIABLE}, {file: path}, " +
		"{keyring: {service: name, user: name}} or {command: [program, argument]}"
}

func lastKey(what string) string { return what[strings.LastIndex(what, ".")+1:] }

// secretRef reads where a password is kept; it never repeats what it found.
func (r reader) secretRef(n *yaml.Node, what string) SecretRef {
	if n.Kind != yaml.MappingNode {
		r.hintf(n, secretHint(what), "%s: a %s cannot stand in the file itself", what, lastKey(what))
		return SecretRef{}
	}
	var ref SecretRef
	o, _ := r.object(n, what)
	for _, e := range o.entries {
		switch e.name() {
		case "env":
			ref.Env = r.variableName(e.value, what+".env")
		case "file":
			if path, ok := r.text(e.value, what+".file"); ok {
				ref.File = r.beside(path)
			}
		case "keyring":
			ref.Keyring = r.keyring(e.value, what+".keyring")
		case "command":
			ref.Command = r.commandLine(e.value, what+".command")
		default:
			r.hintf(e.key, secretHint(what), "%s: a key that is neither env nor file, keyring or command", what)
		}
	}
	if len(o.entries) != 1 {
		r.hintf(n, secretHint(what), "%s: want one source, got %d", what, len(o.entries))
	}
	return ref
}

// variableName reads a variable's name. What cannot be one may be the secret
// itself, so it is found here and not told of when it is not set.
func (r reader) variableName(n *yaml.Node, what string) string {
	name, ok := r.text(n, what)
	if ok && strings.Trim(strings.ToUpper(name), "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != "" {
		r.hintf(n, "write env: NAME_OF_A_VARIABLE, without $ or %", "%s: want a variable's name: letters, digits and _", what)
		return ""
	}
	return name
}

func (r reader) keyring(n *yaml.Node, what string) Keyring {
	var k Keyring
	o, ok := r.object(n, what)
	if !ok {
		return k
	}
	r.known(o, what, "service", "user")
	for name, set := range map[string]*string{"service": &k.Service, "user": &k.User} {
		if e, found := o.get(name); found {
			*set, _ = r.text(e.value, what+"."+name)
		} else {
			r.hintf(o.node, "write keyring: {service: name, user: name}", "%s: %s is missing", what, name)
		}
	}
	return k
}

func (r reader) commandLine(n *yaml.Node, what string) []string {
	const hint = "write command: [program, argument]"
	if n.Kind != yaml.SequenceNode {
		r.hintf(n, hint, "%s: want a list, because no shell takes a line apart", what)
		return nil
	}
	elems, _ := r.list(n, what)
	if len(elems) == 0 {
		r.hintf(n, hint, "%s: the list is empty", what)
	}
	var words []string
	for _, e := range elems {
		word, _ := r.text(e, what)
		words = append(words, word)
	}
	// A name alone is looked for in PATH; a path is one like all others here.
	if len(words) > 0 && strings.ContainsAny(words[0], `/\`) {
		words[0] = r.beside(words[0])
	}
	return words
}

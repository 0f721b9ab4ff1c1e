package suites

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"

	"gopkg.in/yaml.v3"
)

// LoadCredentials reads the operator's credentials file. Secrets are asked for
// only when they are needed. No problem shows a line of the file.
func LoadCredentials(file string, secrets func(SecretRef) (string, error)) (*Credentials, []Problem) {
	r := reader{file: file, found: &problems{}, secret: true}
	c := &Credentials{File: file, secrets: secrets}
	if data, ok := r.bytes(); ok {
		c.rules = r.credentials(data)
	}
	if list := r.found.sorted(); len(list) > 0 {
		return nil, list
	}
	return c, nil
}

func (r reader) credentials(data []byte) []*credential {
	root := r.document(data)
	if root == nil {
		return nil
	}
	top, ok := r.object(root, "the credentials file")
	if !ok {
		return nil
	}
	if r.another(top, "a credentials file", "credentials") {
		return nil
	}
	r.known(top, "the credentials file", "credentials")
	e, found := top.get("credentials")
	if !found {
		r.hintf(root, "postpatch explain credentials", "the file has no credentials")
		return nil
	}
	elems, ok := r.list(e.value, "credentials")
	if ok && len(elems) == 0 {
		r.errorf(e.value, "credentials: the list is empty")
	}
	var rules []*credential
	for i, n := range elems {
		what := fmt.Sprintf("credentials[%d]", i)
		if o, ok := r.object(n, what); ok {
			rules = append(rules, r.credential(o, what))
		}
	}
	return rules
}

func (r reader) credential(o object, what string) *credential {
	r.known(o, what, "hosts", "for", "user", "password", "winrm")
	rule := &credential{winrm: WinRMSettings{}.complete()}
	for _, name := range []string{"hosts", "user", "password"} {
		if _, found := o.get(name); !found {
			r.hintf(o.node, "postpatch explain credentials", "%s: %s is missing", what, name)
		}
	}
	if e, found := o.get("hosts"); found {
		for _, n := range r.texts(e.value, what+".hosts") {
			rule.hosts = append(rule.hosts, n.Value)
		}
	}
	if e, found := o.get("for"); found {
		for _, n := range r.texts(e.value, what+".for") {
			if !slices.Contains(uses(), n.Value) {
				// What stands there may be a secret in the wrong place.
				r.hintf(n, suggest(n.Value, uses()), "%s.for: want winrm or sql, got something else", what)
			}
			rule.uses = append(rule.uses, n.Value)
		}
	}
	if e, found := o.get("user"); found {
		rule.user, _ = r.text(e.value, what+".user")
	}
	if e, found := o.get("password"); found {
		rule.ref = r.secretRef(e.value, what+".password")
	}
	if e, found := o.get("winrm"); found {
		rule.winrm = r.winRM(e.value, what+".winrm")
	}
	return rule
}

// uses are what credentials can be for.
func uses() []string { return []string{"winrm", "sql"} }

const secretHint = "write password: {env: NAME_OF_A_VARIABLE} or {file: path}"

// secretRef reads where a password is kept; it never repeats what it found.
func (r reader) secretRef(n *yaml.Node, what string) SecretRef {
	if n.Kind != yaml.MappingNode {
		r.hintf(n, secretHint, "%s: a password cannot stand in the file itself", what)
		return SecretRef{}
	}
	var ref SecretRef
	o, _ := r.object(n, what)
	for _, e := range o.entries {
		switch e.name() {
		case "env":
			ref.Env, _ = r.text(e.value, what+".env")
		case "file":
			if path, ok := r.text(e.value, what+".file"); ok {
				ref.File = r.beside(path)
			}
		default:
			r.hintf(e.key, secretHint, "%s: a key that is neither env nor file", what)
		}
	}
	if len(o.entries) != 1 {
		r.hintf(n, secretHint, "%s: want one source, got %d", what, len(o.entries))
	}
	return ref
}

// beside is a path relative to the file that names it.
func (r reader) beside(path string) string {
	path = filepath.FromSlash(path)
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(r.file), path)
}

func (r reader) winRM(n *yaml.Node, what string) WinRMSettings {
	var w WinRMSettings
	o, _ := r.object(n, what)
	r.known(o, what, "tls", "port", "insecure", "ca_file", "allow_plain")
	for name, set := range map[string]*bool{"tls": &w.TLS, "insecure": &w.Insecure, "allow_plain": &w.AllowPlain} {
		if e, found := o.get(name); found {
			*set = r.bool(e.value, what+"."+name)
		}
	}
	if e, found := o.get("port"); found {
		port, err := strconv.Atoi(e.value.Value)
		if e.value.Kind != yaml.ScalarNode || err != nil || port < 1 || port > 65535 {
			r.errorf(e.value, "%s.port: want a whole number from 1 to 65535", what)
		}
		w.Port = port
	}
	if e, found := o.get("ca_file"); found {
		if path, ok := r.text(e.value, what+".ca_file"); ok {
			w.CAFile = r.beside(path)
		}
	}
	for name, set := range map[string]bool{"insecure": w.Insecure, "ca_file": w.CAFile != ""} {
		if e, found := o.get(name); found && set && !w.TLS {
			r.hintf(e.key, "add tls: true", "%s.%s: has no effect without TLS", what, name)
		}
	}
	if e, found := o.get("allow_plain"); found && w.TLS && w.AllowPlain {
		r.hintf(e.key, "choose one of them", "%s.allow_plain: has no effect with TLS", what)
	}
	return w.complete()
}

func (r reader) bool(n *yaml.Node, what string) bool {
	if n.Kind != yaml.ScalarNode || n.Value != "true" && n.Value != "false" {
		r.errorf(n, "%s: want true or false", what)
		return false
	}
	return n.Value == "true"
}

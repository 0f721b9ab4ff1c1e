package inventory

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

const (
	maxDepth = 100       // how deep groups and values nest
	maxNodes = 2_000_000 // that are looked at, aliases followed
)

// yamlReader walks the nodes of an inventory in YAML.
type yamlReader struct {
	*Inventory
	seen int
}

func (v *Inventory) yaml(text string) {
	root, wrong := parseYAML(text)
	if wrong != nil {
		v.list = append(v.list, *wrong)
		return
	}
	r := &yamlReader{Inventory: v}
	for _, p := range r.pairs(root, "the inventory", 1) {
		switch p.key.Value {
		case "plugin":
			v.add(at(p.key), writeOut, "this configures a plugin of Ansible, and none is run")
			return
		case "_meta":
			v.add(at(p.key), writeOut, "this is what ansible-inventory prints as JSON")
			return
		}
		r.group(p.key, p.value, 1)
	}
}

// parseYAML reads one document. A panic of the parser is an error like any other.
func parseYAML(text string) (root *yaml.Node, wrong *Problem) {
	defer func() {
		if p := recover(); p != nil {
			wrong = &Problem{Msg: "this is not YAML"}
		}
	}()
	dec := yaml.NewDecoder(strings.NewReader(text))
	var docs []*yaml.Node
	for len(docs) < 2 {
		doc := new(yaml.Node)
		err := dec.Decode(doc)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, syntax(err)
		}
		docs = append(docs, doc)
	}
	switch {
	case len(docs) == 0 || len(docs[0].Content) == 0:
		return nil, &Problem{Msg: "the inventory is empty"}
	case len(docs) > 1:
		return nil, &Problem{docs[1].Line, docs[1].Column, "a second YAML document", "Ansible reads one"}
	}
	return docs[0].Content[0], nil
}

// syntax is what the YAML parser says, with the line that it names.
func syntax(err error) *Problem {
	p := &Problem{Msg: "this is not YAML: " + strings.TrimPrefix(err.Error(), "yaml: ")}
	m := regexp.MustCompile(`^yaml: line ([0-9]+): (.*)`).FindStringSubmatch(err.Error())
	if m != nil {
		p.Line, _ = strconv.Atoi(m[1])
		p.Column, p.Msg = 1, "this is not YAML: "+m[2]
	}
	p.Hint = "look at the indentation and the quotes of this line and those above"
	return p
}

func at(n *yaml.Node) place { return place{n.Line, n.Column} }

// pair is a key with its value, aliases followed.
type pair struct{ key, value *yaml.Node }

// follow follows aliases, and counts.
func (r *yamlReader) follow(n *yaml.Node) *yaml.Node {
	for i := 0; n.Kind == yaml.AliasNode && i < maxDepth; i++ {
		n = n.Alias
	}
	if r.seen++; r.seen > maxNodes && !r.stop {
		r.stop = true
		r.add(at(n), "write less of it with aliases", "the inventory comes to more than %d values", maxNodes)
	}
	return n
}

// pairs are those of a mapping; nothing has none, and a text stands for a mapping
// of it to nothing, as Ansible has it.
func (r *yamlReader) pairs(n *yaml.Node, what string, depth int) []pair {
	n = r.follow(n)
	switch {
	case r.stop || isNull(n):
		return nil
	case depth > maxDepth:
		r.add(at(n), "", "%s: nested too deeply", what)
		r.stop = true
		return nil
	case n.Kind != yaml.MappingNode:
		r.add(at(n), "", "%s: want a mapping (name: …)", what)
		return nil
	}
	var own, merged []pair
	first := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content) && !r.stop; i += 2 {
		key, value := r.follow(n.Content[i]), n.Content[i+1]
		switch earlier := first[key.Value]; {
		case key.Kind != yaml.ScalarNode:
			r.add(at(key), "", "%s: want a text as key", what)
		case key.Tag == "!!merge":
			merged = append(merged, r.merge(value, what, depth+1)...)
		case earlier != nil:
			r.add(at(key), "Ansible would take the last one alone: join them", "%s: the key %q is there twice, first in line %d",
				what, shorten(key.Value), earlier.Line)
		default:
			first[key.Value] = key
			own = append(own, pair{key, value})
		}
	}
	for _, p := range merged {
		if first[p.key.Value] == nil {
			first[p.key.Value] = p.key
			own = append(own, p)
		}
	}
	return own
}

// merge are the pairs that << takes in.
func (r *yamlReader) merge(n *yaml.Node, what string, depth int) []pair {
	if n = r.follow(n); n.Kind != yaml.SequenceNode {
		return r.pairs(n, what, depth)
	}
	var all []pair
	for _, e := range n.Content {
		all = append(all, r.pairs(e, what, depth)...)
	}
	return all
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// group reads one, with what is below it.
func (r *yamlReader) group(key, n *yaml.Node, depth int) *group {
	g := r.Inventory.group(key.Value, at(key))
	what := fmt.Sprintf("group %q", shorten(key.Value))
	for _, p := range r.pairs(n, what, depth) {
		if r.stop {
			break
		}
		section := p.key.Value
		if !slices.Contains([]string{"hosts", "children", "vars"}, section) {
			if v := r.follow(p.value); v.Kind == yaml.MappingNode {
				r.add(at(p.key), "known: children, hosts, vars", "%s: unknown key %q", what, shorten(section))
			}
			continue // Ansible warns of it
		}
		for _, in := range r.section(p.value, what+": "+section, depth+1) {
			if r.stop {
				break
			}
			switch section {
			case "hosts":
				r.pattern(in.key.Value, at(in.key), g, r.vars(in.value, fmt.Sprintf("host %q", shorten(in.key.Value)), depth+2))
			case "children":
				g.child(r.group(in.key, in.value, depth+2), at(in.key))
			case "vars":
				r.variable(&g.vars, in)
			}
		}
	}
	return g
}

// section are the pairs of hosts, children or vars; a text alone is one of them.
func (r *yamlReader) section(n *yaml.Node, what string, depth int) []pair {
	if v := r.follow(n); v.Kind == yaml.ScalarNode && !isNull(v) {
		return []pair{{v, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Line: v.Line, Column: v.Column}}}
	}
	return r.pairs(n, what, depth)
}

func (r *yamlReader) vars(n *yaml.Node, what string, depth int) map[string]value {
	var vars map[string]value
	for _, p := range r.pairs(n, what, depth) {
		r.variable(&vars, p)
	}
	return vars
}

func (r *yamlReader) variable(to *map[string]value, p pair) {
	if !kept(p.key.Value) {
		return
	}
	if *to == nil {
		*to = map[string]value{}
	}
	(*to)[p.key.Value] = r.value(p.key.Value, p.value)
}

func (r *yamlReader) value(name string, n *yaml.Node) value {
	n = r.follow(n)
	switch {
	case n.Kind == yaml.SequenceNode:
		return value{unread: isList}
	case n.Kind == yaml.MappingNode:
		return value{unread: isMapping}
	case n.Tag == "!vault" || n.Tag == "!vault-encrypted":
		return value{unread: isVault}
	case strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!"):
		return value{unread: "tagged " + shorten(n.Tag)}
	case isNull(n):
		return value{unread: isNothing}
	default:
		return r.plain(name, n.Value, at(n))
	}
}

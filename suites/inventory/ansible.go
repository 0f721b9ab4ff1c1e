package inventory

import (
	"maps"
	"regexp"
	"strings"
)

// Inventory is an Ansible inventory as it stands in one file: what Ansible finds
// beside it, in group_vars and host_vars, is not read.
type Inventory struct {
	groups  map[string]*group
	order   []*group
	hosts   map[string]*member
	members []*member // in the file's order
	named   int       // how often a group names a host
	stop    bool      // there is too much of something
	spent   int       // of maxGiven
	problems
}

// group is a group of hosts.
type group struct {
	name     string
	at       place
	number   int
	parents  map[*group]bool
	children []edge
	vars     map[string]value
	priority int
	depth    int // how far below all it is, by the longest way
	declared bool
}

// edge leads to a child.
type edge struct {
	to *group
	at place
}

// member is a host of the inventory.
type member struct {
	name   string
	at     place // where it is named first
	groups []*group
	vars   map[string]value
}

// value is a variable's, or why it is not known.
type value struct{ text, unread string }

// Why a variable's value is not known.
const (
	isTemplate = "a template of Ansible, which is not evaluated"
	isVault    = "encrypted by Ansible Vault"
	isNothing  = "nothing"
	isList     = "a list"
	isMapping  = "a mapping"
	isLiteral  = "a literal of Python that is no plain text"
)

const (
	groupAll       = "all"
	groupUngrouped = "ungrouped"
	varHost        = "ansible_host"
	varPriority    = "ansible_group_priority"
	maxMembers     = 500_000 // how often all groups together name a host
)

// ReadAnsible reads an inventory in INI or in YAML, which it tells apart by what
// stands in it.
func ReadAnsible(text string) (*Inventory, []Problem) {
	v := &Inventory{groups: map[string]*group{}, hosts: map[string]*member{}}
	v.group(groupAll, place{}).declared = true
	v.group(groupUngrouped, place{}).declared = true
	switch first := significant(text); {
	case strings.HasPrefix(first, "$ANSIBLE_VAULT"):
		v.add(place{1, 1}, "keep the hosts in a file that is not encrypted", "the file is encrypted by Ansible Vault")
	case strings.HasPrefix(text, "#!"):
		v.add(place{1, 1}, writeOut, "this is a program, and none is run")
	case first == "":
		v.add(place{}, "", "the inventory is empty")
	case isYAML(first):
		v.yaml(text)
	default:
		v.ini(text)
	}
	if !v.stop {
		v.link()
	}
	if len(v.list) > 0 {
		return nil, v.list
	}
	return v, nil
}

const writeOut = "write it out: ansible-inventory -i … --list --yaml > hosts.yml"

// significant is the first line that says something.
func significant(text string) string {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' && line[0] != ';' {
			return line
		}
	}
	return ""
}

// isYAML tells by the first line: a key with its colon, a mapping or a document
// begins YAML; a section or a host's name begins INI.
func isYAML(line string) bool {
	return line[0] == '{' || strings.HasPrefix(line, "---") || strings.HasPrefix(line, "%YAML") ||
		regexp.MustCompile(`^("[^"]*"|'[^']*'|[^\s=\[\]"']+?)\s*:(\s|$)`).MatchString(line)
}

// group is the one of that name.
func (v *Inventory) group(name string, at place) *group {
	g := v.groups[name]
	if g == nil {
		g = &group{name: name, at: at, number: len(v.order), priority: 1}
		v.groups[name] = g
		v.order = append(v.order, g)
	}
	return g
}

// child puts a group under another, once.
func (g *group) child(to *group, at place) {
	if to.parents[g] {
		return
	}
	if to.parents == nil {
		to.parents = map[*group]bool{}
	}
	to.parents[g] = true
	g.children = append(g.children, edge{to, at})
}

// host puts a host into a group and sets its variables there.
func (v *Inventory) host(name string, at place, g *group, vars map[string]value) {
	m := v.hosts[name]
	if m == nil {
		if len(v.members) == MaxHosts {
			v.full(at)
			return
		}
		m = &member{name: name, at: at}
		v.hosts[name] = m
		v.members = append(v.members, m)
	}
	if v.named++; v.named > maxMembers {
		v.full(at)
		return
	}
	if len(m.groups) == 0 || m.groups[len(m.groups)-1] != g { // a group's hosts mostly stand together
		m.groups = append(m.groups, g)
	}
	if m.vars == nil && len(vars) > 0 {
		m.vars = make(map[string]value, len(vars))
	}
	maps.Copy(m.vars, vars)
	if v.spent += len(vars); v.spent > maxGiven {
		v.full(at)
	}
}

func (v *Inventory) full(at place) {
	v.stop = true
	v.add(at, "choose a smaller one", "the inventory has more than %d hosts, or more than %d variables of hosts",
		MaxHosts, maxGiven)
}

// kept reports a variable that is of use here. What holds a secret or is about
// Ansible's own connection is never even looked at.
func kept(name string) bool {
	switch {
	case name == varHost || name == varPriority:
		return true
	case strings.HasPrefix(name, "ansible_"), NamesSecret(name):
		return false
	default:
		return IsVariable(name)
	}
}

// IsVariable reports whether a template can name a variable so.
func IsVariable(name string) bool {
	for i, c := range name {
		if !isLetter(c) && c != '_' && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != "" && len(name) <= 253
}

// plain is the value of a variable's text.
func (v *Inventory) plain(name, text string, at place) value {
	switch {
	case strings.Contains(text, "{{") || strings.Contains(text, "{%"):
		if name == varHost && regexp.MustCompile(`^\{\{\s*inventory_hostname\s*\}\}$`).MatchString(text) {
			return value{} // the name itself
		}
		return value{unread: isTemplate}
	case strings.HasPrefix(text, "$ANSIBLE_VAULT"):
		return value{unread: isVault}
	case len(text) > maxValue:
		v.add(at, "", "a value of more than %d KiB", maxValue>>10)
	}
	return value{text: text}
}

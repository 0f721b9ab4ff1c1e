package inventory

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// iniReader reads an inventory in INI, line by line.
type iniReader struct {
	*Inventory
	section *regexp.Regexp
	child   *regexp.Regexp
	group   *group
	state   string
	pending []pending // names of groups that a later line may declare
}

// pending is a group that has to be declared somewhere.
type pending struct {
	group *group
	at    place
	what  string
}

func (v *Inventory) ini(text string) {
	r := iniReader{
		Inventory: v, group: v.groups[groupUngrouped], state: "hosts",
		section: regexp.MustCompile(`^\[([^:\]\s]+)(?::(\w+))?\]\s*(?:#.*)?$`),
		child:   regexp.MustCompile(`^([^:\]\s]+)\s*(?:#.*)?$`),
	}
	for i, line := range lines(text) {
		trimmed := strings.TrimSpace(line)
		if trimmed == "" || trimmed[0] == '#' || trimmed[0] == ';' {
			continue
		}
		lead := len(line) - len(strings.TrimLeft(line, " \t"))
		r.line(trimmed, place{i + 1, lead + 1})
		if r.stop {
			return
		}
	}
	for _, p := range r.pending {
		if !p.group.declared {
			v.add(p.at, "declare it: ["+shorten(p.group.name)+"]", "%s %q, which is no group of the inventory", p.what,
				shorten(p.group.name))
		}
	}
}

func (r *iniReader) line(line string, at place) {
	if m := r.section.FindStringSubmatch(line); m != nil {
		r.begin(m[1], m[2], at)
		return
	}
	if line[0] == '[' && line[len(line)-1] == ']' {
		r.add(at, "write [group], [group:children] or [group:vars], without space", "this is no section")
		return
	}
	switch r.state {
	case "hosts":
		r.hostLine(line, at)
	case "children":
		m := r.child.FindStringSubmatch(line)
		if m == nil {
			r.add(at, "write one group a line", "want a group's name")
			return
		}
		to := r.Inventory.group(m[1], at)
		r.group.child(to, at)
		r.pending = append(r.pending, pending{to, at, "children:"})
	case "vars":
		name, text, found := strings.Cut(line, "=")
		if !found {
			r.add(at, "write name=value", "want a variable")
			return
		}
		r.variable(&r.group.vars, strings.TrimSpace(name), strings.TrimSpace(text), at)
	}
}

// begin begins a section.
func (r *iniReader) begin(name, state string, at place) {
	if state == "" {
		state = "hosts"
	}
	r.group, r.state = r.Inventory.group(name, at), state
	switch state {
	case "hosts", "children":
		r.group.declared = true
	case "vars":
		r.pending = append(r.pending, pending{r.group, at, "variables of"})
	default:
		r.state = "none"
		r.add(at, "known: children, vars", "unknown kind of section %q", shorten(state))
	}
}

// variable sets one, unless it is none that is of use here.
func (r *iniReader) variable(to *map[string]value, name, text string, at place) {
	if !kept(name) {
		return
	}
	if *to == nil {
		*to = map[string]value{}
	}
	(*to)[name] = r.literal(name, text, at)
}

func (r *iniReader) hostLine(line string, at place) {
	words, column, open := split(line)
	if open != "" {
		r.add(place{at.line, at.column + column - 1}, "close it, or put a backslash before it", "%s", open)
		return
	}
	if len(words) == 0 {
		return
	}
	var vars map[string]value
	for _, w := range words[1:] {
		name, text, found := strings.Cut(w.text, "=")
		if !found {
			r.add(place{at.line, at.column + w.column - 1}, "a host's variables are written name=value, with quotes round space",
				"want a variable")
			continue
		}
		r.variable(&vars, name, text, at)
	}
	r.hosts(words[0].text, at, vars)
}

// hosts are those that a pattern stands for.
func (r *iniReader) hosts(pattern string, at place, vars map[string]value) {
	if strings.Contains(pattern, "=") { // a secret, perhaps
		r.add(at, "put variables of a group below ["+shorten(r.group.name)+":vars]", "a variable where a host is wanted")
		return
	}
	r.pattern(pattern, at, r.group, vars)
}

// pattern puts the hosts that a pattern stands for into a group.
func (v *Inventory) pattern(pattern string, at place, g *group, vars map[string]value) {
	names, err := expand(pattern)
	switch {
	case err != nil:
		v.add(at, "", "host %q: %v", shorten(pattern), err)
	case strings.HasSuffix(pattern, ":") || !utf8.ValidString(pattern) || pattern == "":
		v.add(at, "", "want a host's name, got %q", shorten(pattern))
	}
	for _, name := range names {
		if v.host(name, at, g, vars); v.stop {
			return
		}
	}
}

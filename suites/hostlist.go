package suites

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"postpatch/suites/inventory"
)

// HostList is an entry of a suite's hosts that stands for many: the list is kept
// elsewhere, so that a host can vanish from it while the suite stays as it is.
type HostList struct {
	Name   string   // the file as the suite names it, or the directory's URL
	File   string   // of the suite
	Line   int      // of the entry
	Except []string // globs of hosts that the suite leaves out
	// Asked is false of a directory that nobody has asked: its hosts are not known.
	Asked bool
}

// Place is where the suite names the list.
func (l HostList) Place() string { return fmt.Sprintf("%s:%d", l.File, l.Line) }

// Excepts reports whether the list leaves a host out on purpose.
func (l HostList) Excepts(host string) bool {
	return slices.ContainsFunc(l.Except, func(pattern string) bool { return Glob(pattern, host) })
}

// maxGiven bounds what a list's entry gives its hosts, all together.
const maxGiven = 5_000_000

// listKinds are the keys that make a list of an entry.
func listKinds() []string { return []string{"file", "csv", "ansible", "ldap"} }

// listEntry is a list as the suite writes it.
type listEntry struct {
	HostList
	what    string
	node    *yaml.Node // what names the list
	tags    []string
	vars    map[string]string
	address *template // of each host, over what the list says
	search  *inventory.Search
}

// listed is what a host of a list has beside what others have.
type listed struct {
	reader       // of the list
	list         *listEntry
	address      string
	line, column int
	unread       map[string]string // variables without a value that could be known
}

func (h listed) place() string { return fmt.Sprintf("%s:%d", h.file, h.line) }

// isHostList reports an entry that stands for many hosts.
func isHostList(n *yaml.Node) bool {
	if n.Kind != yaml.MappingNode {
		return false
	}
	for i := 0; i < len(n.Content); i += 2 {
		if slices.Contains(listKinds(), resolve(n.Content[i]).Value) {
			return true
		}
	}
	return false
}

// hostList reads an entry and takes its hosts in; those of a directory once all
// files are read.
func (s *suiteEntries) hostList(n *yaml.Node, what string) {
	o, ok := s.object(n, what)
	if !ok {
		return
	}
	var kinds []entry
	for _, e := range o.entries {
		if slices.Contains(listKinds(), e.name()) {
			kinds = append(kinds, e)
		}
	}
	if len(kinds) != 1 {
		s.hintf(kinds[1].key, "write an entry for each", "%s: %q and %q in one entry", what, kinds[0].name(), kinds[1].name())
		return
	}
	kind := kinds[0]
	own := map[string][]string{
		"file": {"address"}, "csv": {"name", "address", "delimiter", "where"}, "ansible": {"address", "group"},
		"ldap": {"address", "base", "filter", "seen", "disabled"},
	}
	s.known(o, what, append(own[kind.name()], kind.name(), "tags", "vars", "except")...)
	name, ok := s.text(kind.value, what+"."+kind.name())
	if !ok || !s.plain(kind.value, what+"."+kind.name()) {
		return
	}
	l := &listEntry{what: what + "." + kind.name(), node: kind.value}
	l.Name, l.File, l.Line, l.Asked = name, s.file, kind.value.Line, true
	s.common(l, o, kind.name() == "csv")
	s.lists = append(s.lists, l)
	switch kind.name() {
	case "file":
		s.nameList(l)
	case "csv":
		s.tableList(l, o)
	case "ansible":
		s.ansibleList(l, o)
	case "ldap":
		s.directoryList(l, o)
	}
}

// common reads what every list can have. In a table's entry a text names a column.
func (s *suiteEntries) common(l *listEntry, o object, columns bool) {
	if e, found := o.get("tags"); found && (!columns || e.value.Kind == yaml.SequenceNode) {
		l.tags = s.tags(e.value, l.what+": tags")
	}
	if e, found := o.get("vars"); found && (!columns || e.value.Kind == yaml.MappingNode) {
		l.vars = s.reader.vars(e.value, l.what+": vars")
	}
	if e, found := o.get("address"); found && !columns {
		if _, ok := s.text(e.value, l.what+": address"); ok {
			l.address, _ = s.template(e.value)
		}
	}
	if e, found := o.get("except"); found {
		for _, n := range s.texts(e.value, l.what+": except") {
			l.Except = append(l.Except, n.Value)
		}
	}
}

func (s *suiteEntries) tags(n *yaml.Node, what string) []string {
	var tags []string
	for _, tag := range s.texts(n, what) {
		if !isName(tag.Value) {
			s.errorf(tag, "%s: want letters, digits, '.', '_' and '-', got %q", what, shorten(tag.Value, 80))
		}
		tags = append(tags, tag.Value)
	}
	return tags
}

// takeIn makes hosts of the suite of those of a list; in is where problems of the
// list itself are.
func (s *suiteEntries) takeIn(l *listEntry, in reader, hosts []inventory.Host) {
	if len(hosts)*(len(l.vars)+len(s.vars)+len(l.tags)) > maxGiven {
		s.errorf(l.node, "%s: the list's hosts and their vars and tags come to more than %d", l.what, maxGiven)
		return
	}
	before := len(in.found.list)
	first := map[string]int{} // a host's line
	some := false
	for _, h := range hosts {
		if l.Excepts(h.Name) {
			continue
		}
		some = true
		if !in.sound(l, h) {
			continue
		}
		key := strings.ToLower(h.Name)
		if line, twice := first[key]; twice {
			in.at(h.Line, h.Column, "leave one of them out",
				fmt.Sprintf("host %q is there twice, first in line %d", h.Name, line))
			continue
		}
		first[key] = h.Line
		s.join(s.entryOf(l, in, h))
	}
	if !some && len(in.found.list) == before {
		s.errorf(l.node, "%s: no host is in it, or none is left of it", l.what)
	}
}

// sound reports a host that none can be called so, or has no such address.
func (r reader) sound(l *listEntry, h inventory.Host) bool {
	switch {
	case !isName(h.Name):
		r.at(h.Line, h.Column, "a name is of letters, digits, '.', '_' and '-'",
			fmt.Sprintf("want a host name, got %q", shorten(h.Name, 80)))
	case l.address == nil && h.Address != "" && !isAddress(h.Address):
		r.at(h.Line, h.Column, "", fmt.Sprintf("host %q: want a name or an IP address without a port, got %q",
			h.Name, shorten(h.Address, 80)))
	case l.address == nil && h.Unread["ansible_host"] != "":
		r.at(h.Line, h.Column, `give the entry in the suite an address of its own, like address: "{{ host.name }}"`,
			fmt.Sprintf("host %q: its ansible_host is %s", h.Name, h.Unread["ansible_host"]))
	default:
		return true
	}
	return false
}

func (s *suiteEntries) entryOf(l *listEntry, in reader, h inventory.Host) hostEntry {
	e := hostEntry{node: l.node, name: h.Name, address: l.address, tags: slices.Concat(l.tags, h.Groups)}
	e.listed = &listed{reader: in, list: l, address: h.Address, line: h.Line, column: h.Column, unread: h.Unread}
	if len(h.Vars) > 0 || len(l.vars) > 0 {
		e.own = make(map[string]string, len(h.Vars)+len(l.vars))
		maps.Copy(e.own, l.vars)
		maps.Copy(e.own, h.Vars)
	}
	s.complete(&e)
	return e
}

// complete remembers why a host's variables have no value that the list gives in a way
// that cannot be read: that of the suite would be another's.
func (s *suiteEntries) complete(e *hostEntry) {
	if e.listed == nil {
		return
	}
	for name, why := range e.listed.unread {
		s.unread(name, fmt.Sprintf("at %s it is %s: give it a value in the vars: of the list's entry",
			e.listed.place(), why))
	}
}

// given is a variable's value on the host: its own, or one of these, unless its list has
// it in a way that cannot be read.
func (h *hostEntry) given(name string, among map[string]string) (string, bool) {
	if value, set := h.own[name]; set {
		return value, true
	}
	if h.listed != nil {
		if _, unread := h.listed.unread[name]; unread {
			return "", false
		}
	}
	value, set := among[name]
	return value, set
}

// unread remembers why a variable has no value.
func (s *suiteEntries) unread(name, why string) {
	if s.whyUnset == nil {
		s.whyUnset = map[string]string{}
	}
	if _, known := s.whyUnset[name]; !known {
		s.whyUnset[name] = why
	}
}

// join takes a host in. One that is in the suite already is one host: it has the
// tags of both, and what is said of it first stands.
func (s *suiteEntries) join(e hostEntry) {
	if s.byName == nil {
		s.byName = map[string]int{}
		for i, h := range s.hosts {
			s.byName[strings.ToLower(h.name)] = i
		}
	}
	key := strings.ToLower(e.name)
	i, twice := s.byName[key]
	if !twice {
		s.byName[key] = len(s.hosts)
		s.hosts = append(s.hosts, e)
		return
	}
	h := &s.hosts[i]
	unread := maps.Clone(e.listed.unread)
	maps.DeleteFunc(unread, func(name, _ string) bool { return h.own[name] != "" })
	h.tags = slices.Concat(h.tags, e.tags)
	own := maps.Clone(e.own)
	if own == nil {
		own = map[string]string{}
	}
	maps.Copy(own, h.own)
	h.own = own
	switch {
	case h.listed == nil:
		h.listed = e.listed
	case h.listed.address == "" || h.address != nil:
		h.listed.address = e.listed.address
	case h.address == nil && e.address == nil && e.listed.address != "" &&
		!strings.EqualFold(h.listed.address, e.listed.address):
		e.listed.at(e.listed.line, e.listed.column, "", fmt.Sprintf("host %q has the address %q here and %q at %s",
			e.name, e.listed.address, h.listed.address, h.listed.place()))
	}
	if h.address == nil {
		h.address = e.address
	}
	if len(unread) > 0 {
		maps.Copy(unread, h.listed.unread)
		h.listed.unread = unread
	}
	s.complete(h)
}

// listedAddress gives a host the address that its list has.
func (l *loader) listedAddress(h *hostEntry) {
	switch at := h.listed; {
	case at == nil || at.address == "":
	case h.shared.place != "" && !strings.EqualFold(h.shared.Address, at.address):
		at.at(at.line, at.column, "", fmt.Sprintf("host %q has the address %q here and %q at %s",
			h.name, at.address, h.shared.Address, h.shared.place))
	case h.shared.place == "":
		h.shared.Address, h.shared.place = at.address, at.place()
	}
}

// withoutCheck reports hosts that no check is for: each of the suite's own, and those of a
// list together.
func (s *suiteEntries) withoutCheck(seen map[*hostEntry]bool) {
	of := map[*listEntry][]string{}
	for i := range s.hosts {
		switch h := &s.hosts[i]; {
		case seen[h]:
		case h.listed != nil:
			of[h.listed.list] = append(of[h.listed.list], h.name)
		default:
			s.hintf(h.node, "leave the host out, or choose it by the hosts: of a check", "host %q has no check", h.name)
		}
	}
	for l, names := range of {
		noun := "hosts have"
		if len(names) == 1 {
			noun = "host has"
		}
		s.hintf(l.node, "take fewer of the list, by except: or its own filter, or choose them by the hosts: of a check",
			"%s: %d %s no check: %s", l.what, len(names), noun, few(names))
	}
}

// beneath is a path of the list as problems name it.
func (s *suiteEntries) beneath(name string) string {
	return filepath.Join(filepath.Dir(s.file), filepath.FromSlash(name))
}

package suites

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"postpatch/suites/inventory"
)

// listText reads a list's file as text; in is where its problems are. No name and no link
// leads out of the suite's folder, and nothing but a file is opened.
func (s *suiteEntries) listText(l *listEntry, most int64) (text string, in reader, ok bool) {
	in = reader{file: s.beneath(l.Name), found: s.found}
	wrong := func(hint, format string, args ...any) (string, reader, bool) {
		s.hintf(l.node, hint, "%s: %s", l.what, fmt.Sprintf(format, args...))
		return "", in, false
	}
	if !filepath.IsLocal(l.Name) {
		return wrong("copy it beside the suite, or the suite up to where both are below",
			"want a file of the suite's folder or below it, got %q", shorten(l.Name, 80))
	}
	data, err := readBeneath(filepath.Dir(s.file), l.Name, most)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return wrong("", "%q is not in the suite's folder", l.Name)
	case err != nil:
		if at, is := errors.AsType[*fs.PathError](err); is {
			err = at.Err
		}
		return wrong("", "%q cannot be read: %v", l.Name, err)
	}
	// What is printed of a file is printed as UTF-8.
	in.secret = len(data) > 1 && (data[0] == 0xFE || data[0] == 0xFF)
	text, bad := inventory.Decode(data)
	if bad != nil {
		in.at(bad.Line, bad.Column, bad.Hint, bad.Msg)
		return "", in, false
	}
	return text, in, true
}

// readBeneath reads a file below a folder, and no more of it than it may have.
func readBeneath(folder, name string, most int64) ([]byte, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }()
	if info, err := root.Stat(name); err != nil { // to open a pipe is to wait for its other end
		return nil, err
	} else if !info.Mode().IsRegular() {
		return nil, errors.New("it is no file")
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(data)) > most {
		return nil, fmt.Errorf("it is larger than %d MiB", most>>20)
	}
	return data, err
}

// tell reports what is wrong in a list.
func (r reader) tell(problems []inventory.Problem) (none bool) {
	for _, p := range problems {
		r.at(p.Line, p.Column, p.Hint, p.Msg)
	}
	return len(problems) == 0
}

// nameList reads {file: …}.
func (s *suiteEntries) nameList(l *listEntry) {
	text, in, ok := s.listText(l, inventory.MaxBytes)
	if !ok {
		return
	}
	if hosts, problems := inventory.Names(text); in.tell(problems) {
		s.takeIn(l, in, hosts)
	}
}

// ansibleList reads {ansible: …}.
func (s *suiteEntries) ansibleList(l *listEntry, o object) {
	text, in, ok := s.listText(l, inventory.MaxInventory)
	in.secret = true // passwords stand in inventories
	if !ok {
		return
	}
	inv, problems := inventory.ReadAnsible(text)
	if !in.tell(problems) {
		return
	}
	var wanted []*yaml.Node
	if e, found := o.get("group"); found {
		if wanted = s.texts(e.value, l.what+": group"); len(wanted) == 0 {
			return
		}
	}
	chosen := func(group string) bool {
		return len(wanted) == 0 || slices.ContainsFunc(wanted, func(n *yaml.Node) bool { return Glob(n.Value, group) })
	}
	for _, n := range wanted {
		if !slices.ContainsFunc(inv.Groups(), func(group string) bool { return Glob(n.Value, group) }) {
			s.hintf(n, suggest(n.Value, inv.Groups()), "%s: group: %q is no group of the inventory",
				l.what, shorten(n.Value, 80))
			return
		}
	}
	if hosts, problems := inv.Hosts(chosen); in.tell(problems) {
		s.takeIn(l, in, hosts)
	}
}

// delimiter reads what stands between a table's columns; 0 where it is to be found.
func (s *suiteEntries) delimiter(l *listEntry, o object) (rune, bool) {
	e, found := o.get("delimiter")
	if !found {
		return 0, true
	}
	switch e.value.Value {
	case ",", ";":
		return rune(e.value.Value[0]), true
	case "tab", "\t":
		return '\t', true
	default:
		s.errorf(e.value, `%s: delimiter: want ",", ";" or tab, got %s`, l.what, s.describe(e.value))
		return 0, false
	}
}

// tableList reads {csv: …}.
func (s *suiteEntries) tableList(l *listEntry, o object) {
	delimiter, good := s.delimiter(l, o)
	text, in, ok := s.listText(l, inventory.MaxBytes)
	if !ok || !good {
		return
	}
	wanted := "name"
	if e, found := o.get("name"); found {
		wanted, _ = s.text(e.value, l.what+": name")
	}
	t, problems := inventory.ReadTable(text, delimiter, wanted)
	if t != nil && slices.ContainsFunc(t.Header, inventory.NamesSecret) {
		in.secret = true
	}
	if !in.tell(problems) {
		return
	}
	c, ok := tableReader{s, l, t}.columns(o, wanted)
	if !ok {
		return
	}
	if hosts, problems := t.Hosts(c); in.tell(problems) {
		s.takeIn(l, in, hosts)
	}
}

// tableReader finds a table's columns by what the suite calls them.
type tableReader struct {
	*suiteEntries
	list  *listEntry
	table *inventory.Table
}

func (r tableReader) columns(o object, wanted string) (c inventory.Columns, ok bool) {
	c = inventory.Columns{Name: -1, Address: -1, Tags: -1, Vars: map[string]int{}}
	ok = true
	for name, to := range map[string]*int{"name": &c.Name, "address": &c.Address, "tags": &c.Tags} {
		if e, found := o.get(name); found && e.value.Kind != yaml.SequenceNode {
			*to = r.column(e.value, name)
			ok = ok && *to >= 0
		}
	}
	if _, given := o.get("name"); !given {
		if c.Name = r.find(wanted); c.Name < 0 {
			r.hintf(r.list.node, "say which it is: name: "+r.likely(), "%s: the table has no column %q", r.list.what, wanted)
			ok = false
		}
	}
	if e, found := o.get("vars"); found && e.value.Kind != yaml.MappingNode {
		ok = r.vars(c.Vars, e.value, []int{c.Name, c.Address, c.Tags}) && ok
	}
	if e, found := o.get("where"); found {
		c.Where, found = r.where(e.value)
		ok = ok && found
	}
	return c, ok
}

// likely is a column that is likely to hold names.
func (r tableReader) likely() string {
	for _, name := range []string{"hostname", "server", "computer", "computername", "host", "dnshostname", "fqdn"} {
		if i := r.find(name); i >= 0 {
			return r.table.Header[i]
		}
	}
	return shorten(r.table.Header[0], 80)
}

func (r tableReader) find(name string) int {
	return slices.IndexFunc(r.table.Header, func(h string) bool { return strings.EqualFold(h, strings.TrimSpace(name)) })
}

// column is the one that a node names; -1 where there is none.
func (r tableReader) column(n *yaml.Node, what string) int {
	name, ok := r.text(n, r.list.what+": "+what)
	if !ok {
		return -1
	}
	i := r.find(name)
	if i < 0 {
		var known []string
		for _, h := range r.table.Header {
			if h != "" {
				known = append(known, shorten(h, 40))
			}
		}
		r.hintf(n, suggest(name, known[:min(len(known), 20)]), "%s: %s: the table has no column %q", r.list.what, what,
			shorten(name, 80))
	}
	return i
}

// where reads which lines are taken: those with one of the values in each column.
func (r tableReader) where(n *yaml.Node) (map[int]func(string) bool, bool) {
	o, ok := r.object(n, r.list.what+": where")
	where := map[int]func(string) bool{}
	for _, e := range o.entries {
		i := r.column(e.key, "where")
		values := r.texts(e.value, r.list.what+": where."+shorten(e.name(), 40))
		if ok = ok && i >= 0 && len(values) > 0; !ok {
			continue
		}
		where[i] = func(cell string) bool {
			return slices.ContainsFunc(values, func(n *yaml.Node) bool { return Glob(n.Value, cell) })
		}
	}
	return where, ok
}

// vars reads which columns are variables: those named, or "*" for all that are
// nothing else.
func (r tableReader) vars(to map[string]int, n *yaml.Node, taken []int) bool {
	if n.Kind == yaml.ScalarNode && n.Value == "*" {
		for i, name := range r.table.Header {
			if !slices.Contains(taken, i) && !inventory.NamesSecret(name) && inventory.IsVariable(variableOf(name)) {
				to[variableOf(name)] = i
			}
		}
		return true
	}
	ok := true
	for _, elem := range r.texts(n, r.list.what+": vars") {
		i := r.column(elem, "vars")
		name := variableOf(elem.Value)
		switch _, twice := to[name]; {
		case i < 0:
			ok = false
		case inventory.NamesSecret(elem.Value):
			ok = false
			r.hintf(elem, ownFileHint, "%s: vars: %q: what a suite reads is shown in reports, so no secret can", r.list.what,
				shorten(elem.Value, 80))
		case twice || !inventory.IsVariable(name):
			ok = false
			r.errorf(elem, "%s: vars: no variable can be made of column %q, or two columns make one", r.list.what,
				shorten(elem.Value, 80))
		default:
			to[name] = i
		}
	}
	return ok
}

// variableOf is the variable's name for a column: what no name can have becomes "_".
func variableOf(column string) string {
	return strings.NewReplacer(".", "_", "-", "_").Replace(inventory.Tag(column))
}

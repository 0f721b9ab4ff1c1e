package inventory

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// link finds what only the whole inventory tells: who is in no group, which
// groups are below which, and circles among them.
func (v *Inventory) link() {
	all, ungrouped := v.groups[groupAll], v.groups[groupUngrouped]
	for _, m := range v.members {
		m.groups = slices.DeleteFunc(m.groups, func(g *group) bool { return g == ungrouped })
		if !slices.ContainsFunc(m.groups, func(g *group) bool { return g != all }) {
			m.groups = append(m.groups, ungrouped)
		}
	}
	for _, g := range v.order {
		if g != all && len(g.parents) == 0 {
			all.child(g, g.at)
		}
	}
	for _, g := range v.order {
		if given, is := g.vars[varPriority]; is {
			n, err := strconv.Atoi(given.text)
			if err != nil {
				v.add(g.at, "", "group %q: %s: want a number", shorten(g.name), varPriority)
			}
			g.priority = n
			delete(g.vars, varPriority)
		}
	}
	if v.circles(); len(v.list) == 0 {
		v.depths()
	}
}

// circles reports groups that are their own children, at the line that closes
// the circle.
func (v *Inventory) circles() {
	const (
		open   = 1
		closed = 2
	)
	type step struct {
		g    *group
		next int
	}
	state := make([]int, len(v.order))
	for _, start := range v.order {
		if state[start.number] != 0 {
			continue
		}
		state[start.number] = open
		for way := []step{{start, 0}}; len(way) > 0; {
			last := &way[len(way)-1]
			if last.next == len(last.g.children) {
				state[last.g.number] = closed
				way = way[:len(way)-1]
				continue
			}
			e := last.g.children[last.next]
			last.next++
			switch state[e.to.number] {
			case 0:
				state[e.to.number] = open
				way = append(way, step{e.to, 0})
			case open:
				var names []string
				from := slices.IndexFunc(way, func(s step) bool { return s.g == e.to })
				for _, s := range way[from:] {
					names = append(names, s.g.name)
				}
				if len(names) > 5 {
					names = append(names[:4], "…", names[len(names)-1])
				}
				v.add(e.at, "a group cannot be a child of its own", "groups in a circle: %s",
					shorten(strings.Join(append(names, e.to.name), " > ")))
			}
		}
	}
}

// depths says how far each group is below all.
func (v *Inventory) depths() {
	waits := make([]int, len(v.order)) // for so many parents
	var ready []*group
	for _, g := range v.order {
		if waits[g.number] = len(g.parents); waits[g.number] == 0 {
			ready = append(ready, g)
		}
	}
	for len(ready) > 0 {
		g := ready[len(ready)-1]
		ready = ready[:len(ready)-1]
		for _, e := range g.children {
			e.to.depth = max(e.to.depth, g.depth+1)
			if waits[e.to.number]--; waits[e.to.number] == 0 {
				ready = append(ready, e.to)
			}
		}
	}
}

// Groups are the names of all groups, sorted.
func (v *Inventory) Groups() []string { return slices.Sorted(maps.Keys(v.groups)) }

// Hosts are those in one of the chosen groups, directly or not, in the file's
// order. Each has the variables that Ansible gives it: its own over those of its
// groups, and of these the deeper ones' over those above.
func (v *Inventory) Hosts(chosen func(group string) bool) ([]Host, []Problem) {
	v.list, v.spent = nil, 0
	common := map[string]*setting{}
	picked := make([]bool, len(v.order))
	for _, g := range v.order {
		picked[g.number] = chosen(g.name)
	}
	var hosts []Host
	for _, m := range v.members {
		key := keyOf(m.groups)
		s := common[key]
		if s == nil {
			s = v.setting(m.groups)
			common[key] = s
		}
		if !slices.ContainsFunc(s.groups, func(g *group) bool { return picked[g.number] }) {
			continue
		}
		own := s
		if len(m.vars) > 0 {
			own = s.with(m.vars)
		}
		v.spent += len(own.vars) + len(own.unread) + len(s.tags)
		h := Host{Name: m.name, Address: own.address, Groups: s.tags, Vars: own.vars, Unread: own.unread}
		h.Line, h.Column = m.at.line, m.at.column
		hosts = append(hosts, h)
		if v.spent > maxGiven {
			v.add(m.at, "choose a smaller inventory",
				"all hosts together have more than %d groups and variables", maxGiven)
			return nil, v.list
		}
	}
	return hosts, nil
}

func keyOf(groups []*group) string {
	numbers := make([]int, 0, len(groups))
	for _, g := range groups {
		numbers = append(numbers, g.number)
	}
	slices.Sort(numbers)
	var b strings.Builder
	for _, n := range slices.Compact(numbers) {
		b.WriteString(strconv.Itoa(n))
		b.WriteByte(' ')
	}
	return b.String()
}

// setting is what hosts in the same groups have in common.
type setting struct {
	groups  []*group // with those above, the weakest first
	tags    []string
	address string
	vars    map[string]string
	unread  map[string]string
}

// setting is that of some groups and all that are above them.
func (v *Inventory) setting(direct []*group) *setting {
	s := &setting{}
	seen := map[*group]bool{}
	for left := slices.Clone(direct); len(left) > 0 && v.spent <= maxGiven; {
		g := left[len(left)-1]
		left = left[:len(left)-1]
		if seen[g] {
			continue
		}
		seen[g] = true
		v.spent += 1 + len(g.parents)
		s.groups = append(s.groups, g)
		left = slices.AppendSeq(left, maps.Keys(g.parents))
	}
	slices.SortFunc(s.groups, func(a, b *group) int {
		return cmp.Or(a.depth-b.depth, cmp.Compare(a.priority, b.priority), cmp.Compare(a.name, b.name))
	})
	for _, g := range s.groups {
		if v.spent += len(g.vars); v.spent > maxGiven {
			break
		}
		s.set(g.vars)
		if tag := Tag(g.name); g.name != groupAll && g.name != groupUngrouped && tag != "" {
			s.tags = append(s.tags, tag)
		}
	}
	slices.Sort(s.tags)
	s.tags = slices.Compact(s.tags)
	return s
}

// set puts variables over those that are there. One whose value is not known
// hides the one below: what that says does not hold.
func (s *setting) set(vars map[string]value) {
	for name, value := range vars {
		if name == varHost {
			s.address = value.text
		}
		delete(s.vars, name)
		delete(s.unread, name)
		switch {
		case value.unread != "":
			if s.unread == nil {
				s.unread = map[string]string{}
			}
			s.unread[name] = value.unread
		case name != varHost && name != varPriority:
			if s.vars == nil {
				s.vars = map[string]string{}
			}
			s.vars[name] = value.text
		}
	}
}

// with is the setting with a host's own variables over it.
func (s *setting) with(vars map[string]value) *setting {
	own := &setting{address: s.address, vars: maps.Clone(s.vars), unread: maps.Clone(s.unread)}
	own.set(vars)
	return own
}

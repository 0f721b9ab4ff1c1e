package suites

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Against tells what the plan names, and the suites do not have; and where its waves do
// not fit them.
func (p *Plan) Against(set *Set) []Problem {
	if len(set.Unasked()) > 0 { // which hosts there are is not known
		return nil
	}
	a := against{reader: reader{file: p.File, found: &problems{}}, plan: p, chosen: p.Of(set.Hosts)}
	every := world{set.Hosts, "the suites"}
	a.chooses(choice{hosts: p.said.hosts}, "", every)
	all := world{a.chosen, "the suites"}
	if len(a.chosen) < len(set.Hosts) {
		all.name = "the plan's hosts"
	}
	for _, m := range p.Must {
		a.change(m.said, m.Pattern, "must_change", all)
	}
	for _, m := range p.May {
		a.change(m.said, m.Pattern, "may_change", all)
	}
	for _, d := range p.Drift {
		if d.Pattern != (Pattern{}) {
			a.change(d.said, d.Pattern, "drift", all)
		}
	}
	for _, w := range p.Waivers {
		said := w.said
		if isPrecheckKind(w.Pattern.Kind) {
			said.what = nil // a precheck looks at it, whether the suites do or not
		}
		a.chooses(said, w.Pattern.Kind, every)
	}
	a.waves(all)
	a.roles(all)
	return a.found.sorted()
}

// Of are the hosts that the plan is for.
func (p *Plan) Of(hosts []Host) []Host {
	var chosen []Host
	for _, h := range hosts {
		if h.Chosen(p.Hosts) {
			chosen = append(chosen, h)
		}
	}
	return chosen
}

// Waved puts hosts into the plan's waves, by their order in the plan; of those that are
// in none are the left. A host that two waves choose is in the first.
func (p *Plan) Waved(hosts []Host) (waves [][]Host, left []Host) {
	waves = make([][]Host, len(p.Waves))
	for _, h := range hosts {
		i := slices.IndexFunc(p.Waves, func(w Wave) bool { return h.Chosen(w.Hosts) })
		if i < 0 {
			left = append(left, h)
			continue
		}
		waves[i] = append(waves[i], h)
	}
	return waves, left
}

// against is a plan while it is held against the suites.
type against struct {
	reader
	plan   *Plan
	chosen []Host // that the plan is for
}

// change reports a change of a kind that no host which it is for has a check of: what
// nobody looks at can neither come nor be allowed.
func (a against) change(c choice, p Pattern, what string, of world) {
	a.chooses(choice{hosts: c.hosts}, "", of)
	if c.what == nil {
		return
	}
	kinds, chosen := map[string]bool{}, false
	for _, h := range of.hosts {
		if h.Chosen(values(c.hosts)) {
			chosen = true
			h.kinds(kinds)
		}
	}
	if !chosen || kinds[p.Kind] {
		return
	}
	hint := "add a check of kind " + p.Kind + ", or leave this out"
	if len(c.hosts) > 0 {
		of.name = "these hosts"
	}
	a.hintf(c.what, hint, "%s: no check of %s is of kind %q", what, of.name, p.Kind)
}

// kinds adds those of the host's checks.
func (h Host) kinds(to map[string]bool) {
	for _, c := range h.Checks {
		to[c.Kind.Name] = true
	}
}

// waves reports selectors that choose nobody, hosts of two waves, and a quorum that a
// wave cannot have. A host in no wave is a problem where the plan has said, by hosts:,
// whom the patch is for: nobody would ever verify it. Otherwise suites may have hosts
// that are patched at another time, and `postpatch plan` tells of these.
func (a against) waves(of world) {
	if len(a.plan.Waves) == 0 {
		return
	}
	counts := make([]int, len(a.plan.Waves))
	doubles := map[[2]int][]string{}
	var without []string
	for _, h := range of.hosts {
		first := -1
		for i, w := range a.plan.Waves {
			if len(w.Hosts) == 0 || !h.Chosen(w.Hosts) {
				continue
			}
			counts[i]++
			if first >= 0 {
				doubles[[2]int{first, i}] = append(doubles[[2]int{first, i}], h.Name)
			} else {
				first = i
			}
		}
		if first < 0 {
			without = append(without, h.Name)
		}
	}
	for i, w := range a.plan.Waves {
		a.chooses(choice{hosts: w.said.hosts}, "", of)
		if q := w.Gate.Quorum; w.said.quorum != nil && !q.Percent && int(q.N) > counts[i] {
			a.errorf(w.said.quorum, "quorum: %s hosts are wanted of wave %s, and it has %d", q, w.Name, counts[i])
		}
	}
	for pair, names := range doubles {
		w := a.plan.Waves[pair[1]]
		a.hintf(w.said.hosts[0], "a host is patched once: choose it in one of them", "waves: %s is in %s and in %s",
			few(names), a.plan.Waves[pair[0]].Name, w.Name)
	}
	if len(without) > 0 && len(a.plan.said.hosts) > 0 {
		a.hintf(a.plan.said.hosts[0], `add a wave: {name: rest, hosts: …}, or leave the host out here`,
			"hosts: in no wave: %s", few(without))
	}
}

// roles reports times of roles that no check waits for, and of tags that no host has.
func (a against) roles(of world) {
	settles, tags := map[string]bool{}, map[string]bool{}
	for _, h := range of.hosts {
		for _, c := range h.Checks {
			settles[c.Kind.Settles] = true
		}
		for _, tag := range h.Tags {
			tags[tag] = true
		}
	}
	for role, n := range a.plan.said.roles {
		if tag, isTag := strings.CutPrefix(role, forTags); isTag {
			if !tags[tag] {
				a.hintf(n, suggest(tag, keys(tags)), "settle: no host of %s has the tag %q", of.name, shorten(tag, 80))
			}
		} else if !settles[role] {
			a.hintf(n, "leave it out, or add a check whose kind has that role (postpatch explain plan)",
				"settle: no check of %s waits for the role %q", of.name, role)
		}
	}
}

// few names some of many.
func few(names []string) string {
	const most = 5
	text := strings.Join(names[:min(most, len(names))], ", ")
	if more := len(names) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// Roles are those whose times to settle the host's checks have, sorted.
func (h Host) Roles() []string {
	roles := map[string]bool{}
	for _, c := range h.Checks {
		if c.Kind.Settles != "" {
			roles[c.Kind.Settles] = true
		}
	}
	return slices.Sorted(maps.Keys(roles))
}

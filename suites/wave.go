package suites

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"postpatch/probes/fact"
)

// maxWaves bounds what a hostile plan could have compared with every host.
const maxWaves = 100

// DefaultGate is what is asked of a wave where no plan says otherwise: every host is
// known, and none is worse than before.
func DefaultGate() Gate { return Gate{Quorum: Share{N: 100, Percent: true}} }

// waveSaid is where a wave says what is held against the others and the suites.
type waveSaid struct {
	name, quorum *yaml.Node // nil where it is not said
	hosts, after []*yaml.Node
}

// selectors reads by what hosts are chosen.
func (r reader) selectors(n *yaml.Node, what string) []*yaml.Node {
	var good []*yaml.Node
	for _, e := range r.texts(n, what) {
		if strings.TrimSpace(strings.TrimPrefix(e.Value, forTags)) == "" {
			r.hintf(e, "write tag:NAME", "%s: the tag has no name", what)
			continue
		}
		good = append(good, e)
	}
	return good
}

func (r reader) waves(n *yaml.Node, gate Gate) []Wave {
	elems, ok := r.list(n, "waves")
	switch {
	case ok && len(elems) == 0:
		r.hintf(n, `leave it out, or write: waves: [{name: pilot, hosts: "tag:pilot"}]`, "waves: the list is empty")
	case len(elems) > maxWaves:
		r.hintf(elems[maxWaves], "put hosts that are patched together into one wave", "waves: more than %d", maxWaves)
		return nil
	}
	var all []Wave
	first := map[string]*yaml.Node{}
	for i, e := range elems {
		what := fmt.Sprintf("waves[%d]", i)
		o, ok := r.object(e, what)
		if !ok {
			continue
		}
		w := r.wave(o, what, gate)
		name := strings.ToLower(w.Name)
		switch earlier := first[name]; {
		case name == "":
		case earlier != nil:
			r.hintf(w.said.name, "rename one of them", "waves: the wave %q is there twice, first at %s",
				w.Name, r.place(earlier))
		default:
			first[name] = w.said.name
		}
		all = append(all, w)
	}
	r.follow(all)
	return all
}

func (r reader) wave(o object, what string, gate Gate) Wave {
	r.known(o, what, "name", "hosts", "after", "quorum", "max_regressed", "max_unknown")
	w := Wave{Line: o.node.Line, Gate: r.gate(o, what, gate)}
	if e, found := o.get("name"); !found {
		r.hintf(o.node, "write {name: pilot, hosts: …}", "%s: the wave has no name", what)
	} else if name, ok := r.text(e.value, what+".name"); ok {
		if w.said.name = e.value; isName(name) {
			w.Name = name
		} else {
			r.errorf(e.value, "%s.name: want letters, digits, '.', '_' and '-', got %q", what, shorten(name, 80))
		}
	}
	if e, found := o.get("hosts"); found {
		w.said.hosts = r.selectors(e.value, what+".hosts")
		w.Hosts = values(w.said.hosts)
	} else {
		r.hintf(o.node, `write hosts: "tag:pilot", or names; "*" for all`, "%s: it names no hosts", what)
	}
	if e, found := o.get("after"); found {
		w.said.after = r.texts(e.value, what+".after")
		w.After = values(w.said.after)
	}
	if e, found := o.get("quorum"); found {
		w.said.quorum = e.value
	}
	return w
}

// follow tells of waves that wait for one that there is not, or for themselves.
func (r reader) follow(all []Wave) {
	at := map[string]int{}
	var names []string
	for i, w := range all {
		if _, twice := at[w.Name]; !twice && w.Name != "" {
			at[w.Name] = i
			names = append(names, w.Name)
		}
	}
	for _, w := range all {
		for _, n := range w.said.after {
			if _, known := at[n.Value]; !known {
				r.hintf(n, suggest(n.Value, names), "after: there is no wave %q", shorten(n.Value, 80))
			}
		}
	}
	done := make([]bool, len(all))
	var path []int
	var visit func(i int)
	visit = func(i int) {
		path = append(path, i)
		for _, n := range all[i].said.after {
			next, known := at[n.Value]
			switch begin := slices.Index(path, next); {
			case !known || done[next]:
			case begin >= 0:
				r.circle(n, all, path[begin:])
			default:
				visit(next)
			}
		}
		path, done[i] = path[:len(path)-1], true
	}
	for i := range all {
		if !done[i] {
			visit(i)
		}
	}
}

// circle tells of waves each of which waits for the next one, at the place where the
// last waits for the first.
func (r reader) circle(n *yaml.Node, all []Wave, path []int) {
	first := all[path[0]].Name
	if len(path) == 1 {
		r.errorf(n, "after: wave %q waits for itself", first)
		return
	}
	var steps []string
	for k, i := range path {
		steps = append(steps, all[i].Name+" for "+all[path[(k+1)%len(path)]].Name)
	}
	r.errorf(n, "after: the waves wait for each other: %s", strings.Join(steps, ", "))
}

func (r reader) planGate(n *yaml.Node) Gate {
	o, ok := r.object(n, "gate")
	if ok && len(o.entries) == 0 {
		r.hintf(n, "leave it out, or write: gate: {quorum: 95%}", "gate: says nothing")
	}
	r.known(o, "gate", "quorum", "max_regressed", "max_unknown")
	return r.gate(o, "gate", DefaultGate())
}

// gate reads what is asked of a wave, over what is asked otherwise. What no wave could
// fail is no gate.
func (r reader) gate(o object, what string, g Gate) Gate {
	for _, f := range []struct {
		key  string
		into *Share
		idle Share
	}{
		{"quorum", &g.Quorum, Share{}},
		{"max_regressed", &g.MaxRegressed, Share{100, true}},
		{"max_unknown", &g.MaxUnknown, Share{100, true}},
	} {
		e, found := o.get(f.key)
		if !found {
			continue
		}
		share, ok := r.share(e.value, what+"."+f.key)
		if ok && share.N == f.idle.N && (share.N == 0 || share.Percent) {
			r.errorf(e.value, "%s.%s: %s asks for nothing, and the gate would let everything pass", what, f.key, share)
		}
		*f.into = share
	}
	return g
}

// share reads a number of hosts or a percentage of them.
func (r reader) share(n *yaml.Node, what string) (Share, bool) {
	const most = 1_000_000 // hosts; nobody has so many
	text, ok := r.text(n, what)
	if !ok {
		return Share{}, false
	}
	number, percent := strings.CutSuffix(strings.TrimSpace(text), "%")
	number = strings.TrimSpace(number)
	share, err := strconv.ParseFloat(number, 64)
	plain := strings.Trim(number, "0123456789.") == "" // no sign, no exponent, no NaN
	switch {
	case err != nil || !plain || !percent && strings.Contains(number, "."):
		r.hintf(n, r.wayOut(number, fact.TypeInt),
			"%s: want a number of hosts like 2, or a percentage like 5%%, got %s", what, r.describe(n))
	case percent && share > 100:
		r.errorf(n, "%s: want at most 100%%, got %s", what, r.describe(n))
	case share > most:
		r.errorf(n, "%s: want at most %d hosts, got %s", what, most, r.describe(n))
	default:
		return Share{share, percent}, true
	}
	return Share{}, false
}

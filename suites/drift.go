package suites

import (
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"

	"postpatch/probes"
	"postpatch/probes/fact"
)

// drifts reads how bad it is when something drifts: one severity for everything, or a
// list of them, by patterns; of a list the last one that fits counts.
func (r reader) drifts(n *yaml.Node, kinds []probes.Kind) []Drift {
	var all []Drift
	for i, e := range r.oneOrMany(n, "drift") {
		if e.Kind != yaml.MappingNode {
			if severity, ok := r.severity(e, "drift"); ok {
				all = append(all, Drift{Severity: severity, said: choice{what: e}})
			}
			continue
		}
		what := fmt.Sprintf("drift[%d]", i)
		if o, ok := r.object(e, what); ok {
			if d, ok := r.driftOf(o, what, kinds); ok {
				all = append(all, d)
			}
		}
	}
	r.outdone(all, kinds)
	return all
}

func (r reader) driftOf(o object, what string, kinds []probes.Kind) (d Drift, ok bool) {
	r.known(o, what, "change", "severity")
	severity, found := o.get("severity")
	if !found {
		r.hintf(o.node, "write severity: fail, warn or note", "%s: it has no severity", what)
	}
	ok = found
	if found {
		d.Severity, ok = r.severity(severity.value, what+".severity")
	}
	change, found := o.get("change")
	if !found {
		r.hintf(o.node, "write what drifts: change: services.*; for everything write the severity alone",
			"%s: it names no change", what)
		return d, false
	}
	d.said.what = change.value
	pattern, _, good := r.pattern(change.value, kinds)
	if strings.Trim(pattern.Item, "*") == "" {
		pattern.Item = "" // every item
	}
	d.Pattern = pattern
	return d, ok && good
}

func (r reader) severity(n *yaml.Node, what string) (string, bool) {
	text, ok := r.text(n, what)
	if !ok {
		return "", false
	}
	severity, err := fact.ParseSeverity(text)
	if err != nil {
		r.errorf(n, "%s: %v", what, err)
	}
	return severity.String(), err == nil
}

// outdone tells of what never counts, since a later one chooses all of it.
func (r reader) outdone(all []Drift, kinds []probes.Kind) {
	const most, longest = 50, 100 // of which the pairs are looked at
	items := map[string]probes.Naming{}
	for _, k := range kinds {
		items[k.Name] = k.Items
	}
	for i, d := range all[:min(most, len(all))] {
		for _, later := range all[i+1 : min(most, len(all))] {
			p, q := later.Pattern, d.Pattern
			same := p.Kind == q.Kind && (p.Reading == "*" || p.Reading == q.Reading) &&
				(p.Item == "" || max(len(p.Item), len(q.Item)) <= longest && p.covers(q, items[p.Kind]))
			if p == (Pattern{}) || q != (Pattern{}) && same {
				r.hintf(d.said.what, "write it below that one: the last one that fits counts",
					"drift: %q says nothing, since that at %s is for all of it", shorten(d.said.what.Value, 80),
					r.place(later.said.what))
				break
			}
		}
	}
}

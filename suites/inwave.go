package suites

import (
	"fmt"
	"slices"
)

// FindWaves finds the plan's waves by their names, in the order of the plan; each comes
// once.
func (p *Plan) FindWaves(names []string) ([]Wave, error) {
	known := make([]string, len(p.Waves))
	for i, w := range p.Waves {
		known[i] = w.Name
	}
	for _, name := range names {
		switch {
		case len(known) == 0:
			return nil, fmt.Errorf("there is no wave %q: plan %s has no waves", name, p.Name)
		case !slices.Contains(known, name):
			return nil, fmt.Errorf("plan %s has no wave %q: %s", p.Name, name, suggest(name, known))
		}
	}
	var found []Wave
	for _, w := range p.Waves {
		if slices.Contains(names, w.Name) {
			found = append(found, w)
		}
	}
	return found, nil
}

// InWave says whether a wave has the host: the plan has to be for it, too.
func (p *Plan) InWave(w Wave, h Host) bool { return h.Chosen(p.Hosts) && h.Chosen(w.Hosts) }

// OfHosts is the plan as it is for some of its hosts: without the changes that it wants
// of a kind which no check of these looks at, though one of the other hosts' does. They
// are for the run that sees those.
func (p *Plan) OfHosts(some, all []Host) *Plan {
	looks := func(hosts []Host, m MustChange) bool {
		return slices.ContainsFunc(hosts, func(h Host) bool {
			return h.Chosen(m.Hosts) &&
				slices.ContainsFunc(h.Checks, func(c *Check) bool { return c.Kind.Name == m.Pattern.Kind })
		})
	}
	own := *p
	own.Must = nil
	for _, m := range p.Must {
		if looks(some, m) || !looks(all, m) {
			own.Must = append(own.Must, m)
		}
	}
	return &own
}

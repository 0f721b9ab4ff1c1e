package runner

import (
	"slices"

	"postpatch/baseline"
	"postpatch/probes/fact"
	"postpatch/suites"
)

// mostRefusals is how often a check is refused in a run until it is asked no more. The
// second time is for what was refused only because the host had just started: a domain
// controller that did not answer yet.
const mostRefusals = 2

// refusals is what is known of the checks that were refused, by which an account could be
// locked: what its readings declare by Refused.
type refusals struct {
	times map[string]int
	now   map[string]bool          // at the last look at it
	seen  map[string]baseline.Host // what that look has shown of a check that is asked no more
}

func newRefusals() refusals {
	return refusals{map[string]int{}, map[string]bool{}, map[string]baseline.Host{}}
}

// asked are those of the checks that may be asked yet.
func (r refusals) asked(checks []*suites.Check) []*suites.Check {
	return slices.DeleteFunc(slices.Clone(checks), func(c *suites.Check) bool { return r.spent(c) })
}

func (r refusals) spent(c *suites.Check) bool { return r.times[c.Key()] >= mostRefusals }

// count takes in what a look at the checks has shown.
func (r refusals) count(checks []*suites.Check, seen baseline.Host) {
	side := newSide(&seen)
	for _, c := range checks {
		key := c.Key()
		r.now[key] = isRefused(c, side.of(key))
		if !r.now[key] {
			continue
		}
		r.times[key]++
		r.seen[key] = partOf(seen, key)
	}
}

func isRefused(c *suites.Check, now values) bool {
	for _, spec := range c.Kind.Readings {
		if len(spec.Refused) == 0 {
			continue
		}
		for at := range now.all() {
			same := func(v fact.Value) bool { return fact.Equal(v, now.at(at)) }
			if at.reading == spec.Name && slices.ContainsFunc(spec.Refused, same) {
				return true
			}
		}
	}
	return false
}

// partOf is what was seen of one check of a host.
func partOf(seen baseline.Host, key string) baseline.Host {
	var part baseline.Host
	for _, c := range seen.Checks {
		if c.Check == key {
			part.Checks = append(part.Checks, c)
		}
	}
	for _, r := range seen.Readings {
		if r.Key.Check == key {
			part.Readings = append(part.Readings, r)
		}
	}
	return part
}

// with is what a look at the checks has shown, with what the last look showed of those
// that are asked no more. Of a host that does not answer it tells nothing.
func (r refusals) with(checks []*suites.Check, seen baseline.Host) baseline.Host {
	out := seen
	out.Checks, out.Readings = slices.Clone(seen.Checks), slices.Clone(seen.Readings)
	for _, c := range checks {
		if !r.spent(c) || slices.ContainsFunc(seen.Checks, func(k baseline.Check) bool { return k.Check == c.Key() }) {
			continue
		}
		last := r.seen[c.Key()]
		for _, k := range last.Checks {
			if seen.Unreachable != "" {
				k.Error = "the host is unreachable: " + seen.Unreachable
			}
			out.Checks = append(out.Checks, k)
		}
		out.Readings = append(out.Readings, last.Readings...)
	}
	out.Sort()
	return out
}

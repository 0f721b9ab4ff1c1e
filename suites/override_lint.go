package suites

import (
	"slices"
	"strings"

	"postpatch/probes"
	"postpatch/probes/fact"
)

// clashes reports overrides of one level that say the same readings twice, and those
// that never have a say: the last word is a later one's, which chooses all their items.
func (s *suiteEntries) clashes(all []written, items func(Pattern) probes.Naming) {
	const most, longest = 50, 100 // of item patterns whose pairs are looked at
	first := map[Pattern]written{}
	var some []written
	for _, w := range all {
		p := w.Pattern
		p.Item = items(p).Key(p.Item)
		if earlier, double := first[p]; double {
			s.hintf(w.key, "leave one of them out", "compare: %q says the same readings as %q at %s",
				w.key.Value, earlier.key.Value, s.place(earlier.key))
			continue
		}
		first[p] = w
		if p.Item != "" && len(some) < most && len(p.Item) <= longest {
			some = append(some, w)
		}
	}
	for i, w := range some {
		n := items(w.Pattern)
		later := slices.IndexFunc(some[i+1:], func(other written) bool { return other.outdoes(w, n) })
		if later >= 0 {
			other := some[i+1+later]
			s.hintf(w.key, "write it below that one: of several item patterns the last one counts",
				"compare: %q says nothing, since %q at %s chooses all its items", w.key.Value, other.key.Value, s.place(other.key))
		}
	}
}

// outdoes says whether all that an earlier override says is said anew.
func (w written) outdoes(earlier written, items probes.Naming) bool {
	p, q := w.Pattern, earlier.Pattern
	return p.Kind == q.Kind && (p.Reading == "*" || p.Reading == q.Reading) && p.covers(q, items) &&
		(w.Rule != nil || earlier.Rule == nil) && (w.Severity != nil || earlier.Severity == nil)
}

// covers reports whether the pattern's item chooses every item that another's does: a
// character that no name has stands for those that the other leaves open, none, one, and
// so many that a ? for each does not do.
func (p Pattern) covers(q Pattern, items probes.Naming) bool {
	if name, exact := strings.CutPrefix(q.Item, exactly); exact {
		return p.matchesKey(items, items.Key(strings.TrimSpace(name)))
	}
	if strings.HasPrefix(p.Item, exactly) {
		return false
	}
	pattern, other := items.Key(p.Item), strings.ReplaceAll(items.Key(q.Item), "?", "\x00")
	for n := range strings.Count(pattern, "?") + 2 {
		if !match(pattern, strings.ReplaceAll(other, "*", strings.Repeat("\x00", n))) {
			return false
		}
	}
	return true
}

// unused reports what a suite says of kinds that it has no check of, and severities
// that no change can have.
func (s *suiteEntries) unused() {
	var kinds []string
	for _, c := range s.checks {
		kinds = append(kinds, c.kind.Name)
	}
	for _, w := range s.compare {
		isOf := func(c *checkEntry) bool { return c.kind.Name == w.Pattern.Kind }
		switch reading := w.Pattern.Reading; {
		case !slices.ContainsFunc(s.checks, isOf):
			if !s.strange && len(kinds) > 0 { // else the kind may be the one that is spelled wrong
				s.hintf(w.key, suggest(w.Pattern.Kind, slices.Compact(slices.Sorted(slices.Values(kinds)))),
					"compare: the suite has no check of kind %s", w.Pattern.Kind)
			}
		case w.isIdle() && !slices.ContainsFunc(s.checks, func(c *checkEntry) bool {
			return isOf(c) && !c.compare.ignores(reading)
		}):
			s.idle(w)
		default:
			s.onlyLocked(w)
		}
	}
}

// isIdle says whether only a severity is given, of one reading.
func (w written) isIdle() bool { return w.Rule == nil && w.Severity != nil && w.Pattern.Reading != "*" }

func (s *suiteEntries) idle(w written) {
	s.hintf(w.key, "write {rule: same, severity: "+w.Severity.String()+"}",
		"compare: %s: the rule is ignore, so no change has the severity", w.what())
}

// ignores says whether no change of a reading is ever told.
func (c Comparisons) ignores(reading string) bool {
	of := c.byName[reading]
	return of.all.Rule.Op == fact.Ignore && !slices.ContainsFunc(of.some, func(o Override) bool {
		return o.Rule != nil && o.Rule.Op != fact.Ignore
	})
}

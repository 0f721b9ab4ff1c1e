package junit

import (
	"slices"

	"postpatch/runner/report"
)

// status is what a case is to a consumer, mildest first.
type status uint8

const (
	passed status = iota
	skipped
	erred
	failed
)

// about says what a case tells of.
type about uint8

const (
	oneCheck      about = iota
	theHost             // that the host as a whole has no verdict
	unchangedOnes       // of a category, folded
	unseenOnes          // of a category, folded, on a host that has no verdict
	category
	allChecks
)

// entry is a case that is to be written.
type entry struct {
	about  about
	status status
	check  *report.Check   // the one, or the worst; nil where there is none
	all    []*report.Check // where it tells of several
	asked  bool            // one of several at least is still asked
}

// group is what is told together.
type group struct {
	suite, kind string
	about       about
}

// sorter makes the cases of one host after another.
type sorter struct {
	Options
	folds   bool
	entries []entry // of this host
	groups  map[group]int
	left    int // checks that the scope leaves out, of this host
}

// sort lists a host's cases. A host that cannot be judged as a whole is one error, and
// what could not be observed of it is skipped: one red, not fifty.
func (s *sorter) sort(h *report.Host) []entry {
	s.entries, s.left = s.entries[:0], 0
	clear(s.groups)
	lost := h.Unreachable != "" || h.Problem != ""
	switch {
	case lost && s.Granularity == ByHost:
		s.group(group{about: allChecks}).status = erred
	case lost:
		s.entries = append(s.entries, entry{about: theHost, status: erred})
	}
	for i := range h.Checks {
		s.add(&h.Checks[i], lost)
	}
	if s.Granularity == ByCategory || s.Granularity == ByHost {
		s.entries = slices.DeleteFunc(s.entries, func(e entry) bool {
			leave := e.about != theHost && s.leaves(e)
			if leave {
				s.left += len(e.all)
			}
			return leave
		})
	}
	return s.entries
}

// add puts a check where it is told.
func (s *sorter) add(c *report.Check, lost bool) {
	st := s.status(c, lost)
	switch {
	case s.Granularity == ByHost:
		s.group(group{about: allChecks}).take(c, st)
	case s.Granularity == ByCategory:
		s.group(group{c.Suite, c.Kind, category}).take(c, st)
	case s.leaves(entry{status: st, check: c}):
		s.left++
	case s.folds && unchanged(c):
		s.group(group{c.Suite, c.Kind, unchangedOnes}).take(c, st)
	case s.folds && lost && c.Outcome == report.Unknown:
		s.group(group{c.Suite, c.Kind, unseenOnes}).take(c, st)
	default:
		s.entries = append(s.entries, entry{status: st, check: c})
	}
}

// group is the case of a group, which is where the first of it stands.
func (s *sorter) group(g group) *entry {
	i, known := s.groups[g]
	if !known {
		i = len(s.entries)
		if s.groups == nil {
			s.groups = map[group]int{}
		}
		s.groups[g] = i
		s.entries = append(s.entries, entry{about: g.about})
	}
	return &s.entries[i]
}

// take adds a check. What failed makes the whole a failure, and what is skipped for a
// reason that somebody should see keeps it from passing. That one is asked no more is no
// such reason beside others that are.
func (e *entry) take(c *report.Check, st status) {
	e.all = append(e.all, c)
	if e.check == nil || worse(c, e.check) {
		e.check = c
	}
	if idle := c.Outcome == report.Skipped && st == skipped; idle {
		if !e.asked {
			e.status = max(e.status, skipped)
		}
		return
	}
	if !e.asked && e.status == skipped { // of those alone that are asked no more
		e.status = passed
	}
	e.status, e.asked = max(e.status, st), true
}

// worse says which of two is told first: what makes the run fail, then by outcome.
func worse(a, b *report.Check) bool {
	if a.Failing != b.Failing {
		return a.Failing
	}
	return report.Worse(a.Outcome, b.Outcome)
}

// gravest sorts checks by what has to be told first.
func gravest(checks []*report.Check) []*report.Check {
	checks = slices.Clone(checks)
	slices.SortStableFunc(checks, func(a, b *report.Check) int {
		switch {
		case worse(a, b):
			return -1
		case worse(b, a):
			return 1
		default:
			return 0
		}
	})
	return checks
}

// status is what a check's outcome is in JUnit. An outcome of a later version is nothing
// to pass over.
func (o Options) status(c *report.Check, lost bool) status {
	switch c.Outcome {
	case report.Regressed, report.Unmet, report.Failed:
		return failed
	case report.Unknown:
		if lost { // the host says so once
			return skipped
		}
		return erred
	case report.Skipped, report.Waived, report.PreExisting, report.Drifted, report.Expected, report.Fixed, report.Passed:
		return o.mild(c)
	default:
		return erred
	}
}

// mild is the status of a check that fails by a drift at most, which its rule makes a
// failure.
func (o Options) mild(c *report.Check) status {
	switch {
	case c.Failing:
		return failed
	case c.Outcome == report.Skipped, c.Outcome == report.Waived:
		return skipped
	case c.Outcome == report.PreExisting && o.PreExisting == AsFailure:
		return failed
	case c.Outcome == report.PreExisting && o.PreExisting != AsPass:
		return skipped
	default:
		return passed
	}
}

// leaves says whether a case is out of the scope.
func (o Options) leaves(e entry) bool {
	switch o.Scope {
	case Failed:
		return e.status < erred
	case Changed:
		if e.about == oneCheck {
			return unchanged(e.check)
		}
		return e.status < erred && !slices.ContainsFunc(e.all, func(c *report.Check) bool { return !unchanged(c) })
	default:
		return false
	}
}

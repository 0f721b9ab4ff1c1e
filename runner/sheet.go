package runner

import (
	"maps"
	"slices"
	"strings"
	"time"

	"postpatch/baseline"
	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/runner/report"
	"postpatch/suites"
)

// sheet is one check while its readings are held against what is expected of
// them and against the baseline.
type sheet struct {
	c           *suites.Check
	before, now values
	mark        string // why there is nothing to compare with; empty when there is
	known       bool   // the check was observed at the baseline, or a part of it
	wasWhole    bool   // it was observed at the baseline, and not only in part
	restated    bool   // the suite asks something else by it than at the baseline
	bound       bool   // an expectation has looked at something
	partly      bool   // the check was not observed whole: what is missing says nothing
	findings    map[place]report.Finding
	beforeAt    time.Time // when before was seen; zero when nobody knows
	nowAt       time.Time
	lacking     map[place]bool // assertions that lack a reading now
	unheld      []place        // assertions that lack what was before
	strange     []place        // of the baseline, and of another type than the kind has it now
	unseen      []string       // expected of the suite, and the reading says that it was not observed
}

func (j judging) sheet(c *suites.Check) *sheet {
	s := &sheet{
		c: c, before: j.before.of(c.Key()), now: j.now.of(c.Key()), beforeAt: j.before.taken, nowAt: j.at,
		findings: map[place]report.Finding{}, lacking: map[place]bool{},
	}
	s.strange = s.before.ofOtherTypes(c.Kind)
	// What was seen beside an error at the baseline can be compared; what little
	// was seen of a host that did not answer cannot.
	s.wasWhole, _ = j.before.observed(c.Key())
	s.known = len(s.before) > 0 && !j.before.unreachable // of what told nothing, nothing is known
	s.wasWhole = s.wasWhole && s.known && len(s.strange) == 0
	record, tried := j.before.checks[c.Key()]
	switch {
	case !j.before.exists:
	case !tried:
		s.mark = markNew
	case !s.known:
		s.mark = markNoBaseline
	}
	s.restated = s.known && record.Asked != j.now.checks[c.Key()].Asked
	return s
}

// finding holds the values of a reading, before and now.
func (s *sheet) finding(at place) report.Finding {
	f := report.Finding{Item: at.item, Reading: at.reading}
	spec := s.spec(at.reading)
	if v := s.before.at(at); v != nil {
		f.Before, f.HasBefore = inUnit(v, spec.Unit), true
	}
	if v := s.now.at(at); v != nil {
		f.Now, f.HasNow = inUnit(v, spec.Unit), true
	}
	if f.Before == f.Now && f.HasBefore && f.HasNow && !fact.Equal(s.before.at(at), s.now.at(at)) { // but for rounding
		f.Before, f.Now = s.before.at(at).String(), s.now.at(at).String()
	}
	return f
}

func (s *sheet) expectations() {
	for _, e := range s.c.Expect {
		for _, item := range s.expectedOf(e) {
			s.expectation(e, place{item, e.Reading})
		}
	}
}

// onlyWhatCounts keeps of a check that could not be observed whole what fails and
// what has changed: a page that answers 500 is broken, even if its sibling is
// silent. That something was mended, or was broken before, is said of a whole one.
func (s *sheet) onlyWhatCounts() {
	maps.DeleteFunc(s.findings, func(_ place, f report.Finding) bool {
		return !fails(f) && f.Outcome != report.Drifted && f.Outcome != report.Expected
	})
}

// expectedOf lists the items of which something is expected: those that have the
// reading now or had it before. The suite's own expectation also binds items of
// the same sort that lack it, and one that finds no item at all is not met: an
// expectation that looks at nothing must not pass.
func (s *sheet) expectedOf(e suites.Expectation) []string {
	found := s.now.items(e.Reading)
	if !s.restated { // another list of items is the suite's doing, not the host's
		found = union(found, s.before.items(e.Reading))
	}
	switch {
	case e.Default:
		return found
	case len(found) == 0:
		return []string{""}
	case s.spec(e.Reading).Partial:
		return found
	default:
		return s.withSiblings(found)
	}
}

// held says whether a value met the expectation at the baseline.
func (s *sheet) held(e suites.Expectation, before fact.Value) bool {
	return e.Predicate.At(s.beforeAt).Holds(before)
}

// withSiblings adds the items of the same sort as those that were found, sorted: those
// that have one of the readings in common of which the kind itself expects something. The
// two views of a check do not tell the same: an item of one is no sibling of the other's.
func (s *sheet) withSiblings(found []string) []string {
	_, pair := s.c.Probe.(probes.Pair)
	view := func(item string) bool { return pair && strings.HasSuffix(item, probes.FromHost) }
	common, views := map[string]bool{}, map[bool]bool{}
	for _, item := range found {
		views[view(item)] = true
	}
	for _, side := range []values{s.now, s.before} {
		for at := range side.all() {
			if _, among := slices.BinarySearch(found, at.item); among && s.spec(at.reading).Expect != "" {
				common[at.reading] = true
			}
		}
	}
	ofWhole := found[0] == ""
	ofItems := len(found) > 1 || !ofWhole
	var siblings []string
	for at := range s.now.all() {
		if common[at.reading] && views[view(at.item)] && (at.item == "" && ofWhole || at.item != "" && ofItems) {
			siblings = append(siblings, at.item)
		}
	}
	return union(found, slices.Compact(siblings))
}

// blindBefore says whether nobody could look at a reading at the baseline: by its own word,
// or by that of what it is behind.
func (s *sheet) blindBefore(at place) bool {
	return s.known && (isOneOf(s.spec(at.reading).Unseen, s.before.at(at)) ||
		slices.ContainsFunc(s.looks(at.reading), func(behind *probes.ReadingSpec) bool {
			return isOneOf(behind.Unseen, s.before.at(place{at.item, behind.Name})) ||
				isOneOf(behind.Unseen, s.before.at(place{"", behind.Name}))
		}))
}

// expectation holds one expectation against one reading.
func (s *sheet) expectation(e suites.Expectation, at place) {
	before, now := s.typed(s.before, at), s.now.at(at)
	if now == nil && (e.Default || s.partly) {
		return // the diff tells what is gone
	}
	if now == nil && (s.elsewhere(at) || s.unlooked(at.reading)) {
		return
	}
	if !e.Default && isOneOf(s.spec(at.reading).Unseen, now) {
		s.unsee(strings.TrimSpace(at.item+" "+at.reading) + ": " + now.String())
		return
	}
	if e.Keep && isOneOf(s.spec(at.reading).Unseen, now) {
		if s.held(e, before) {
			s.unsee(strings.TrimSpace(at.item+" "+at.reading) + ": " + now.String())
		}
		return
	}
	if _, spoken := s.findings[at]; spoken && e.Keep {
		return
	}
	held, holds := s.held(e, before), e.Predicate.At(s.nowAt).Holds(now)
	known := s.knew(at) && (s.beforeAt != time.Time{} || !e.Predicate.HasAge())
	switch excused := e.Default && s.excused(at.reading, before); {
	case e.Keep && s.pending(at.reading, before): // only a kind has something kept
		held = true
	case excused:
		known = false
	}
	pending := e.Default && s.pending(at.reading, now) && s.pending(at.reading, before)
	if pending || e.Keep && s.excused(at.reading, now) && s.behindAGate(at) {
		return // it is as open as it was, or says nothing
	}
	if e.Keep && !holds && (s.behindAGate(at) || s.blindBefore(at)) {
		// Nobody could see before whether it was well.
		f := s.finding(at)
		f.Outcome, f.Wanted = report.Failed, "expected "+e.Predicate.String()+", and nothing is known of before"
		s.findings[at] = f
		return
	}
	if e.Keep && (!known || !held) {
		return
	}
	if known && held && e.Default && s.excused(at.reading, now) {
		return
	}
	s.bound = s.bound || !e.Keep
	outcome := report.PreExisting
	switch {
	case holds && known && before != nil && !held:
		outcome = report.Fixed
	case holds:
		return
	case !known:
		outcome = report.Failed
	case held:
		outcome = report.Regressed
	}
	f := s.finding(at)
	f.Outcome, f.Wanted = outcome, "expected "+e.Predicate.String()
	s.findings[at] = f
}

// excused says whether a value says nothing of what the kind itself expects.
func (s *sheet) excused(reading string, v fact.Value) bool {
	spec := s.spec(reading)
	return isOneOf(spec.Excused, v) || isOneOf(spec.Pending, v)
}

// pending says whether a value is about to be as the kind expects.
func (s *sheet) pending(reading string, v fact.Value) bool {
	return isOneOf(s.spec(reading).Pending, v)
}

func isOneOf(some []fact.Value, v fact.Value) bool {
	for _, one := range some {
		if fact.Equal(one, v) {
			return true
		}
	}
	return false
}

// spec is a reading's declaration; one that is not declared says nothing.
func (s *sheet) spec(reading string) *probes.ReadingSpec {
	if spec := specOf(s.c.Kind, reading); spec != nil {
		return spec
	}
	return &probes.ReadingSpec{}
}

// knew says whether the baseline tells how the reading was. One that is there
// only now was not there to fail, unless the gate of its item had failed: a page that
// was refused had no status either.
func (s *sheet) knew(at place) bool {
	if !s.known || at.item != "" && !s.before.has(at.item) || at.item == "" && s.restated && s.before.at(at) == nil {
		return false
	}
	if s.before.at(at) != nil && s.typed(s.before, at) == nil {
		return false
	}
	return s.before.at(at) != nil || s.wasWhole && (s.now.at(at) == nil || s.gateFailedBefore(at.item))
}

// behindAGate says whether a reading that is there now could not be at the baseline,
// since a gate had failed.
func (s *sheet) behindAGate(at place) bool {
	return s.known && s.before.at(at) == nil && !s.restated &&
		(s.gateFailedBefore(at.item) || s.gateFailedBefore(""))
}

func (s *sheet) gateFailedBefore(item string) bool {
	return slices.ContainsFunc(s.c.Expect, func(e suites.Expectation) bool {
		v := s.typed(s.before, place{item, e.Reading})
		return s.isGate(e.Reading) && !e.Keep && v != nil && !s.held(e, v)
	})
}

func (s *sheet) isGate(reading string) bool {
	return s.spec(reading).Gate
}

// vanished catches what met a kind's own expectation before and is not reported
// any more, where nothing that fails has told so. A rule that ignores the reading
// hides its values, never that it is gone.
func (s *sheet) vanished(planning *Planning) {
	for _, e := range s.c.Expect {
		if !e.Default {
			continue
		}
		for _, item := range s.before.items(e.Reading) {
			at := place{item, e.Reading}
			if s.now.at(at) != nil || s.goneIsTold(item) || !s.held(e, s.before.at(at)) ||
				s.restated && !s.now.has(item) || // whose going is told by what it is
				s.elsewhere(at) || s.unlooked(e.Reading) {
				continue
			}
			f := s.finding(at)
			f.Outcome, f.Wanted = report.Regressed, "expected "+e.Predicate.String()
			key := fact.Key{Item: item, Name: e.Reading}
			change := baseline.Change{Op: baseline.Removed, Key: key, Before: s.before.at(at)}
			if allowed, _ := planning.allows(s.c, change); allowed {
				f.Outcome = report.Expected
			}
			s.findings[at] = f
		}
	}
}

// goneIsTold says whether something that fails has told already why an item has
// nothing to report.
func (s *sheet) goneIsTold(item string) bool {
	whole := s.findings[place{item, ""}]
	if fails(whole) || whole.Outcome == report.Expected || s.gateIs(item, report.Regressed, report.Failed) {
		return true
	}
	return item != "" && slices.ContainsFunc(s.c.Kind.Readings, func(r probes.ReadingSpec) bool {
		f := s.findings[place{item, r.Name}]
		return f.HasNow && fails(f)
	})
}

// dropConsequences leaves out expectations whose reading has gone along with a gate
// that fails. A gate that had failed before speaks only for what was not there before
// either. An expectation that found no item at all goes where each item has a gate
// that fails: of a volume that is not there, nobody needs to hear that the check has
// no file system.
func (s *sheet) dropConsequences() {
	maps.DeleteFunc(s.findings, func(at place, f report.Finding) bool {
		gone := (!f.HasNow || s.lacking[at]) && f.Reading != "" && f.Outcome != report.Drifted
		return gone && (s.gateIs(at.item, report.Regressed, report.Failed) ||
			!f.HasBefore && s.gateIs(at.item, report.PreExisting) ||
			!f.HasBefore && at.item == "" && s.everyGateFails())
	})
}

// everyGateFails says whether there are items with a gate, and each of them has one
// that is not as expected. Of an item without a gate nobody knows what it lacks.
func (s *sheet) everyGateFails() bool {
	outcomes := []report.Outcome{report.Regressed, report.Failed, report.PreExisting}
	stops := map[string]bool{} // by item
	for at := range s.now.all() {
		if s.isGate(at.reading) {
			stops[at.item] = stops[at.item] || slices.Contains(outcomes, s.findings[at].Outcome)
		}
	}
	return len(stops) > 0 && !slices.Contains(slices.Collect(maps.Values(stops)), false)
}

// gateIs says whether a gate of the item, or of the check as a whole, came to one of
// the outcomes: a login that is refused takes every database along, a changed version
// does not.
func (s *sheet) gateIs(item string, outcomes ...report.Outcome) bool {
	for i := range s.c.Kind.Readings {
		spec := &s.c.Kind.Readings[i]
		if !spec.Gate {
			continue
		}
		for _, of := range []string{item, ""} {
			f, told := s.findings[place{of, spec.Name}]
			if told && f.HasNow && slices.Contains(outcomes, f.Outcome) {
				return true
			}
		}
	}
	return false
}

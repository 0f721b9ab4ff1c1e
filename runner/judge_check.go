package runner

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/runner/report"
	"postpatch/suites"
	"postpatch/suites/expect"
)

// draft is a check that is being judged: what was found, before it is summed up.
type draft struct {
	check  report.Check
	unseen bool // it could not be observed, or not whole
	sheet  *sheet
}

// result sums the findings up, worst last.
func (d draft) result() report.Check {
	for _, f := range d.sheet.findings {
		add(&d.check, f)
	}
	slices.SortFunc(d.check.Findings, mildestFirst)
	d.check.Evidence = d.sheet.evidence()
	detach(&d.check)
	return d.check
}

// detach copies the texts of a result that a host has said: a view may keep them for
// long, and they are parts of all that the host has said.
func detach(c *report.Check) {
	c.Error = strings.Clone(c.Error)
	for i := range c.Findings {
		f := &c.Findings[i]
		f.Item, f.Reading = strings.Clone(f.Item), strings.Clone(f.Reading)
		f.Before, f.Now = strings.Clone(f.Before), strings.Clone(f.Now)
	}
	for i := range c.Hidden {
		h := &c.Hidden[i]
		h.Item, h.Reading = strings.Clone(h.Item), strings.Clone(h.Reading)
		h.Before, h.Now = strings.Clone(h.Before), strings.Clone(h.Now)
	}
	for i := range c.Evidence {
		e := &c.Evidence[i]
		e.Item, e.Value = strings.Clone(e.Item), strings.Clone(e.Value)
	}
}

// unbased lists what a baseline that was not whole has nothing of, though only the
// baseline could tell whether it is well: nobody may take that for unchanged. What
// the kind wants kept is held against its word alone.
func (s *sheet) unbased(planning *Planning) []string {
	if s.mark != "" || s.wasWhole || !s.known {
		return nil
	}
	var all []string
	for at := range s.now.all() {
		compared := s.c.Compare.For(at.item, at.reading)
		own, kept := s.wantedOf(at.reading)
		f, spoken := s.findings[at]
		switch {
		case s.before.at(at) != nil && (kept == nil || s.typed(s.before, at) != nil), own, spoken && fails(f):
		case kept != nil && (kept.At(s.nowAt).Holds(s.now.at(at)) || s.excused(at.reading, s.now.at(at))):
		case kept != nil && s.before.has(at.item):
			f = s.finding(at)
			f.Outcome, f.Wanted = report.Failed, "expected "+kept.String()+", and nothing is known of before"
			s.findings[at] = f
		case kept == nil && (compared.Rule.Op == fact.Ignore ||
			s.severity(fact.Key{Item: at.item, Name: at.reading}, planning) == fact.Note):
		case compared.Rule.Gone && s.hasFallback(): // which is among them
		default:
			all = append(all, strings.TrimSpace(at.item+" "+at.reading))
		}
	}
	for _, at := range s.strange {
		own, kept := s.wantedOf(at.reading)
		looked := own || kept != nil || s.c.Compare.For(at.item, at.reading).Rule.Op != fact.Ignore
		if s.now.at(at) == nil && looked { // what it was might tell whether it may be gone
			all = append(all, strings.TrimSpace(at.item+" "+at.reading))
		}
	}
	return all
}

// hasFallback says whether the kind also lists what it counts.
func (s *sheet) hasFallback() bool {
	return slices.ContainsFunc(s.c.Kind.Readings, func(r probes.ReadingSpec) bool { return r.Fallback })
}

// wantedOf says whether something is expected of a reading whatever the baseline,
// and what is to be kept of it.
func (s *sheet) wantedOf(reading string) (own bool, kept *expect.Predicate) {
	for _, e := range s.c.Expect {
		switch {
		case e.Reading != reading:
		case e.Keep:
			kept = &e.Predicate
		default:
			own = true
		}
	}
	return own, kept
}

func noBaselineOf(what []string, why string) string {
	return "nothing to compare with of " + upTo(5, what) + ": at the baseline it could not be observed (" + why + ")"
}

// upTo lists so many, and counts the rest.
func upTo(most int, what []string) string {
	text := strings.Join(what[:min(most, len(what))], ", ")
	if more := len(what) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// evidence lists the readings that explain what is wrong with an item, as they
// are now, in the order of the items and of the kind's own list.
func (s *sheet) evidence() []report.Evidence {
	var wrong []string
	for at, f := range s.findings {
		note := f.Outcome == report.Drifted && f.Severity == fact.Note.String()
		if report.Worse(f.Outcome, report.Expected) && !note {
			wrong = append(wrong, at.item)
		}
	}
	slices.Sort(wrong)
	var all []report.Evidence
	for _, item := range slices.Compact(wrong) {
		for _, spec := range s.c.Kind.Readings {
			v := s.now.at(place{item, spec.Name})
			_, told := s.findings[place{item, spec.Name}]
			if spec.Evidence && v != nil && v.String() != "" && !told {
				all = append(all, report.Evidence{Item: item, Reading: spec.Name, Value: v.String()})
			}
		}
	}
	return all
}

// add takes a finding in and lets the check be no better than it.
func add(r *report.Check, f report.Finding) {
	r.Findings = append(r.Findings, f)
	if f.Outcome == report.Drifted && f.Severity == fact.Note.String() {
		return
	}
	if report.Worse(f.Outcome, r.Outcome) {
		r.Outcome = f.Outcome
	}
	r.Failing = r.Failing || fails(f)
}

// fails says whether something that was found fails the run.
func (s *sheet) fails() bool {
	return slices.ContainsFunc(slices.Collect(maps.Values(s.findings)), fails)
}

// fails says whether a finding alone fails the run.
func fails(f report.Finding) bool {
	switch f.Outcome {
	case report.Regressed, report.Failed, report.Unmet:
		return true
	case report.Drifted:
		return f.Severity == fact.Fail.String()
	default:
		return false
	}
}

func mildestFirst(a, b report.Finding) int {
	switch {
	case report.Worse(b.Outcome, a.Outcome):
		return -1
	case report.Worse(a.Outcome, b.Outcome):
		return 1
	default:
		return cmp.Or(cmp.Compare(a.Item, b.Item), cmp.Compare(a.Reading, b.Reading))
	}
}

// toldNothing is why a check is unknown that was asked and has no readings.
const toldNothing = "the check told nothing"

// check judges one check by the table in the README.
func (j judging) check(c *suites.Check, problem string) draft {
	s := j.sheet(c)
	d := draft{sheet: s, check: report.Check{
		ID: c.ID, Suite: c.Suite, Kind: c.Kind.Name, Outcome: report.Passed,
		Why: c.Why, Owner: c.Owner, File: c.File, Line: c.Line, Took: max(0, j.now.checks[c.Key()].Took),
	}}
	d.check.Mark = s.mark
	d.hide(j.ignored[c.Key()])
	seen, why := j.now.observed(c.Key())
	if problem != "" {
		seen, why = false, problem
	}
	if !seen {
		d.unseen, d.check.Outcome, d.check.Error = true, report.Unknown, why
		if problem == "" && !j.unreachable {
			s.partly = true
			d.check.Partly = len(s.now) > 0
			s.expectations()
			j.asserts(s)
			if s.mark == "" {
				s.drift(j.changes[c.Key()], j.planning) // of what both sides saw
			}
			s.onlyWhatCounts()
		}
		return d
	}
	s.expectations()
	j.asserts(s)
	if s.mark == "" {
		s.drift(j.changes[c.Key()], j.planning)
		s.vanished(j.planning)
	}
	s.lostSight()
	s.dropConsequences()
	if unbased := s.unbased(j.planning); len(unbased) > 0 {
		_, why := j.before.observed(c.Key())
		if why == "" {
			why = "it is stored in another type"
		}
		d.check.Outcome, d.check.Error = report.Unknown, noBaselineOf(unbased, why)
	}
	if len(s.now) == 0 && !s.fails() {
		d.unseen, d.check.Outcome, d.check.Error = true, report.Unknown, toldNothing
	}
	if s.mark != "" && !s.bound {
		d.check.Outcome = report.Unknown // and seen: what the plan wants is held against it
		d.check.Error = "nothing to compare with: the check expects nothing of its own, and the baseline has nothing of it"
	}
	if why := s.unanswered(); why != "" {
		d.check.Outcome, d.check.Error = report.Unknown, why
	}
	if len(s.unseen) > 0 {
		d.check.Outcome, d.check.Error = report.Unknown, upTo(5, s.unseen)
	}
	return d
}

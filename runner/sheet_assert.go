package runner

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"postpatch/probes/fact"
	"postpatch/runner/report"
	"postpatch/suites"
	"postpatch/suites/assert"
)

// answer is what an assertion comes to of one item.
type answer struct {
	holds bool
	err   error
	lacks *assert.Look // what it needed and was not there
}

// asserts holds the check's assertions against its items. One that speaks of what
// was before is not asked where there is no baseline at all.
func (j judging) asserts(s *sheet) {
	for i, a := range s.c.Assert {
		if a.Expr.LooksBack() && !j.before.exists {
			continue
		}
		reading := "assert"
		if len(s.c.Assert) > 1 {
			reading = fmt.Sprintf("assert %d", i+1)
		}
		items := s.assertedOf(a)
		for _, item := range items {
			s.assert(j.host, a, place{item, reading})
		}
		if len(items) == 0 && !s.partly && !slices.ContainsFunc(a.Expr.Looks(), func(l assert.Look) bool {
			return s.unlooked(l.Reading)
		}) {
			s.assertsNothing(a, place{"", reading})
		}
	}
}

// assertedOf lists the items of which an assertion is asked: those that have one of
// its readings now, or had one before, and those of the same sort that lack them.
func (s *sheet) assertedOf(a suites.Assertion) []string {
	var found []string
	for _, look := range a.Expr.Looks() {
		found = union(found, s.now.items(look.Reading))
		if !s.restated {
			found = union(found, s.before.items(look.Reading))
		}
	}
	if len(found) == 0 {
		return nil
	}
	return s.withSiblings(found)
}

// assertsNothing tells of an assertion that finds no item at all: it must not pass.
// Only of one that does not speak of before was it known before that it finds none.
func (s *sheet) assertsNothing(a suites.Assertion, at place) {
	f := report.Finding{Reading: at.reading, Outcome: report.Failed}
	if s.known && s.wasWhole && !s.restated && !a.Expr.LooksBack() {
		f.Outcome = report.PreExisting
	}
	f.Wanted = wantedOf(a, errors.New("no item has a reading of it"))
	s.bound = s.bound || !a.Expr.LooksBack()
	s.findings[at] = f
}

// assert asks one assertion of one item, by the table in the README.
func (s *sheet) assert(h suites.Host, a suites.Assertion, at place) {
	now := s.ask(h, a, at.item, s.now)
	if a.Expr.LooksBack() {
		s.assertBack(a, at, now)
		return
	}
	if now.lacks != nil && (s.partly || s.unlooked(now.lacks.Reading)) {
		return // what is missing may be there
	}
	s.bound = true
	then := s.ask(h, a, at.item, s.before)
	known := s.knewAll(at.item, then)
	outcome := report.PreExisting
	switch {
	case now.holds && known && then.lacks == nil && !then.holds:
		outcome = report.Fixed
	case now.holds:
		return
	case !known:
		outcome = report.Failed
	case then.holds:
		outcome = report.Regressed
	}
	s.tell(a, at, now, outcome)
}

// assertBack judges an assertion that speaks of before, too. Without what was before
// nobody knows whether it is met, unless it fails whatever that was.
func (s *sheet) assertBack(a suites.Assertion, at place, now answer) {
	had := s.known && (at.item == "" || s.before.has(at.item))
	switch {
	case now.holds && s.mark == "":
		return // all that it needed was there
	case now.holds, now.lacks != nil && now.lacks.Before:
		s.unheld = append(s.unheld, at)
	case now.lacks == nil:
		s.bound = true
		s.tell(a, at, now, regressedIf(had))
	case s.partly, s.unlooked(now.lacks.Reading): // what is missing may be there
	case had && s.before.at(place{at.item, now.lacks.Reading}) == nil:
		s.unheld, s.lacking[at] = append(s.unheld, at), true
	default:
		s.tell(a, at, now, regressedIf(had))
	}
}

func regressedIf(known bool) report.Outcome {
	if known {
		return report.Regressed
	}
	return report.Failed
}

// tell notes an assertion that is not met, with all that it looks at.
func (s *sheet) tell(a suites.Assertion, at place, now answer, outcome report.Outcome) {
	f := report.Finding{Item: at.item, Reading: at.reading, Outcome: outcome}
	f.Before, f.HasBefore = s.values(a, at.item, s.before)
	f.Now, f.HasNow = s.values(a, at.item, s.now)
	f.Wanted = wantedOf(a, now.err)
	s.lacking[at] = now.lacks != nil
	s.findings[at] = f
}

// wantedOf is an assertion in the suite's words, with what kept it from being
// computed.
func wantedOf(a suites.Assertion, err error) string {
	text := "expected " + a.Expr.String()
	if err != nil {
		text += "; " + err.Error()
	}
	if a.Why != "" {
		text += fmt.Sprintf(", \"%s\"", a.Why)
	}
	return text
}

// values lists the readings of an assertion, by name; ok when one of them is there.
func (s *sheet) values(a suites.Assertion, item string, side values) (text string, ok bool) {
	var all []string
	told := map[string]bool{}
	for _, look := range a.Expr.Looks() {
		if told[look.Reading] {
			continue
		}
		told[look.Reading] = true
		spec, _ := s.c.Kind.Reading(look.Reading)
		f := report.Finding{}
		if v := side.at(place{item, look.Reading}); v != nil {
			f.Now, f.HasNow, ok = inUnit(v, spec.Unit), true, true
		}
		all = append(all, look.Reading+" "+f.NowText())
	}
	if !ok {
		return "", false
	}
	return strings.Join(all, ", "), true
}

// ask asks an assertion of an item as one side has it.
func (s *sheet) ask(h suites.Host, a suites.Assertion, item string, side values) answer {
	of := func(side values) func(string) fact.Value {
		return func(reading string) fact.Value { return s.typed(side, place{item, reading}) }
	}
	holds, err := a.Expr.Holds(assert.Subject{
		Host: assert.Host{Name: h.Name, Address: h.Address, Tags: h.Tags, Vars: a.Vars},
		Item: item, Before: of(s.before), After: of(side),
	})
	got := answer{holds: holds, err: err}
	if lack := (*assert.LackError)(nil); errors.As(err, &lack) {
		got.lacks = &lack.Look
	}
	return got
}

// knewAll says whether the baseline tells how an assertion stood. A reading that it
// lacked then was not there to fail, unless it is lacking still or could not be there.
func (s *sheet) knewAll(item string, then answer) bool {
	switch {
	case !s.known, item != "" && !s.before.has(item):
		return false
	case then.lacks == nil:
		return true
	default:
		return s.wasWhole && (s.now.at(place{item, then.lacks.Reading}) == nil || s.gateFailedBefore(item))
	}
}

// newIsTold says whether an item is told as one that the baseline has not: then it needs
// no word more that nothing is known of before.
func (s *sheet) newIsTold(item string) bool {
	if item == "" || s.before.has(item) || !s.wasWhole || s.restated {
		return false
	}
	for at, f := range s.findings {
		if at.item == item && !f.HasBefore && (f.Outcome == report.Drifted || f.Outcome == report.Expected) {
			return true
		}
	}
	return false
}

// unanswered says of which items nobody knows whether they meet the assertions that
// speak of before. Where a gate tells why neither side has anything, nobody asks.
func (s *sheet) unanswered() string {
	var all []string
	for _, at := range s.unheld {
		if s.newIsTold(at.item) {
			continue
		}
		if !s.lacking[at] || !s.gateIs(at.item, report.Regressed, report.Failed, report.PreExisting) {
			all = append(all, strings.TrimSpace(at.item+" "+at.reading))
		}
	}
	if len(all) == 0 {
		return ""
	}
	return "the baseline has nothing to hold this against: " + upTo(5, all)
}

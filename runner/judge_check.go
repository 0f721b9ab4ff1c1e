package runner

import (
	"maps"
	"slices"

	"postpatch/baseline"
	"postpatch/probes/fact"
	"postpatch/runner/report"
	"postpatch/suites"
)

// draft is a check that is being judged: what was found, before it is summed up.
type draft struct {
	check    report.Check
	findings map[place]report.Finding
}

// result sums the findings up, worst last.
func (d draft) result() report.Check {
	for _, f := range d.findings {
		add(&d.check, f)
	}
	slices.SortFunc(d.check.Findings, mildestFirst)
	return d.check
}

// check judges one check by the table in the README.
func (j judging) check(c suites.Check, problem string) draft {
	r := report.Check{
		ID: c.ID, Suite: c.Suite, Kind: c.Kind.Name, Outcome: report.Passed,
		Why: c.Why, Owner: c.Owner, File: c.File, Line: c.Line, Took: j.now.checks[c.Key()].Took,
	}
	if j.before.exists {
		if _, tried := j.before.checks[c.Key()]; !tried {
			r.Mark = markNew
		} else if ok, _ := j.before.observed(c.Key()); !ok {
			r.Mark = markNoBaseline
		}
	}
	seen, why := j.now.observed(c.Key())
	if problem != "" {
		seen, why = false, problem
	}
	if !seen {
		r.Outcome, r.Error = report.Unknown, why
		return draft{check: r}
	}
	findings := map[place]report.Finding{}
	for _, e := range c.Expect {
		j.expectation(c, e, findings)
	}
	if r.Mark == "" && j.before.exists {
		j.drift(c, findings)
		if !j.restated(c) {
			j.vanished(c, findings)
		}
	}
	dropConsequences(findings)
	return draft{r, findings}
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
	switch f.Outcome { //nolint:exhaustive // the others do not fail a run
	case report.Regressed, report.Failed, report.Unmet:
		r.Failing = true
	case report.Drifted:
		r.Failing = r.Failing || f.Severity == fact.Fail.String()
	}
}

func mildestFirst(a, b report.Finding) int {
	switch {
	case report.Worse(b.Outcome, a.Outcome):
		return -1
	case report.Worse(a.Outcome, b.Outcome):
		return 1
	case a.Item != b.Item:
		return order(a.Item, b.Item)
	default:
		return order(a.Reading, b.Reading)
	}
}

func order(a, b string) int {
	if a < b {
		return -1
	}
	return 1
}

// expectation holds one expectation against every item that has the reading now
// or had it before. One that finds no item at all is not met: an expectation
// that looks at nothing must not pass.
func (j judging) expectation(c suites.Check, e suites.Expectation, findings map[place]report.Finding) {
	was := j.before.items(c.Key(), e.Reading)
	if j.restated(c) {
		was = nil // another list of items is the suite's doing, not the host's
	}
	items := union(j.now.items(c.Key(), e.Reading), was)
	if len(items) == 0 {
		if e.Default {
			return
		}
		items = []string{""}
	}
	knewItems := j.before.items(c.Key(), "")
	for _, item := range items {
		at := place{item, e.Reading}
		f := j.finding(c, at)
		if e.Default && !f.HasNow {
			continue // the diff tells what is gone
		}
		held := e.Predicate.Holds(j.before.readings[c.Key()][at])
		known, _ := j.before.observed(c.Key())
		known = known && (knewItems[item] || item == "")
		holds := e.Predicate.Holds(j.now.readings[c.Key()][at])
		if e.Keep && (!known || !held) {
			continue
		}
		f.Wanted = "expected " + e.Predicate.String()
		switch {
		case holds && known && !held:
			f.Outcome = report.Fixed
		case holds:
			continue
		case !known:
			f.Outcome = report.Failed
		case held:
			f.Outcome = report.Regressed
		default:
			f.Outcome = report.PreExisting
		}
		findings[at] = f
	}
}

// vanished catches what met a kind's own expectation before and is not reported
// any more, where nothing else of the item has told so. A rule that ignores the
// reading hides its values, never that it is gone.
func (j judging) vanished(c suites.Check, findings map[place]report.Finding) {
	told := map[string]bool{}
	for at := range findings {
		told[at.item] = true
	}
	for _, e := range c.Expect {
		for _, item := range union(j.before.items(c.Key(), e.Reading), nil) {
			at := place{item, e.Reading}
			f := j.finding(c, at)
			if e.Default && !e.Keep && !f.HasNow && !told[item] && e.Predicate.Holds(j.before.readings[c.Key()][at]) {
				f.Outcome, f.Wanted = report.Regressed, "expected "+e.Predicate.String()
				findings[at] = f
			}
		}
	}
}

// finding holds the values of a reading, before and now.
func (j judging) finding(c suites.Check, at place) report.Finding {
	f := report.Finding{Item: at.item, Reading: at.reading}
	if v := j.before.readings[c.Key()][at]; v != nil {
		f.Before, f.HasBefore = v.String(), true
	}
	if v := j.now.readings[c.Key()][at]; v != nil {
		f.Now, f.HasNow = v.String(), true
	}
	return f
}

// restated says whether the suite asks something else by this check than at the
// baseline.
func (j judging) restated(c suites.Check) bool {
	return j.before.exists && j.before.checks[c.Key()].Asked != j.now.checks[c.Key()].Asked
}

// drift takes in the changes that no expectation has spoken about. An item that
// came or went as a whole is one finding.
func (j judging) drift(c suites.Check, findings map[place]report.Finding) {
	before, now := j.before.items(c.Key(), ""), j.now.items(c.Key(), "")
	told := outcomesByItem(findings)
	for _, change := range j.changes[c.Key()] {
		at := place{change.Key.Item, change.Key.Name}
		if _, spoken := findings[at]; spoken || follows(change, told) {
			continue
		}
		if j.restated(c) && before[at.item] != now[at.item] {
			continue
		}
		compared := c.Compare[at.reading]
		f := j.finding(c, at)
		f.Severity, f.Wanted = compared.Severity.String(), compared.Rule.String()
		switch {
		case !before[at.item]:
			// Something new is worth a look, and seldom a reason to roll back.
			f = report.Finding{Item: at.item, Now: "new", HasNow: true, Severity: fact.Warn.String()}
		case !now[at.item]:
			f = report.Finding{Item: at.item, Before: "there", HasBefore: true, Now: "gone", HasNow: true}
			f.Severity = graver(findings[place{at.item, ""}].Severity, compared.Severity)
		}
		f.Outcome = report.Drifted
		if j.planning.allows(c, change) {
			f.Outcome = report.Expected
		}
		findings[place{f.Item, f.Reading}] = f
	}
}

// outcomesByItem tells what the expectations have come to, item by item.
func outcomesByItem(findings map[place]report.Finding) map[string][]report.Outcome {
	told := map[string][]report.Outcome{}
	for at, f := range findings {
		told[at.item] = append(told[at.item], f.Outcome)
	}
	return told
}

// follows says whether a change only follows from what an expectation has told
// already: readings that went away with what failed, of the item itself or of
// the whole check (a login that is refused takes every database along), and
// readings that came with what was fixed. It never speaks for a value that
// changed.
func follows(change baseline.Change, told map[string][]report.Outcome) bool {
	cause := report.Fixed
	switch change.Op {
	case baseline.Removed:
		cause = report.Regressed
	case baseline.Added:
	default:
		return false
	}
	return slices.Contains(told[change.Key.Item], cause) || slices.Contains(told[""], cause)
}

// dropConsequences leaves out expectations whose reading has gone along with a
// failure that is told: of a page that does not answer nobody needs to hear that
// its status has gone, too.
func dropConsequences(findings map[place]report.Finding) {
	told := map[string]bool{}
	for at, f := range findings {
		if f.Outcome == report.Regressed && f.HasNow {
			told[at.item] = true
		}
	}
	maps.DeleteFunc(findings, func(at place, f report.Finding) bool {
		return f.Outcome == report.Regressed && !f.HasNow && (told[at.item] || told[""])
	})
}

func graver(a string, b fact.Severity) string {
	for _, s := range []fact.Severity{fact.Fail, fact.Warn} {
		if a == s.String() || b == s {
			return s.String()
		}
	}
	return fact.Note.String()
}

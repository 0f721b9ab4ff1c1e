package runner

import (
	"postpatch/baseline"
	"postpatch/probes/fact"
	"postpatch/runner/report"
)

// drift takes in the changes that no expectation has spoken about. An item that
// came or went as a whole is one finding.
func (s *sheet) drift(changes []baseline.Change, planning *Planning) {
	for _, change := range changes {
		at := place{change.Key.Item, change.Key.Name}
		compared := s.c.Compare.For(at.item, at.reading)
		compared.Severity = s.severity(change.Key, planning)
		allowed, reason := planning.allows(s.c, change)
		f, spoken := s.findings[at]
		switch {
		case s.excusedIn(change), s.isWhole() && s.fallback(at.reading), s.notLooked(change):
		case s.partly && change.Op == baseline.Added: // beside what could not be seen, it may not be new
		case spoken && f.Outcome == report.PreExisting && change.Op != baseline.Added && !allowed &&
			compared.Severity != fact.Note && !s.follows(change):
			// What failed before fails otherwise now, or is gone: that is the patch's doing.
			f.Outcome, f.Severity = report.Drifted, compared.Severity.String()
			f.Wanted += ", which it did not meet before either"
			s.findings[at] = f
		case spoken, s.follows(change):
		case s.before.has(at.item) == s.now.has(at.item), s.counts(change):
			f = s.finding(at)
			f.Severity, f.Wanted, f.Outcome = compared.Severity.String(), compared.Rule.String(), driftUnless(allowed)
			if s.counts(change) {
				f.Wanted = "" // the rule is about how often, and it never was
			}
			if reason != "" {
				f.Wanted = "the plan allows it: " + reason
			}
			s.findings[at] = f
		case !s.restated:
			s.cameOrWent(change, allowed, planning)
		case change.Op == baseline.Removed:
			s.notAsked(change.Key.Item)
		}
	}
	for at := range s.findings {
		if counted := s.findings[at]; at.reading != "" && counted.Outcome == report.Drifted && !counted.HasBefore {
			delete(s.findings, place{at.item, ""}) // that it is new is said already
		}
	}
}

// severity says how bad it is that a reading drifts: by the plan's word, or else by the
// suite's and the kind's.
func (s *sheet) severity(key fact.Key, planning *Planning) fact.Severity {
	if severity, said := planning.severity(s.c, key); said {
		return severity
	}
	return s.c.Compare.For(key.Item, key.Name).Severity
}

// counts says whether a change is the first of something that is counted while it
// happens. It speaks for itself, whatever else comes with its item: that there is
// such an item is no more than that.
func (s *sheet) counts(change baseline.Change) bool {
	spec, _ := s.c.Kind.Reading(change.Key.Name) // a suite may have made the rule stricter
	return change.Op == baseline.Added && (s.c.Compare.For(change.Key.Item, change.Key.Name).Rule.Gone || spec.Rule.Gone)
}

// isWhole says whether the check was observed whole on both sides.
func (s *sheet) isWhole() bool { return s.wasWhole && !s.partly }

func (s *sheet) fallback(reading string) bool {
	spec, _ := s.c.Kind.Reading(reading)
	return spec.Fallback
}

// excusedIn says whether a reading changes only to or from a value that says
// nothing yet.
func (s *sheet) excusedIn(change baseline.Change) bool {
	name := change.Key.Name
	return change.Op == baseline.Changed && (s.excused(name, change.Before) || s.excused(name, change.After))
}

func driftUnless(allowed bool) report.Outcome {
	if allowed {
		return report.Expected
	}
	return report.Drifted
}

// cameOrWent makes one finding of an item that is new or gone. It is expected
// only when the plan allows each of its readings to go.
func (s *sheet) cameOrWent(change baseline.Change, allowed bool, planning *Planning) {
	at := place{change.Key.Item, ""}
	// Something new is worth a look, and seldom a reason to roll back.
	f := report.Finding{Item: at.item, Now: "new", HasNow: true, Severity: fact.Warn.String()}
	if severity, said := planning.severity(s.c, fact.Key{Item: at.item}); said { // of one reading it says nothing here
		f.Severity = severity.String()
	}
	if change.Op == baseline.Removed {
		f = report.Finding{Item: at.item, Before: "there", HasBefore: true, Now: "gone", HasNow: true}
		f.Severity = graver(s.findings[at].Severity, s.severity(change.Key, planning))
	}
	f.Outcome = driftUnless(allowed && s.findings[at].Outcome != report.Drifted)
	s.findings[at] = f
}

// notAsked tells of an item that is not there when the check asks otherwise than at
// the baseline. That is mostly the suite's doing; whoever edits a suite in the window
// is to see what it hides.
func (s *sheet) notAsked(item string) {
	s.findings[place{item, ""}] = report.Finding{
		Item: item, Outcome: report.Drifted, Severity: fact.Warn.String(), Before: "there", HasBefore: true,
		Now: "gone, or not asked for any more", HasNow: true, Wanted: "the check asks otherwise than at the baseline",
	}
}

// follows says whether a change only follows from what an expectation has told
// already: readings that went away behind a gate that fails, of the item itself or of
// the whole check, and readings that came with a gate that was fixed. It never speaks
// for a value that changed.
func (s *sheet) follows(change baseline.Change) bool {
	cause := report.Fixed
	switch change.Op {
	case baseline.Removed:
		cause = report.Regressed
	case baseline.Added:
	default:
		return false
	}
	return s.gateIs(change.Key.Item, cause)
}

func graver(a string, b fact.Severity) string {
	for _, s := range []fact.Severity{fact.Fail, fact.Warn} {
		if a == s.String() || b == s {
			return s.String()
		}
	}
	return fact.Note.String()
}

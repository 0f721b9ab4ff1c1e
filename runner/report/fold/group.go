// Package fold gathers what a run has to tell: by what it means, and where several
// hosts say the same, once. The views that a person reads tell what it has gathered.
package fold

import "postpatch/runner/report"

// Group is what a thing means, and so where it is told. They are told in this order, the
// worst last.
type Group int

// The groups. What is Nowhere is not told by itself.
const (
	Nowhere Group = iota
	Changes       // of a comparison that judges nothing
	Expected
	Fixed
	Drift
	PreExisting
	Waived
	Unreachable
	Problem
	Unknown
	Unmet
	Failed
	Overdue // what a waiver has covered that is over
	FailingDrift
	Regression
)

// Look is how a group is told.
type Look struct {
	Title, Meaning string
	Sign, Tag      string // the sign, and what stands for it in ASCII
	Tone           Tone
	Blocks         bool // each entry with its evidence, not one line each
}

// Tone is how grave a thing is to the one who reads of it; views have their colours for it.
type Tone int

// The tones.
const (
	Plain Tone = iota
	Change
	Good
	Quiet
	Warning
	Bad
)

// Groups lists the groups that are told, the worst last.
func Groups() []Group {
	all := make([]Group, 0, Regression)
	for g := Changes; g <= Regression; g++ {
		all = append(all, g)
	}
	return all
}

// Look is how the group is told in a run of a command.
func (g Group) Look(command string) Look {
	switch g {
	case Nowhere:
		return Look{}
	case Changes:
		return Look{"CHANGES", "what differs between the two", "~", "[DIFF]", Change, false}
	case Expected:
		return Look{"EXPECTED CHANGES", "the plan wants or allows them", "~", "[EXP ]", Change, false}
	case Fixed:
		return Look{"FIXED", "failed at the baseline, fine now", "✓", "[FIX ]", Good, false}
	case Drift:
		return Look{"DRIFT", "changed, and nobody said it may; a warning, fails nothing", "≠", "[DRFT]", Warning, false}
	case PreExisting:
		return Look{
			"PRE-EXISTING", "failed at the baseline already; not caused by the patch, not counted",
			"–", "[PRE ]", Quiet, false,
		}
	case Waived:
		return Look{
			"WAIVED", "wrong, and somebody answers for it until a day; not counted", "–", "[WAIV]", Quiet, false,
		}
	case Unreachable:
		return Look{"UNREACHABLE", "nothing answered: no verdict for these hosts", "!", "[UNRE]", Warning, false}
	case Problem:
		return Look{"NO VERDICT", "answered, but not as the host of the baseline", "!", "[NONE]", Bad, false}
	case Unknown:
		return Look{"UNKNOWN", "could not be observed: not good, not bad", "?", "[UNKN]", Warning, true}
	case Unmet:
		return Look{"UNMET", "was meant to change, and did not", "✗", "[UNMT]", Bad, true}
	case Failed:
		if command == "capture" || command == "precheck" {
			return Look{
				"FAILING NOW", "fails before the patch: mend it or accept it first", "✗", "[FAIL]", Bad, true,
			}
		}
		return Look{"FAILED", "fails, and nothing is known of before", "✗", "[FAIL]", Bad, true}
	case Overdue:
		return Look{
			"WAIVER IS OVER", "was waived until a day that is past: mend it, or renew the waiver", "✗", "[OVER]", Bad, true,
		}
	case FailingDrift:
		return Look{"DRIFT THAT FAILS", "changed, and nobody said it may", "≠", "[DRFT]", Bad, true}
	default:
		return Look{"REGRESSION", "was fine before the patch, is broken now", "✗", "[FAIL]", Bad, true}
	}
}

// GroupOf says where a finding is told.
func GroupOf(c report.Check, f report.Finding, diff bool) Group {
	switch f.Outcome {
	case report.Drifted:
		switch {
		case diff:
			return Changes
		case c.Failing && f.Severity == "fail":
			return FailingDrift
		case f.Severity == "note":
			return Nowhere
		default:
			return Drift
		}
	case report.Passed, report.Skipped:
		return Nowhere
	case report.Failed:
		if f.Waiver.Over {
			return Overdue
		}
		return Failed
	default:
		return ofOutcome(f.Outcome)
	}
}

// ofOutcome says where a check is told that has no finding to show for its
// outcome. An outcome that this program does not know is told among the worst.
func ofOutcome(o report.Outcome) Group {
	switch o {
	case report.Passed, report.Skipped:
		return Nowhere
	case report.Expected:
		return Expected
	case report.Fixed:
		return Fixed
	case report.Drifted:
		return Drift
	case report.PreExisting:
		return PreExisting
	case report.Waived:
		return Waived
	case report.Unknown:
		return Unknown
	case report.Unmet:
		return Unmet
	case report.Failed:
		return Failed
	case report.Regressed:
		return Regression
	default:
		return Regression
	}
}

package text

import "postpatch/runner/report"

// group is where in the report something is told; they are told in this order.
type group int

const (
	nowhere group = iota
	changes       // of a comparison that judges nothing
	expected
	fixed
	drift
	preExisting
	waived
	unreachable
	problem
	unknown
	unmet
	failed
	overdue // what a waiver has covered that is over
	failingDrift
	regression
)

// look is how a group is told.
type look struct {
	title, meaning string
	sign, tag      string // the sign, and what stands for it in ASCII
	color          string
	blocks         bool // each with its evidence, not one line each
}

func (g group) look(command string) look {
	switch g {
	case nowhere:
		return look{}
	case changes:
		return look{"CHANGES", "what differs between the two", "~", "[DIFF]", cyan, false}
	case expected:
		return look{"EXPECTED CHANGES", "the plan wants or allows them", "~", "[EXP ]", cyan, false}
	case fixed:
		return look{"FIXED", "failed at the baseline, fine now", "✓", "[FIX ]", green, false}
	case drift:
		return look{"DRIFT", "changed, and nobody said it may; a warning, fails nothing", "≠", "[DRFT]", yellow, false}
	case preExisting:
		return look{
			"PRE-EXISTING", "failed at the baseline already; not caused by the patch, not counted",
			"–", "[PRE ]", magenta, false,
		}
	case waived:
		return look{
			"WAIVED", "wrong, and somebody answers for it until a day; not counted", "–", "[WAIV]", magenta, false,
		}
	case unreachable:
		return look{"UNREACHABLE", "nothing answered: no verdict for these hosts", "!", "[UNRE]", yellow, false}
	case problem:
		return look{"NO VERDICT", "answered, but not as the host of the baseline", "!", "[NONE]", red, false}
	case unknown:
		return look{"UNKNOWN", "could not be observed: not good, not bad", "?", "[UNKN]", yellow, true}
	case unmet:
		return look{"UNMET", "was meant to change, and did not", "✗", "[UNMT]", red, true}
	case failed:
		if command == "capture" || command == "precheck" {
			return look{
				"FAILING NOW", "fails before the patch: mend it or accept it first", "✗", "[FAIL]", red, true,
			}
		}
		return look{"FAILED", "fails, and nothing is known of before", "✗", "[FAIL]", red, true}
	case overdue:
		return look{
			"WAIVER IS OVER", "was waived until a day that is past: mend it, or renew the waiver", "✗", "[OVER]", red, true,
		}
	case failingDrift:
		return look{"DRIFT THAT FAILS", "changed, and nobody said it may", "≠", "[DRFT]", red, true}
	default:
		return look{"REGRESSION", "was fine before the patch, is broken now", "✗", "[FAIL]", red, true}
	}
}

// groupOf says where a finding is told.
func groupOf(c report.Check, f report.Finding, diff bool) group {
	switch f.Outcome {
	case report.Drifted:
		switch {
		case diff:
			return changes
		case c.Failing && f.Severity == "fail":
			return failingDrift
		case f.Severity == "note":
			return nowhere
		default:
			return drift
		}
	case report.Passed, report.Skipped:
		return nowhere
	case report.Failed:
		if f.Waiver.Over {
			return overdue
		}
		return failed
	default:
		return groupOfOutcome(f.Outcome)
	}
}

// groupOfOutcome says where a check is told that has no finding to show for its
// outcome. An outcome that this program does not know is told among the worst.
func groupOfOutcome(o report.Outcome) group {
	switch o {
	case report.Passed, report.Skipped:
		return nowhere
	case report.Expected:
		return expected
	case report.Fixed:
		return fixed
	case report.Drifted:
		return drift
	case report.PreExisting:
		return preExisting
	case report.Waived:
		return waived
	case report.Unknown:
		return unknown
	case report.Unmet:
		return unmet
	case report.Failed:
		return failed
	case report.Regressed:
		return regression
	default:
		return regression
	}
}

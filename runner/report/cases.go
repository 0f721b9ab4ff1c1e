package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Result is what a check comes to for programs that know tests alone.
type Result string

// The results. Tolerated is wrong, and counted by nobody: pre-existing, or waived.
const (
	CasePassed    Result = "passed"
	CaseFailed    Result = "failed"
	CaseErrored   Result = "errored" // could not be observed
	CaseTolerated Result = "tolerated"
	CaseSkipped   Result = "skipped"
)

// Case is a check as a test, or what is so of a host as a whole.
type Case struct {
	Check  Check
	Result Result
	Said   string // why it did not simply pass, in one line; not cleaned
}

// Cases are a host's checks as tests. A host of which nothing can be judged is one error,
// and what could not be observed of it is skipped: one red, not fifty.
func Cases(h Host) []Case {
	why := ""
	var all []Case
	whole := func(id, said string) {
		c := Check{ID: id, Suite: "postpatch", Outcome: Unknown, Error: said}
		if len(h.Checks) > 0 {
			c.Suite = h.Checks[0].Suite
		}
		all = append(all, Case{c, CaseErrored, said})
	}
	switch {
	case h.Unreachable != "":
		why = "host unreachable"
		whole("host reachable", why+": "+h.Unreachable)
	case h.Problem != "":
		why = "no verdict for this host"
		whole("host comparable", why+": "+h.Problem)
	}
	for _, c := range h.Checks {
		if why != "" && c.Outcome == Unknown {
			all = append(all, Case{c, CaseSkipped, why})
		} else {
			all = append(all, Case{c, c.result(), c.Point()})
		}
	}
	return all
}

func (c Check) result() Result {
	switch c.Outcome {
	case Regressed, Unmet, Failed:
		return CaseFailed
	case Skipped:
		return CaseSkipped
	case PreExisting, Waived, Drifted, Expected, Fixed, Passed:
		switch {
		case c.Failing: // by a drift that its rule makes a failure
			return CaseFailed
		case c.Outcome == PreExisting, c.Outcome == Waived:
			return CaseTolerated
		default:
			return CasePassed
		}
	default: // one of a later version is nothing to pass over
		return CaseErrored
	}
}

// WorstFirst are the check's findings with the point first.
func (c Check) WorstFirst() []Finding {
	findings := slices.Clone(c.Findings)
	slices.SortStableFunc(findings, func(a, b Finding) int {
		switch {
		case Worse(a.Outcome, b.Outcome):
			return -1
		case Worse(b.Outcome, a.Outcome):
			return 1
		default:
			return 0
		}
	})
	return findings
}

// Point is what there is to say of a check in one line, with long values cut; "" where it
// simply passed. It is not cleaned.
func (c Check) Point() string {
	said := ""
	if findings := c.WorstFirst(); len(findings) > 0 {
		said = c.Told(findings[0])
		if more := len(findings) - 1; more > 0 {
			said += fmt.Sprintf(", and %d more", more)
		}
	}
	if said = cmp.Or(c.Error, said); said == "" && c.Outcome != Passed {
		said = string(c.Outcome)
	}
	if c.Mark != "" {
		said = strings.TrimLeft(said+" ["+c.Mark+"]", " ")
	}
	return said
}

// Told is a finding of the check in one line, each value cut so that none pushes another
// out: "state: running -> stopped (expected running)". It is not cleaned.
func (c Check) Told(f Finding) string {
	const most = 80
	cut := func(s string) string { return shorter(s, most) }
	said := cut(f.NowText())
	if f.HasBefore {
		said = cut(f.BeforeText()) + " -> " + said
	}
	label := cut(f.Reading)
	if f.Item != "" && c.Subject(f.Item) != c.ID {
		label = strings.TrimRight(cut(f.Item)+" "+label, " ")
	}
	if label != "" {
		said = label + ": " + said
	}
	switch {
	case f.Wanted == "":
	case f.Outcome == Drifted:
		said += " (rule: " + cut(f.Wanted) + ")"
	default:
		said += " (" + cut(f.Wanted) + ")"
	}
	if f.Waiver != (Waiver{}) {
		said += ", waiver " + strings.Join(f.Waiver.Says(), ", ")
	}
	return said
}

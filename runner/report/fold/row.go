package fold

import (
	"maps"
	"slices"
	"strings"
	"time"

	"postpatch/runner/report"
)

// Row is a host in a table of hosts.
type Row struct {
	Host        string
	Blind       bool // nothing is known of it
	Problem     bool
	Failing     bool
	Outcome     report.Outcome
	Counts      map[report.Outcome]int
	Rebooted    *time.Time
	RebootKnown bool // whether it has rebooted
	Reboot      report.Reboot
	NoHost      bool // what the run has to say of the plan

	compared bool // and not judged
}

// NoBasis is the count of checks that hold, and of which nobody can say that
// nothing has changed. For a table it is an outcome of its own.
const NoBasis report.Outcome = "unbased"

// NewRow makes the row of a host, whose texts are clean; compared says that nothing of it
// was judged.
func NewRow(h report.Host, compared bool) Row {
	r := Row{
		Host: h.Host, compared: compared, Blind: h.Unreachable != "", Problem: h.Problem != "", Outcome: h.Outcome,
		Failing: slices.ContainsFunc(h.Checks, func(c report.Check) bool { return c.Failing }),
		Counts:  maps.Clone(h.Counts), Reboot: h.Reboot,
		Rebooted: h.Rebooted, RebootKnown: h.RebootKnown || h.Rebooted != nil,
		NoHost: len(h.Checks) > 0 && !slices.ContainsFunc(h.Checks, func(c report.Check) bool { return c.Kind != "plan" }),
	}
	if r.Counts == nil { // of a stream that somebody else has written
		r.Counts = map[report.Outcome]int{}
	}
	for _, c := range h.Checks {
		if HasNoBasis(c) {
			r.Counts[report.Passed]--
			r.Counts[NoBasis]++
		}
	}
	return r
}

// Word is the host's verdict. Capitals are for what wants a person.
func (r Row) Word() string {
	switch {
	case r.Blind:
		return "UNREACHABLE"
	case r.Problem:
		return "NO VERDICT"
	}
	switch r.Outcome {
	case report.Passed, report.Skipped, report.Fixed, report.Expected:
		return "ok"
	case report.Drifted, report.PreExisting, report.Waived:
		if r.compared && r.Outcome == report.Drifted {
			return "changed"
		}
		if r.Failing {
			return "DRIFT"
		}
		if r.Outcome == report.Drifted {
			return "drift"
		}
		return "ok"
	case report.Regressed:
		return "REGRESSION"
	case report.Unknown:
		if r.Failing { // by a change: the run fails, whatever else was not seen
			return "DRIFT"
		}
		return "UNKNOWN"
	case report.Unmet, report.Failed:
		return strings.ToUpper(string(r.Outcome))
	default:
		return strings.ToUpper(string(r.Outcome))
	}
}

// Rank sorts hosts so that what wants a person is nearest the end, and what this program
// does not know is no milder than what it knows.
func (r Row) Rank() int {
	words := []string{
		"ok", "drift", "changed", "UNREACHABLE", "NO VERDICT", "UNKNOWN", "UNMET", "DRIFT", "FAILED", "REGRESSION",
	}
	if i := slices.Index(words, r.Word()); i >= 0 {
		return i
	}
	return len(words)
}

// Broken counts the checks that are broken on the host, whoever broke them.
func (r Row) Broken() int {
	return r.Counts[report.Regressed] + r.Counts[report.Failed] + r.Counts[report.Unmet]
}

// Tone is how grave the host's verdict is.
func (r Row) Tone() Tone {
	switch r.Word() {
	case "ok":
		return Good
	case "drift", "changed", "UNREACHABLE", "UNKNOWN":
		return Warning
	default:
		return Bad
	}
}

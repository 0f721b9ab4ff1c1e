package text

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"postpatch/runner/report"
)

// row is a host in the table.
type row struct {
	host     string
	blind    bool // nothing is known of it
	problem  bool
	failing  bool
	compared bool // and not judged
	outcome  report.Outcome
	counts   map[report.Outcome]int
	rebooted *time.Time
	known    bool // whether it has rebooted
	reboot   report.Reboot
	noHost   bool // what the run has to say of the plan
}

// unbased is the count of checks that hold, and of which nobody can say that
// nothing has changed. For a table it is an outcome of its own.
const unbased report.Outcome = "unbased"

func newRow(h report.Host, compared bool) row {
	r := row{
		host: h.Host, compared: compared, blind: h.Unreachable != "", problem: h.Problem != "", outcome: h.Outcome,
		failing: slices.ContainsFunc(h.Checks, func(c report.Check) bool { return c.Failing }),
		counts:  maps.Clone(h.Counts), rebooted: h.Rebooted, known: h.RebootKnown || h.Rebooted != nil, reboot: h.Reboot,
		noHost: len(h.Checks) > 0 && !slices.ContainsFunc(h.Checks, func(c report.Check) bool { return c.Kind != "plan" }),
	}
	for _, c := range h.Checks {
		if hasNoBasis(c) {
			r.counts[report.Passed]--
			r.counts[unbased]++
		}
	}
	return r
}

// word is the host's verdict. Capitals are for what wants a person.
func (r row) word() string {
	switch {
	case r.blind:
		return "UNREACHABLE"
	case r.problem:
		return "NO VERDICT"
	}
	switch r.outcome {
	case report.Passed, report.Skipped, report.Fixed, report.Expected:
		return "ok"
	case report.Drifted, report.PreExisting, report.Waived:
		if r.compared && r.outcome == report.Drifted {
			return "changed"
		}
		if r.failing {
			return "DRIFT"
		}
		if r.outcome == report.Drifted {
			return "drift"
		}
		return "ok"
	case report.Regressed:
		return "REGRESSION"
	case report.Unknown, report.Unmet, report.Failed:
		return strings.ToUpper(string(r.outcome))
	default:
		return strings.ToUpper(string(r.outcome))
	}
}

// rank sorts hosts so that what wants a person is nearest the end.
func (r row) rank() int {
	word := r.word()
	return slices.Index([]string{
		"ok", "drift", "changed", "UNREACHABLE", "NO VERDICT", "UNKNOWN", "UNMET", "DRIFT", "FAILED", "REGRESSION",
	}, word)
}

// broken counts the checks that are broken on the host, whoever broke them.
func (r row) broken() int {
	return r.counts[report.Regressed] + r.counts[report.Failed] + r.counts[report.Unmet]
}

func (r row) color() string {
	switch r.word() {
	case "ok":
		return green
	case "drift", "changed", "UNREACHABLE", "UNKNOWN":
		return yellow
	default:
		return red
	}
}

// table is a line a host. Hosts that are well are left out where there are many.
func (v *view) table(b *strings.Builder) {
	if len(v.rows) == 0 {
		return
	}
	slices.SortStableFunc(v.rows, func(x, y row) int {
		return cmp.Or(cmp.Compare(x.rank(), y.rank()), cmp.Compare(x.broken(), y.broken()), cmp.Compare(x.host, y.host))
	})
	b.WriteString("\n")
	shown := v.rows
	if len(shown) > groupLimit && v.pen.Verbosity < Verbose {
		ill := slices.IndexFunc(shown, func(r row) bool { return r.word() != "ok" })
		if ill < 0 {
			ill = len(shown)
		}
		if ill > 0 {
			fmt.Fprintf(b, "%s ok, not listed (-v lists them)\n", plural(ill, "host"))
		}
		if more := len(shown) - ill - groupLimit; more > 0 {
			fmt.Fprintf(b, "%s not ok, not listed below (-v lists them)\n", plural(more, "host"))
			ill += more
		}
		shown = shown[ill:]
	}
	if len(shown) > 0 {
		v.hosts(b, shown)
	}
}

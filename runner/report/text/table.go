package text

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
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
}

func newRow(h report.Host, compared bool) row {
	return row{
		host: h.Host, compared: compared, blind: h.Unreachable != "", problem: h.Problem != "", outcome: h.Outcome,
		failing: slices.ContainsFunc(h.Checks, func(c report.Check) bool { return c.Failing }),
		counts:  maps.Clone(h.Counts), rebooted: h.Rebooted,
	}
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
	case report.Drifted, report.PreExisting:
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

// column counts some outcomes of a host.
type column struct {
	title    string
	outcomes []report.Outcome
	always   bool
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

func (v *view) hosts(b *strings.Builder, shown []row) {
	all := v.columns(shown)
	name, word := columns("HOST"), columns("VERDICT")
	for _, r := range shown {
		name, word = max(name, columns(r.host)), max(word, columns(r.word()))
	}
	name = min(name, hostLimit)
	heads := []string{padded("HOST", name), padded("VERDICT", word)}
	for _, c := range all {
		heads = append(heads, c.title)
	}
	if v.run.Command == "verify" {
		heads = append(heads, "rebooted")
	}
	b.WriteString(v.pen.dim(strings.Join(heads, "  ")) + "\n")
	for _, r := range shown {
		b.WriteString(v.pen.bold(padded(v.pen.cut(r.host, name), name)) + "  ")
		b.WriteString(v.pen.paint(padded(r.word(), word), r.color()))
		for _, c := range all {
			n := strconv.Itoa(c.of(r))
			if r.blind || r.problem {
				n = "?"
			}
			fmt.Fprintf(b, "  %*s", len(c.title), n)
		}
		if v.run.Command == "verify" {
			b.WriteString("  " + v.rebooted(r))
		}
		b.WriteString("\n")
	}
}

// columns leaves out what is rare and does not occur.
func (v *view) columns(shown []row) []column {
	judged := v.run.Command == "verify"
	all := []column{
		{"broken", []report.Outcome{report.Regressed, report.Failed, report.Unmet}, v.run.Command != "diff"},
		{"unknown", []report.Outcome{report.Unknown}, false},
		{"drift", []report.Outcome{report.Drifted}, false},
		{"pre", []report.Outcome{report.PreExisting}, judged},
		{"fixed", []report.Outcome{report.Fixed}, judged},
		{"expected", []report.Outcome{report.Expected}, judged},
		{"skipped", []report.Outcome{report.Skipped}, false},
		{"same", []report.Outcome{report.Passed}, true},
	}
	if v.run.Command == "diff" {
		all[2].title = "changed"
	}
	if v.run.Baseline == nil {
		all[len(all)-1].title = "passed"
	}
	return slices.DeleteFunc(all, func(c column) bool {
		return !c.always && !slices.ContainsFunc(shown, func(r row) bool { return c.of(r) > 0 && !r.blind })
	})
}

func (c column) of(r row) int {
	n := 0
	for _, o := range c.outcomes {
		n += r.counts[o]
	}
	return n
}

func (v *view) rebooted(r row) string {
	switch {
	case r.blind || r.problem:
		return "?"
	case r.rebooted == nil:
		return "-"
	case r.rebooted.UTC().Format(time.DateOnly) == v.run.Started.UTC().Format(time.DateOnly):
		return r.rebooted.UTC().Format("15:04:05Z")
	default:
		return strings.Replace(moment(*r.rebooted, v.run.Started), " UTC", "Z", 1)
	}
}

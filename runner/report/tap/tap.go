// Package tap writes a run in the Test Anything Protocol, version 13, which readers of
// version 14 read as well.
package tap

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"postpatch/runner/report"
)

// The limits, in characters, of what is told.
const (
	mostName     = 200
	mostSaid     = 300
	mostFindings = 20
)

// New returns a handler that writes a test point as soon as its host is done. The plan
// comes last: a stream that is cut off has none, and passes with no reader.
func New(w io.Writer) report.Handler { return &writer{out: bufio.NewWriter(w)} }

type writer struct {
	out    *bufio.Writer
	points int
}

// Start implements report.Handler.
func (w *writer) Start(r report.Run) error {
	w.print("TAP version 13\n")
	w.print("# %s\n", said(r.Tool+" "+r.Command+" "+r.Name))
	if r.Baseline != nil {
		w.print("# baseline %s\n", said(r.Baseline.Name))
	}
	for _, note := range r.Notes {
		w.print("# note: %s\n", said(note))
	}
	return w.flush()
}

// Host implements report.Handler.
func (w *writer) Host(h report.Host) error {
	for _, c := range report.Cases(h) {
		w.point(h.Host, c)
	}
	return w.flush()
}

// Finish implements report.Handler. The verdict is a test point of its own: what failed
// must not depend on what a reader makes of the others.
func (w *writer) Finish(s report.Summary) error {
	w.points++
	ok := "ok"
	if s.ExitCode != 0 {
		ok = "not ok"
	}
	w.print("%s %d - verdict\n", ok, w.points)
	w.block(field{"verdict", s.Verdict}, field{"reason", s.Reason}, field{"exit_code", fmt.Sprint(s.ExitCode)})
	w.print("1..%d\n", w.points)
	return w.flush()
}

func (w *writer) point(host string, c report.Case) {
	w.points++
	ok, directive := "ok", ""
	switch c.Result {
	case report.CasePassed:
	case report.CaseSkipped:
		directive = " # SKIP " + words(c.Said, mostSaid)
	case report.CaseTolerated: // known to be wrong, which is what TODO says
		ok, directive = "not ok", " # TODO "+words(string(c.Check.Outcome)+": "+c.Said, mostSaid)
	default:
		ok = "not ok"
	}
	w.print("%s %d - %s%s\n", ok, w.points, name(host, c.Check), directive)
	if c.Said != "" && c.Result != report.CaseSkipped {
		w.diagnose(c)
	}
}

// name stays the same from run to run: it has no value in it.
func name(host string, c report.Check) string {
	s := words(host, mostName) + " " + words(c.Suite, mostName) + "/" + words(c.ID, mostName)
	if strings.HasSuffix(s, "{") { // which begins a block of subtests with some
		s += "}"
	}
	return s
}

// words are a text of a description, in which # begins a directive.
func words(s string, limit int) string {
	s = report.Brief(s, limit)
	if strings.ContainsAny(s, `\#`) { // which is rare, and making a Replacer is not for nothing
		s = strings.NewReplacer(`\`, `\\`, `#`, `\#`).Replace(s)
	}
	return s
}

// field is a line of a diagnostic.
type field struct{ name, value string }

// diagnose tells of a check what a person wants to know.
func (w *writer) diagnose(c report.Case) {
	fields := []field{{"outcome", string(c.Check.Outcome)}, {"message", c.Said}}
	for _, f := range []field{
		{"error", c.Check.Error}, {"why", c.Check.Why}, {"owner", c.Check.Owner}, {"at", c.Check.Place()},
	} {
		if f.value != "" {
			fields = append(fields, f)
		}
	}
	all := c.Check.WorstFirst()
	// No list: to Perl's reader an item "a: b" is a mapping, quotes or not.
	for i, f := range all[:min(len(all), mostFindings)] {
		fields = append(fields, field{fmt.Sprintf("finding_%d", i+1), string(f.Outcome) + " " + c.Check.Told(f)})
	}
	if more := len(all) - mostFindings; more > 0 {
		fields = append(fields, field{"more_findings", fmt.Sprint(more)})
	}
	w.block(fields...)
}

// block is a diagnostic: a small part of YAML that every reader knows.
func (w *writer) block(fields ...field) {
	w.print("  ---\n")
	for _, f := range fields {
		w.print("  %s: %s\n", f.name, quoted(f.value))
	}
	w.print("  ...\n")
}

func quoted(s string) string {
	if s = said(s); strings.ContainsAny(s, `\"`) {
		s = strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s)
	}
	return `"` + s + `"`
}

func said(s string) string { return report.Brief(s, mostSaid) }

// print writes what flush then says of.
func (w *writer) print(format string, args ...any) { _, _ = fmt.Fprintf(w.out, format, args...) }

func (w *writer) flush() error {
	if err := w.out.Flush(); err != nil {
		return fmt.Errorf("writing TAP: %w", err)
	}
	return nil
}

// Package teamcity tells a run in TeamCity's service messages, so that it shows the tests
// while they come.
package teamcity

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf16"

	"postpatch/runner/report"
)

// Options say what is told.
type Options struct {
	// JUnit is a file that TeamCity is to read the tests from, which are then not told
	// here: they would come twice.
	JUnit string
}

// The limits, in characters, of what is told.
const (
	mostName     = 300
	mostSaid     = 300
	mostDetails  = 4000
	mostFindings = 20
)

// New returns a handler that tells a host's tests as soon as it is done.
func New(w io.Writer, o Options) report.Handler { return &writer{out: bufio.NewWriter(w), options: o} }

type writer struct {
	out     *bufio.Writer
	options Options
	run     report.Run
}

// Start implements report.Handler.
func (w *writer) Start(r report.Run) error {
	w.run = r
	return nil
}

// Host implements report.Handler. Each host is a flow of its own.
func (w *writer) Host(h report.Host) error {
	if w.options.JUnit != "" {
		return nil
	}
	flow := brief(h.Host, mostName)
	w.message("flowStarted", "flowId", flow)
	w.message("testSuiteStarted", "name", flow, "flowId", flow)
	for _, c := range report.Cases(h) {
		w.test(flow, c)
	}
	w.message("testSuiteFinished", "name", flow, "flowId", flow)
	w.message("flowFinished", "flowId", flow)
	return w.flush()
}

func (w *writer) test(flow string, c report.Case) {
	// A dot would part it into package and class.
	name := brief(strings.ReplaceAll(c.Check.Suite, ".", "_")+": "+c.Check.ID, mostName)
	w.message("testStarted", "name", name, "flowId", flow)
	switch said := brief(c.Said, mostSaid); c.Result {
	case report.CasePassed:
		if said != "" {
			w.message("testStdOut", "name", name, "out", string(c.Check.Outcome)+": "+said, "flowId", flow)
		}
	case report.CaseSkipped:
		w.message("testIgnored", "name", name, "message", said, "flowId", flow)
	case report.CaseTolerated:
		w.message("testIgnored", "name", name, "message", strings.ToUpper(string(c.Check.Outcome))+": "+said, "flowId", flow)
	default:
		said = strings.ToUpper(brief(string(c.Check.Outcome), mostSaid)) + ": " + said
		w.message("testFailed", "name", name, "message", said, "details", details(c.Check), "flowId", flow)
	}
	w.message("testFinished", "name", name, "duration", strconv.FormatInt(max(c.Check.Took, 0).Milliseconds(), 10),
		"flowId", flow)
}

// details are what a person needs to act.
func details(c report.Check) string {
	var rows []string
	all := c.WorstFirst()
	for _, f := range all[:min(len(all), mostFindings)] {
		rows = append(rows, brief(string(f.Outcome)+" "+c.Told(f), mostSaid))
	}
	if more := len(all) - mostFindings; more > 0 {
		rows = append(rows, fmt.Sprintf("and %d more", more))
	}
	for _, e := range c.Evidence[:min(len(c.Evidence), mostFindings)] {
		rows = append(rows, brief(e.Item+" "+e.Reading+": "+e.Value, mostSaid))
	}
	for _, of := range [][2]string{
		{"error ", c.Error}, {"why ", c.Why}, {"suite ", c.Place()}, {"owner ", c.Owner},
	} {
		if of[1] != "" {
			rows = append(rows, of[0]+brief(of[1], mostSaid))
		}
	}
	text := []rune(strings.Join(rows, "\n"))
	return string(text[:min(len(text), mostDetails)])
}

// Finish implements report.Handler. The verdict is in the build's own line.
func (w *writer) Finish(s report.Summary) error {
	if w.options.JUnit != "" {
		w.message("importData", "type", "junit", "path", brief(w.options.JUnit, mostDetails))
	}
	said := fmt.Sprintf("{build.status.text}; postpatch %s %s: %s", w.run.Command, s.Verdict, s.Reason)
	w.message("buildStatus", "text", brief(said, mostSaid))
	for _, o := range report.Outcomes() {
		w.message("buildStatisticValue", "key", "postpatch."+w.key()+"."+string(o), "value", strconv.Itoa(s.Counts[o]))
	}
	return w.flush()
}

func (w *writer) key() string { return brief(w.run.Command, mostName) }

// message writes one, with its attributes in pairs.
func (w *writer) message(name string, attributes ...string) {
	_, _ = w.out.WriteString("##teamcity[" + name)
	for i := 0; i < len(attributes); i += 2 {
		_, _ = w.out.WriteString(" " + attributes[i] + "='" + escaped(attributes[i+1]) + "'")
	}
	_, _ = w.out.WriteString("]\n")
}

func (w *writer) flush() error {
	if err := w.out.Flush(); err != nil {
		return fmt.Errorf("writing messages for TeamCity: %w", err)
	}
	return nil
}

func brief(s string, limit int) string { return report.Brief(s, limit) }

// escaped is a value as TeamCity reads it. What is not ASCII is spelled out: who reads the
// stream may take it for another encoding.
func escaped(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return r >= 0x80 || strings.ContainsRune("|'[]\n", r) }) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case strings.ContainsRune("|'[]", r):
			b.WriteString("|" + string(r))
		case r == '\n':
			b.WriteString("|n")
		case r < 0x80:
			b.WriteRune(r)
		default:
			for _, unit := range utf16.Encode([]rune{r}) {
				fmt.Fprintf(&b, "|0x%04X", unit)
			}
		}
	}
	return b.String()
}

// Package markdown writes a run as a summary for the pages of GitHub and Azure Pipelines:
// the verdict first, then what is worst.
package markdown

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"postpatch/runner/report"
	"postpatch/runner/report/fold"
)

// Options say how long a summary may be, and where there is more.
type Options struct {
	// Limit is in bytes; 900 000 when it is 0. GitHub drops a step's summary whole that has
	// more than 1 MiB.
	Limit int
	HTML  string // the name of the HTML report; "" where there is none
}

// The limits of what is told.
const (
	limit    = 900_000
	mostSaid = 200 // characters of a value
	mostRows = 200 // of a group
	mostKept = 100 // hosts of the table
	mostList = 8   // hosts that are named of one entry, notes, findings of one cell
)

// New returns a handler that writes the summary when the run finishes.
func New(w io.Writer, o Options) report.Handler {
	if o.Limit <= 0 {
		o.Limit = limit
	}
	return &view{out: w, options: o}
}

type view struct {
	out     io.Writer
	options Options
	run     report.Run
	folder  *fold.Folder
	rows    []fold.Row
	notes   []string
	more    int // notes for which there is no room
	hosts   int
}

// Start implements report.Handler.
func (v *view) Start(r report.Run) error {
	v.run = report.CleanRun(r)
	v.folder = fold.New(r.Command == "diff", nil)
	v.note(v.run.Notes)
	return nil
}

// Host implements report.Handler.
func (v *view) Host(h report.Host) error {
	h = report.BriefHost(h, mostSaid)
	v.folder.Add(h)
	v.hosts++
	v.note(h.Notes)
	if v.rows = append(v.rows, fold.NewRow(h, v.run.Command == "diff")); len(v.rows) > 2*mostKept {
		v.worst()
	}
	return nil
}

// note keeps the first notes, and counts the others.
func (v *view) note(all []string) {
	room := min(len(all), mostList-len(v.notes))
	v.notes, v.more = append(v.notes, all[:room]...), v.more+len(all)-room
}

// Finish implements report.Handler.
func (v *view) Finish(s report.Summary) error {
	s = report.CleanSummary(s)
	v.note(s.Notes)
	p := &page{room: v.options.Limit, more: v.options.HTML}
	p.write(v.head(s))
	for _, g := range slices.Backward(fold.Groups()) {
		v.group(p, g)
	}
	p.write(v.hidden(s))
	v.table(p)
	p.write(v.foot(s))
	if _, err := io.WriteString(v.out, p.String()); err != nil {
		return fmt.Errorf("writing the summary: %w", err)
	}
	return nil
}

// head is the verdict, of what, and what the reader needs to know first.
func (v *view) head(s report.Summary) string {
	sign := map[int]string{0: "✓", 1: "✗"}[s.ExitCode]
	if sign == "" {
		sign = "?"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "## %s %s %s\n\n", sign, code(brief(s.Verdict)), title(v.run.Command))
	fmt.Fprintf(&b, "%s\n\n", code(brief(s.Reason)))
	fmt.Fprintf(&b, "%s, %s, %s, exit code %d", report.Count(v.run.Hosts, "host"), report.Count(v.run.Checks, "check"),
		s.Took.Round(time.Second), s.ExitCode)
	for _, of := range []struct{ label, text string }{
		{"run", v.run.Name}, {"plan", v.run.Plan}, {"suites", strings.Join(v.run.Suites, ", ")}, {"part", v.run.Part},
	} {
		if of.text != "" {
			fmt.Fprintf(&b, ", %s %s", of.label, code(brief(of.text)))
		}
	}
	if base := v.run.Baseline; base != nil {
		fmt.Fprintf(&b, ", baseline %s of %s", code(brief(base.Name)), base.Taken.UTC().Format("2006-01-02 15:04 UTC"))
	}
	b.WriteString("\n\n")
	for _, note := range v.notes {
		fmt.Fprintf(&b, "- note: %s\n", code(brief(note)))
	}
	if v.more > 0 {
		fmt.Fprintf(&b, "- … %s\n", report.Count(v.more, "more note"))
	}
	return b.String() + "\n" + counts(s)
}

func title(command string) string {
	known := map[string]string{
		"verify": "after the patch", "capture": "at the baseline", "precheck": "before the patch",
		"diff": "between two runs", "judge": "of a stored run",
	}
	return known[command]
}

// counts is a table of the checks by what they came to, the worst first.
func counts(s report.Summary) string {
	names, numbers := "", ""
	if s.Unseen > 0 {
		names, numbers = "| unreachable hosts ", fmt.Sprintf("| %d ", s.Unseen)
	}
	for _, o := range slices.Backward(report.Outcomes()) {
		if n := s.Counts[o]; n > 0 {
			names += "| " + string(o) + " "
			numbers += fmt.Sprintf("| %d ", n)
		}
	}
	if names == "" {
		return ""
	}
	return names + "|\n" + strings.Repeat("|---", strings.Count(names, "|")) + "|\n" + numbers + "|\n\n"
}

// hidden says what is not shown.
func (v *view) hidden(s report.Summary) string {
	var b strings.Builder
	for _, of := range []struct {
		n    int
		what string
	}{
		{s.Counts[report.Passed], "that passed"}, {s.Counts[report.Skipped], "that was skipped"},
	} {
		if of.n > 0 {
			fmt.Fprintf(&b, "- %s %s\n", report.Count(of.n, "check"), of.what)
		}
	}
	if b.Len() == 0 {
		return ""
	}
	return "Not shown:\n\n" + b.String() + "\n"
}

// foot is what to do now.
func (v *view) foot(s report.Summary) string {
	var b strings.Builder
	for _, command := range s.Next[:min(len(s.Next), mostList)] {
		fmt.Fprintf(&b, "- next: %s\n", code(report.Brief(command, 1000)))
	}
	if v.options.HTML != "" {
		fmt.Fprintf(&b, "- the whole report: %s\n", code(brief(v.options.HTML)))
	}
	return b.String()
}

func brief(s string) string { return report.Brief(s, mostSaid) }

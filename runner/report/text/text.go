// Package text tells a run to a person at a terminal: grouped by what it means,
// the worst nearest the end, the verdict last.
package text

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"postpatch/runner/report"
	"postpatch/runner/report/fold"
)

// The verbosities.
const (
	Quiet   = -1 // the verdict's line only
	Normal  = 0
	Verbose = 1 // lists what is hidden by default
	Raw     = 2 // and cuts nothing
)

// Options say how the report looks.
type Options struct {
	Color     bool
	ASCII     bool // for consoles and files that lose other characters
	Width     int  // of a line in characters; 100 when 0
	Verbosity int
	// ShowIgnored lists the changes that rules hide, as Raw does.
	ShowIgnored bool
	ByOwner     bool // tells each owner's part in a section of its own
	Sections    Sections
	// Reports are the paths of the report files, asked for when they have been written; may
	// be nil.
	Reports func() []string
}

// New returns a handler that writes the report when the run finishes.
func New(w io.Writer, o Options) report.Handler {
	if o.Width <= 0 {
		o.Width = 100
	}
	o.Width = max(o.Width, 60)
	return &view{
		out: w, pen: pen{o}, sessions: map[string][]string{},
		hiding: map[hiding]map[string][]string{}, sections: map[string]*section{},
	}
}

type view struct {
	out    io.Writer
	run    report.Run
	folder *fold.Folder
	diff   bool
	rows   []fold.Row
	notes  notes // of the hosts
	late   lates
	pen    pen
	// sessions are the hosts by how they were asked.
	sessions  map[string][]string
	hiding    map[hiding]map[string][]string // the changes by rule, and the hosts by change
	sections  map[string]*section            // of the owners, where they are told apart
	sum       report.Summary
	sectioned int // sections of the log
	// Of the checks that the suites ask for:
	observed, unknown int
	partly            int // of the unknown ones
	unbased           int // hold, with nothing to be compared with
}

func (v *view) Start(r report.Run) error {
	v.run = report.CleanRun(r)
	v.diff = r.Command == "diff"
	v.folder = v.newFolder()
	return nil
}

func (v *view) Host(h report.Host) error {
	h = report.CleanHost(h)
	v.gather(h)
	for _, c := range h.Checks {
		v.count(c)
	}
	if v.pen.Verbosity <= Quiet {
		return nil
	}
	v.folder.Add(h)
	v.divide(h)
	v.notes.add(h.Notes, v.pen.Verbosity >= Raw)
	if h.Session != "" && v.pen.Verbosity >= Verbose {
		v.sessions[h.Session] = append(v.sessions[h.Session], h.Host)
	}
	v.rows = append(v.rows, fold.NewRow(h, v.diff))
	v.late.add(lateOf(h), v.pen.Verbosity >= Verbose)
	return nil
}

// newFolder lists what is no entry only where it is to be listed.
func (v *view) newFolder() *fold.Folder {
	var list func(report.Finding) string
	if v.pen.Verbosity >= Verbose {
		list = v.pen.change
	}
	f := fold.New(v.diff, list)
	f.All = v.pen.Verbosity >= Raw
	return f
}

func (v *view) count(c report.Check) {
	if fold.HasNoBasis(c) {
		v.unbased++
	}
	switch asked := c.Line > 0 || v.diff; { // what the run adds of its own stands on no line
	case !asked || c.Outcome == report.Skipped:
	case c.Outcome == report.Unknown:
		v.unknown++
		if c.Partly {
			v.partly++
		}
	default:
		v.observed++
	}
}

func (v *view) Finish(s report.Summary) error {
	v.sum = report.CleanSummary(s)
	s = v.sum
	var b strings.Builder
	if v.pen.Verbosity > Quiet {
		v.header(&b)
		if v.pen.ByOwner {
			v.byOwner(&b, s)
		} else {
			v.groups(&b, v.folder)
		}
		v.settled(&b)
		v.hidden(&b, s)
		v.table(&b)
		v.ownerTable(&b, s)
		v.next(&b, s)
	}
	v.verdict(&b, s)
	if v.pen.Verbosity > Quiet {
		v.reports(&b)
	}
	if _, err := io.WriteString(v.out, v.pen.finished(b.String())); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

// header says what was done, with what it is compared, and what to know first.
func (v *view) header(b *strings.Builder) {
	r := v.run
	title := map[string]string{
		"verify": "Post-patch verification", "capture": "Baseline capture", "diff": "Comparison of two runs",
		"judge": "Stored run judged again", "precheck": "Check before the patch",
	}[r.Command]
	if title == "" {
		title = "postpatch " + r.Command
	}
	parts := []string{title}
	switch {
	case r.Baseline != nil:
		parts = append(parts, fmt.Sprintf("baseline %s (%s, %s)", r.Baseline.Name,
			moment(r.Baseline.Taken, r.Started), ago(r.Started.Sub(r.Baseline.Taken))))
	case r.Name != "":
		parts = append(parts, r.Name)
	}
	parts = append(parts, report.Count(r.Hosts, "host")+", "+report.Count(r.Checks, "check"))
	head := strings.Join(v.pen.flow(parts, v.pen.Width), "\n")
	b.WriteString(v.pen.bold(title) + strings.TrimPrefix(head, title) + "\n")
	parts = nil
	if r.Plan != "" {
		parts = append(parts, "plan "+r.Plan)
	}
	if len(r.Suites) > 0 {
		parts = append(parts, "suites "+listed(r.Suites, v.pen.Width/2, v.pen.Verbosity < Verbose))
	}
	if !r.Started.IsZero() {
		parts = append(parts, "started "+moment(r.Started, r.Started))
	}
	for _, row := range v.pen.flow(parts, v.pen.Width) {
		b.WriteString(v.pen.dim(row) + "\n")
	}
	for _, note := range slices.Concat(r.Notes, v.sum.Notes, v.hostNotes()) {
		rows := v.pen.rows(note, v.pen.Width-len("note  "))
		b.WriteString(v.pen.paint("note", bold+yellow) + "  " + strings.Join(rows, "\n      ") + "\n")
	}
}

// hidden says what is not shown, so that nobody takes it for not looked at.
func (v *view) hidden(out *strings.Builder, s report.Summary) {
	b := &strings.Builder{}
	lists := ""
	if v.pen.Verbosity < Verbose {
		lists = " (-v lists them)"
	}
	if n := v.unbased; n > 0 {
		judged := "judged by their expectations alone"
		if n == 1 {
			judged = "judged by its expectations alone"
		}
		v.listing(b, report.Count(n, "check")+" had nothing to be compared with: "+judged+lists, v.folder.Unbased)
	}
	if n := s.Counts[report.Passed] - v.unbased; n > 0 {
		what := " unchanged "
		if v.run.Baseline == nil {
			what = " passed "
		}
		v.listing(b, report.Thousands(n)+what+checks(n)+" hidden"+lists, v.folder.Unchanged)
	}
	if n := s.Counts[report.Skipped]; n > 0 {
		v.listing(b, report.Thousands(n)+" skipped "+checks(n)+" hidden"+lists, v.folder.Skipped)
	}
	if n := v.folder.NoteCount; n > 0 {
		v.listing(b, report.Count(n, "change")+" of severity note hidden"+lists, v.folder.Notes)
	}
	v.ignored(b, s)
	if v.pen.Verbosity >= Verbose && len(v.sessions) > 0 {
		v.listing(b, "how hosts were asked", v.sessions)
	}
	if b.Len() > 0 {
		out.WriteString("\n" + b.String())
	}
}

// stored says under which name a capture is kept, and of how much it is none.
func (v *view) stored(b *strings.Builder, unfinished bool) {
	if unfinished {
		b.WriteString("\nNot finished: " + v.run.Name + " is no baseline until it is taken up and done\n")
		return
	}
	rows := v.pen.rows("Stored as "+v.run.Name+": "+v.worth(), v.pen.Width)
	b.WriteString("\n" + strings.Join(rows, "\n") + "\n")
}

// worth says what a capture is good for.
func (v *view) worth() string {
	none := v.unknown - v.partly
	have := func(n int) string { return report.Thousands(n) + " " + pick(n, "has", "have") }
	ofAll := func(n int) string {
		return fmt.Sprintf("%s of %s %s", report.Thousands(n), report.Count(v.run.Checks, "check"), pick(n, "has", "have"))
	}
	switch lack := "no baseline, because " + pick(none, "it", "they") + " could not be observed"; {
	case v.unknown == 0:
		return "the baseline to verify against after the patch"
	case none == 0:
		return ofAll(v.partly) + " a part of a baseline, because the rest could not be observed"
	case v.partly == 0:
		return ofAll(none) + " " + lack
	default:
		return ofAll(none) + " " + lack + "; " + have(v.partly) + " a part of one"
	}
}

func pick(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// verdict is the last line, whatever came before.
func (v *view) verdict(b *strings.Builder, s report.Summary) {
	if v.pen.Verbosity > Quiet {
		b.WriteString("\n")
	}
	parts := []string{v.pen.paint(s.Verdict, bold+verdictColor(s.ExitCode))}
	if s.Reason != "" {
		parts = append(parts, s.Reason)
	}
	total := v.run.Checks
	if v.observed < total {
		parts = append(parts, fmt.Sprintf("%s of %s observed", report.Thousands(v.observed), report.Count(total, "check")))
	}
	parts = append(parts, report.Spell(s.Took), fmt.Sprintf("exit %d", s.ExitCode))
	b.WriteString(v.pen.bold("VERDICT") + "  " + strings.Join(parts, "   ") + "\n")
}

func verdictColor(exit int) string {
	switch exit {
	case 0:
		return green
	case 1, 2:
		return red
	default:
		return yellow
	}
}

// Package annotate has a pipeline's system show what is not well at the lines of the suites
// that ask for it.
package annotate

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"postpatch/runner/report"
	"postpatch/runner/report/fold"
)

// Options say how annotations are written.
type Options struct {
	Form Form // GitHub or Azure
	// Path is a suite's file as the repository knows it; nil leaves it as it is.
	Path func(file string) string
	// Issues has Azure show a step as one with issues where the run does not pass and the
	// script goes on all the same. One that fails stays failed.
	Issues bool
}

// The limits. Of the eleventh annotation of a step nothing is shown.
const (
	mostAnnotations = 10
	mostKept        = 5000 // checks of one outcome
	mostHosts       = 5
	mostEvidence    = 3
	mostSaid        = 300 // characters
	mostTitle       = 200
	mostLong        = 1000
)

// New returns a handler that writes the annotations when the run finishes, the worst first,
// and counts in the last one what there is no room for.
func New(w io.Writer, o Options) report.Handler {
	if o.Path == nil {
		o.Path = func(file string) string { return file }
	}
	return &writer{out: w, options: o, folder: fold.New(false, nil), kept: map[report.Outcome]int{}}
}

type writer struct {
	out     io.Writer
	options Options
	run     report.Run
	folder  *fold.Folder
	kept    map[report.Outcome]int // checks
	lost    int                    // those for which there was no room
}

// Start implements report.Handler.
func (w *writer) Start(r report.Run) error {
	w.run = report.Run{Command: report.Brief(r.Command, mostSaid)}
	return nil
}

// Host implements report.Handler.
func (w *writer) Host(h report.Host) error {
	checks := h.Checks
	h.Checks = nil
	for _, c := range checks {
		if !c.Failing && report.Worse(report.Unknown, c.Outcome) {
			continue
		}
		if w.kept[c.Outcome]++; w.kept[c.Outcome] > mostKept {
			w.lost++
			continue
		}
		c.Mark, c.Hidden, c.Settled = "", nil, nil
		c.Findings = slices.DeleteFunc(slices.Clone(c.Findings), func(f report.Finding) bool {
			return report.Worse(report.Unknown, f.Outcome) && (f.Outcome != report.Drifted || f.Severity != "fail")
		})
		h.Checks = append(h.Checks, c)
	}
	if len(h.Checks) > 0 || h.Unreachable != "" || h.Problem != "" {
		w.folder.Add(report.BriefHost(h, mostSaid))
	}
	return nil
}

func brief(s string) string { return report.Brief(s, mostSaid) }

// Finish implements report.Handler.
func (w *writer) Finish(s report.Summary) error {
	all, more := w.all()
	verdict := brief(s.Verdict) + ", " + brief(s.Reason)
	if len(all) == 0 && s.ExitCode != 0 {
		all = append(all, Annotation{Level: Error, Title: "postpatch " + w.run.Command, Text: verdict})
	}
	if len(all) > 0 && (more > 0 || len(all) > mostAnnotations) {
		told := min(len(all), mostAnnotations-1)
		last := Annotation{Level: all[len(all)-1].Level, Title: "postpatch " + w.run.Command}
		if told < len(all) {
			last.Level = all[told].Level
		}
		last.Text = fmt.Sprintf("and %d more, which the report has: %s", more+len(all)-told, verdict)
		all = append(all[:told], last)
	}
	var b strings.Builder
	for _, a := range all {
		b.WriteString(w.options.Form(a) + "\n")
	}
	if w.options.Issues && s.ExitCode != 0 {
		b.WriteString(AzureCommand("task.complete result=SucceededWithIssues;", verdict) + "\n")
	}
	if _, err := io.WriteString(w.out, b.String()); err != nil {
		return fmt.Errorf("writing annotations: %w", err)
	}
	return nil
}

// all are the annotations that there is room for and some more, the worst first, and of
// what is equally bad what is so on most hosts; and how many there are beside them.
func (w *writer) all() (all []Annotation, more int) {
	const most = 10 * mostAnnotations // of a group: to put entries together compares each with each
	more = w.lost
	for _, g := range slices.Backward(fold.Groups()) {
		entries := w.folder.Of(g)
		more += fold.SizeOf(entries).Beyond
		slices.SortStableFunc(entries, func(a, b *fold.Entry) int { return len(b.Hosts) - len(a.Hosts) })
		some := entries[:min(len(entries), most)]
		more += len(entries) - len(some)
		for _, e := range fold.Together(some) {
			all = append(all, w.annotation(g, e))
		}
	}
	return all, more
}

func (w *writer) annotation(g fold.Group, e *fold.Entry) Annotation {
	look := g.Look(w.run.Command)
	a := Annotation{Level: Warning, Code: brief(string(e.Check.Outcome)), Line: e.Check.Line}
	if look.Tone == fold.Bad {
		a.Level = Error
	}
	if a.Code == "" {
		a.Code = strings.ReplaceAll(strings.ToLower(look.Title), " ", "-")
	}
	if e.Check.File != "" {
		a.File = brief(w.options.Path(e.Check.File))
	}
	title := look.Title + " " + e.Subject + " on "
	if e.Subject == "" {
		title = look.Title + " "
	}
	hosts := strings.Join(e.Hosts[:min(len(e.Hosts), mostHosts)], ", ")
	if more := len(e.Hosts) - mostHosts; more > 0 {
		hosts += fmt.Sprintf(" and %d more", more)
	}
	a.Title = report.Brief(title+hosts, mostTitle)
	a.Text = report.Brief(strings.Join(said(e), "; "), mostLong)
	return a
}

// said is what there is to say of an entry.
func said(e *fold.Entry) []string {
	var all []string
	if e.Reason != "" {
		all = append(all, e.Reason)
	}
	for _, f := range e.Findings {
		f.Item = "" // the title has it
		all = append(all, e.Check.Told(f))
	}
	for _, because := range e.Evidence[:min(len(e.Evidence), mostEvidence)] {
		all = append(all, because.Reading+": "+because.Value)
	}
	for _, of := range [][2]string{{"why: ", e.Check.Why}, {"owner: ", e.Check.Owner}} {
		if of[1] != "" {
			all = append(all, of[0]+of[1])
		}
	}
	if len(all) == 0 {
		all = append(all, string(e.Check.Outcome))
	}
	return all
}

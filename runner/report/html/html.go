// Package html writes a run as one file for a browser: a summary that is read without
// style and script, and the data of all checks for the app that takes its place.
package html

import (
	"fmt"
	"html/template"
	"io"

	"postpatch/runner/report"
)

// Version is the version of the data blocks that the app reads.
const Version = 1

// Options say what stands above the results.
type Options struct {
	Redacted bool   // the names in the stream have been replaced
	Banner   string // in place of the usual words on who may see the report
}

// New returns a handler that writes the document when the run finishes, since the
// summary comes first in it. What is kept until then is kept compressed. A run that is
// cut off writes nothing.
func New(w io.Writer, o Options) report.Handler {
	return newWriter(o, func(r *whole) error { return r.file(w) })
}

func newWriter(o Options, write func(*whole) error) *writer {
	return &writer{options: o, limits: limits{foldLimit, detailRoom}, write: write}
}

type writer struct {
	options Options
	write   func(*whole) error
	data    *data
	static  *static
	limits  limits
}

// whole is a report when all is told.
type whole struct {
	page *page
	data *data
	meta meta
}

func (w *writer) Start(r report.Run) error {
	w.data = newData(report.CleanRun(r), w.limits)
	w.static = newStatic(r.Command)
	return nil
}

func (w *writer) Host(h report.Host) error {
	w.static.add(h)
	if err := w.data.add(h); err != nil {
		return fmt.Errorf("writing host %q as HTML: %w", h.Host, err)
	}
	return nil
}

func (w *writer) Finish(s report.Summary) error {
	s = report.CleanSummary(s)
	r := &whole{page: newPage(w.data.run, s, w.static), data: w.data, meta: w.meta(s)}
	r.page.Banner = w.options.banner()
	if err := w.write(r); err != nil {
		return fmt.Errorf("writing the HTML report: %w", err)
	}
	return nil
}

// file writes all in one.
func (r *whole) file(w io.Writer) error {
	style, script, err := appFiles()
	if err != nil {
		return err
	}
	p := r.page
	p.Style, p.Script, p.Policy = template.CSS(style), template.JS(script), policy(hash(script), hash(style))
	if err := p.begin(w); err != nil {
		return err
	}
	if err := r.data.each(r.meta, func(b block) error { return b.tag(w) }); err != nil {
		return err
	}
	return p.end(w)
}

// meta is what the app reads first.
type meta struct {
	Version  int              `json:"version"`
	Run      report.Run       `json:"run"`
	Summary  report.Summary   `json:"summary"`
	Outcomes []report.Outcome `json:"outcomes"` // mildest first; the other blocks count in it
	Folded   bool             `json:"folded"`   // passed checks have no row
	Total    int              `json:"total"`    // checks, those without a row too
	Rows     int              `json:"rows"`
	// DetailChunks are the first rows of the blocks details-0, details-1 and so on.
	DetailChunks []int `json:"detailChunks"`
	// WithoutDetails are the rows that have something to tell for which the file has no room.
	WithoutDetails int    `json:"withoutDetails,omitempty"`
	Redacted       bool   `json:"redacted"`
	Banner         string `json:"banner"`
}

func (w *writer) meta(s report.Summary) meta {
	d := w.data
	return meta{
		Version: Version, Run: d.run, Summary: s, Outcomes: d.outcomes.words, Folded: d.folded, Total: d.total,
		Rows: d.rows.n, WithoutDetails: d.details.without,
		Redacted: w.options.Redacted, Banner: w.options.banner(),
	}
}

func (o Options) banner() string {
	switch {
	case o.Banner != "":
		return report.CleanLine(o.Banner)
	case o.Redacted:
		return "Redacted: the names of hosts, accounts and addresses are replaced by others."
	default:
		return "Internal: this report names hosts, accounts and software. Share it with those who may know them."
	}
}

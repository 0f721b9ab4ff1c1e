// Package junit writes a run as JUnit XML, in the dialect that Jenkins, Azure
// Pipelines, GitLab and the usual actions of GitHub all read.
package junit

import (
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/jstemmer/go-junit-report/v2/junit"

	"postpatch/runner/report"
)

// New returns a handler that writes one document: as the hosts come where w is
// Rewritable, and otherwise when the run finishes.
func New(w io.Writer, o Options) report.Handler {
	return &writer{sorter: sorter{Options: o}, whole: w}
}

// Pages are documents that a run is parted into.
type Pages struct {
	// Open returns what the next document is written to, which is closed when it is done.
	// It is told a document for each host its host, and all their number, from 1 on.
	Open func(number int, host string) (io.WriteCloser, error)
	Most int // cases in one; 0 for a document for each host
}

// NewPages returns a handler that writes one document after another. The cases of a host
// with more of them than go into one are in several.
func NewPages(p Pages, o Options) report.Handler {
	return &writer{sorter: sorter{Options: o}, pages: p}
}

type writer struct {
	sorter
	whole  io.Writer
	pages  Pages
	page   io.Closer
	opened int
	run    report.Run
	doc    *document // nil before the first
	names  names
	tc     testcase
}

// Start implements report.Handler.
func (w *writer) Start(r report.Run) error {
	w.run, w.names.qualified = r, w.Qualified
	w.folds = w.Granularity == Auto && r.Checks > foldAbove
	if w.whole != nil {
		w.doc = newDocument(w.whole, w.title())
	}
	return nil
}

func (w *writer) title() string { return "postpatch " + line(w.run.Command) }

// Host implements report.Handler.
func (w *writer) Host(h report.Host) error {
	h.Host = cmp.Or(short(line(h.Host)), "(no name)") // some consumers throw where a name is empty
	w.names.enter(h.Host)
	cases := w.sort(&h)
	for piece := 1; piece == 1 || len(cases) > 0; piece++ {
		n, err := w.room(h.Host, len(cases))
		if err != nil {
			return err
		}
		if piece == 1 && w.left > 0 {
			w.doc.left, w.doc.leftFor = w.doc.left+w.left, w.doc.leftFor+1
		}
		if len(cases) > 0 || w.left == 0 { // a host with nothing in the scope is but counted
			w.suite(&h, cases[:n], piece)
		}
		if w.doc.err != nil {
			return fmt.Errorf("writing host %q as JUnit: %w", h.Host, w.doc.err)
		}
		cases = cases[n:]
	}
	return nil
}

// room makes sure of a document for the next cases of a host, and says how many of them
// it takes.
func (w *writer) room(host string, cases int) (int, error) {
	if w.whole != nil {
		return cases, nil
	}
	most := w.pages.Most
	if w.scoped() {
		most-- // for the one that says what is left out
	}
	most = max(most, 1)
	each := w.pages.Most == 0
	if w.doc == nil || each || w.doc.totals.Tests > 0 && w.doc.totals.Tests+cases > most {
		if err := w.turn(host); err != nil {
			return 0, err
		}
	}
	if each {
		return cases, nil
	}
	return min(cases, most-w.doc.totals.Tests), nil
}

// turn goes on to the next page.
func (w *writer) turn(host string) error {
	if err := w.closePage(); err != nil {
		return err
	}
	w.opened++
	to, err := w.pages.Open(w.opened, host)
	if err != nil {
		return err
	}
	w.page, w.doc = to, newDocument(to, w.title())
	if w.pages.Most == 0 {
		w.doc.label = " (" + host + ")"
	} else if w.opened > 1 {
		w.doc.label = " (" + strconv.Itoa(w.opened) + ")"
	}
	return nil
}

// closePage ends a page; its time is that of its hosts.
func (w *writer) closePage() error {
	if w.doc == nil {
		return nil
	}
	err := w.end(w.doc.took)
	if closed := w.page.Close(); err == nil {
		err = closed
	}
	return err
}

// suite writes a host, or a piece of it.
func (w *writer) suite(h *report.Host, cases []entry, piece int) {
	s := w.head(h, cases, piece)
	s.ID = w.doc.suites
	w.doc.add(&s)
	w.doc.took += max(h.Took, 0)
	w.doc.suite(&s)
	for _, e := range cases {
		w.fill(&w.tc, h, e)
		w.doc.testcase(&w.tc)
	}
	w.doc.endSuite()
}

// head is the suite of a host without its cases, whose counters stand before them.
func (w *writer) head(h *report.Host, cases []entry, piece int) junit.Testsuite {
	began := h.Started
	if began.IsZero() { // nobody went there
		began = w.run.Started
	}
	s := junit.Testsuite{
		Name: h.Host + w.names.again + w.Part.suffix(), Hostname: h.Host, Tests: len(cases), Time: seconds(h.Took),
		Timestamp: timestamp(began),
	}
	if piece > 1 {
		s.Name += " (" + strconv.Itoa(piece) + ")"
	}
	for _, e := range cases {
		switch e.status {
		case failed:
			s.Failures++
		case erred:
			s.Errors++
		case skipped:
			s.Skipped++
		case passed:
		}
	}
	w.properties(&s, h, cases)
	return s
}

// properties say of a host what holds for all its cases.
func (w *writer) properties(s *junit.Testsuite, h *report.Host, cases []entry) {
	add := func(name, value string) {
		if value != "" { // the schema knows no empty list of them
			s.AddProperty(name, brief(value, bodyLimit))
		}
	}
	add("run", w.run.Name)
	add("plan", w.run.Plan)
	add("part", w.run.Part)
	add(w.Part.By, w.Part.Name)
	if w.run.Baseline != nil {
		add("baseline", w.run.Baseline.Name)
	}
	add("reboot", h.Reboot.Words)
	if h.Settled > 0 {
		add("settled", h.Settled.String()+" after the start")
	}
	for _, e := range cases {
		if e.about == unchangedOnes || e.about == unseenOnes {
			add("folded", "unchanged checks are one case for each category: the run has "+counted(w.run.Checks))
			break
		}
	}
	for _, note := range h.Notes {
		add("note", note)
	}
}

func (w *writer) scoped() bool { return w.Scope == Changed || w.Scope == Failed }

// Finish implements report.Handler.
func (w *writer) Finish(s report.Summary) error {
	if w.whole == nil {
		if w.doc == nil && w.pages.Most > 0 { // who collects it should find a file
			if err := w.turn(""); err != nil {
				return err
			}
		}
		return w.closePage()
	}
	if w.doc == nil {
		w.doc = newDocument(w.whole, w.title())
	}
	return w.end(s.Took)
}

// end closes a document. One with a scope says what it leaves out, by a case: Jenkins
// fails a build of which no file has any.
func (w *writer) end(took time.Duration) error {
	if w.scoped() {
		w.leftOut()
	}
	return w.doc.finish(took)
}

func (w *writer) leftOut() {
	said := "failed"
	if w.Scope == Changed {
		said = "changed"
	}
	label := w.Part.suffix() + w.doc.label // or it would be the same in several documents
	s := junit.Testsuite{
		ID: w.doc.suites, Name: w.title() + label, Hostname: "postpatch", Tests: 1, Time: seconds(0),
		Timestamp: timestamp(w.run.Started),
	}
	s.AddProperty("scope", said)
	w.tc = testcase{Testcase: junit.Testcase{
		Name: short("what is not " + said + label), Time: seconds(0),
		Classname: "postpatch." + strings.ReplaceAll(line(w.run.Command), ".", "_"),
		SystemOut: &junit.Output{Data: fmt.Sprintf("not told: %s, of %s", counted(w.doc.left), hosts(w.doc.leftFor))},
	}}
	w.doc.add(&s)
	w.doc.suite(&s)
	w.doc.testcase(&w.tc)
	w.doc.endSuite()
}

func hosts(n int) string {
	if n == 1 {
		return "1 host"
	}
	return strconv.Itoa(n) + " hosts"
}

// timestamp is in UTC and without a zone, which every consumer takes for UTC. Azure knows
// the years from 1 to 9999 alone.
func timestamp(t time.Time) string {
	if t = t.UTC(); t.Year() < 1 || t.Year() > 9999 {
		t = time.Time{}
	}
	return t.Format("2006-01-02T15:04:05")
}

func seconds(d time.Duration) string {
	ms := max(d, 0).Round(time.Millisecond).Milliseconds()
	b := strconv.AppendInt(make([]byte, 0, 16), ms/1000, 10)
	b = append(b, '.', byte('0'+ms/100%10), byte('0'+ms/10%10), byte('0'+ms%10))
	return string(b)
}

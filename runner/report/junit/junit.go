// Package junit writes a run as JUnit XML, in the dialect that Jenkins, Azure
// Pipelines, GitLab and the usual actions of GitHub all read.
package junit

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jstemmer/go-junit-report/v2/junit"

	"postpatch/runner/report"
)

// New returns a handler that writes the document when the run finishes, since
// the counters in its first line are known only then. A run that is cut off
// writes nothing.
func New(w io.Writer) report.Handler { return &writer{out: w} }

// NewFor is New for the part of an owner, of whom each host says so.
func NewFor(owner string, w io.Writer) report.Handler { return &writer{out: w, owner: owner} }

type writer struct {
	owner  string
	out    io.Writer
	run    report.Run
	suites bytes.Buffer // encoded, one a host: a tree of all cases takes ten times the memory
	hosts  int
	totals junit.Testsuites
}

// suite is a host. Its own fields take the place of the embedded ones, which
// wrap texts in CDATA without cleaning them.
type suite struct {
	junit.Testsuite
	Cases []testcase `xml:"testcase"`
}

type testcase struct {
	junit.Testcase
	Skipped   *text   `xml:"skipped"` // the schema wants this order
	Error     *result `xml:"error"`
	Failure   *result `xml:"failure"`
	SystemOut *text   `xml:"system-out"`
}

type result struct {
	junit.Result        // its Data stays empty
	Body         string `xml:",chardata"`
}

type text struct {
	Body string `xml:",chardata"`
}

func (w *writer) Start(r report.Run) error {
	w.run = r
	return nil
}

func (w *writer) Host(h report.Host) error {
	name := cmp.Or(line(h.Host), "(no name)") // some consumers throw where a name is empty
	s := suite{Testsuite: junit.Testsuite{
		ID: w.hosts, Name: name, Hostname: name,
		Time: seconds(h.Took), Timestamp: h.Started.UTC().Format("2006-01-02T15:04:05"),
	}}
	w.hosts++
	property(&s, "run", w.run.Name)
	property(&s, "plan", w.run.Plan)
	property(&s, "part", w.run.Part)
	property(&s, "owner", w.owner)
	if w.run.Baseline != nil {
		property(&s, "baseline", w.run.Baseline.Name)
	}
	property(&s, "reboot", h.Reboot.Words)
	if h.Settled > 0 {
		property(&s, "settled", h.Settled.String()+" after the start")
	}
	for _, note := range h.Notes {
		property(&s, "note", note)
	}
	s.Cases = cases(h)
	count(&s)
	enc := xml.NewEncoder(&w.suites)
	enc.Indent("  ", "  ")
	if err := enc.EncodeElement(s, xml.StartElement{Name: xml.Name{Local: "testsuite"}}); err != nil {
		return fmt.Errorf("writing host %q as JUnit: %w", h.Host, err)
	}
	w.totals.Tests += s.Tests
	w.totals.Failures += s.Failures
	w.totals.Errors += s.Errors
	return w.suites.WriteByte('\n')
}

func (w *writer) Finish(s report.Summary) error {
	var name bytes.Buffer
	if err := xml.EscapeText(&name, []byte("postpatch "+line(w.run.Command))); err != nil {
		return fmt.Errorf("writing the JUnit document: %w", err)
	}
	root := fmt.Sprintf("<testsuites name=\"%s\" tests=\"%d\" failures=\"%d\" errors=\"%d\" time=\"%s\">\n",
		name.String(), w.totals.Tests, w.totals.Failures, w.totals.Errors, seconds(s.Took))
	for _, part := range []io.Reader{
		strings.NewReader(xml.Header + root), &w.suites, strings.NewReader("</testsuites>\n"),
	} {
		if _, err := io.Copy(w.out, part); err != nil {
			return fmt.Errorf("writing the JUnit document: %w", err)
		}
	}
	return nil
}

// property leaves out what is empty: the schema knows no empty list of them.
func property(s *suite, name, value string) {
	if value != "" {
		s.AddProperty(name, line(value))
	}
}

func count(s *suite) {
	for _, c := range s.Cases {
		s.Tests++
		switch {
		case c.Failure != nil:
			s.Failures++
		case c.Error != nil:
			s.Errors++
		case c.Skipped != nil:
			s.Skipped++
		}
	}
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f", max(d, 0).Seconds()) }

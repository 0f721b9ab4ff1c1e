package junit

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jstemmer/go-junit-report/v2/junit"
)

// Rewritable is a writer that can write its begin once more: a file. The counters in a
// document's first line are known only at its end. With room left for them a run of any
// size is told as it comes, in the memory of one host; into any other writer all is
// written at the end, and kept in memory until then. For a pipe the caller has a file
// aside: what a run comes to has no bound, not even compressed, and is no matter of
// memory.
type Rewritable interface {
	io.Writer
	// FillIn writes the very first bytes anew.
	FillIn(begin []byte) error
}

// document is one file.
type document struct {
	encoder
	out     io.Writer
	fill    Rewritable   // nil for what can be written only once
	kept    bytes.Buffer // all but the first line, where that comes last
	name    string
	label   string // tells it from others of its run
	totals  junit.Testsuites
	suites  int
	took    time.Duration // of its hosts
	left    int           // checks that the scope leaves out, and of how many hosts
	leftFor int
}

// digits has room for every counter: a case has more than a hundred bytes.
const digits = 12

func newDocument(out io.Writer, name string) *document {
	d := &document{out: out, name: name}
	d.fill, _ = out.(Rewritable)
	if d.fill == nil {
		d.to = &d.kept
		return d
	}
	d.to = out
	d.raw(string(d.begin(0)))
	return d
}

// begin is the first line. After it come spaces, so that it is as long whatever it says,
// and wherever it is written.
func (d *document) begin(took time.Duration) []byte {
	var e encoder
	e.raw(xml.Header + "<testsuites")
	e.attr("name", d.name)
	fixed := len(e.buf) + len(` tests="" failures="" errors="" time="">`)
	e.count("tests", d.totals.Tests)
	e.count("failures", d.totals.Failures)
	e.count("errors", d.totals.Errors)
	e.attr("time", seconds(took))
	e.raw(">")
	if room := fixed + 4*digits + 2 - len(e.buf); room > 0 {
		e.raw(strings.Repeat(" ", room))
	}
	e.raw("\n")
	return e.buf
}

// add counts a suite.
func (d *document) add(s *junit.Testsuite) {
	d.suites++
	d.totals.Tests += s.Tests
	d.totals.Failures += s.Failures
	d.totals.Errors += s.Errors
}

// finish writes the last line, and the first.
func (d *document) finish(took time.Duration) error {
	d.raw("</testsuites>\n")
	err := d.flush()
	begin := d.begin(took)
	switch {
	case err != nil:
	case d.fill != nil && len(begin) != len(d.begin(0)): // it would write over the first suite
		err = errors.New("more cases than there are digits for")
	case d.fill != nil:
		err = d.fill.FillIn(begin)
	default:
		if _, err = d.out.Write(begin); err == nil {
			_, err = io.Copy(d.out, &d.kept)
		}
	}
	if err != nil {
		return fmt.Errorf("writing the JUnit document: %w", err)
	}
	return nil
}

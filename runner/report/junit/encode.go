package junit

import (
	"io"
	"strconv"
	"unicode/utf8"

	"github.com/jstemmer/go-junit-report/v2/junit"
)

// encoder writes elements of XML as they come. Package encoding/xml takes six times as
// long for a case by case, and writes what is no XML where a CDATA section, as which
// the types have their texts, holds a control character. Here no text comes by
// unescaped, and a character that XML does not know becomes U+FFFD.
type encoder struct {
	to  io.Writer
	buf []byte
	err error // the first one; nothing is written after it
}

const bufferSize = 1 << 15

func (e *encoder) flush() error {
	if e.err == nil && len(e.buf) > 0 {
		_, e.err = e.to.Write(e.buf)
	}
	e.buf = e.buf[:0]
	return e.err
}

func (e *encoder) raw(s string) {
	if len(e.buf) > bufferSize {
		_ = e.flush() // is kept
	}
	e.buf = append(e.buf, s...)
}

func (e *encoder) attr(name, value string) {
	e.raw(" ")
	e.raw(name)
	e.raw(`="`)
	e.escape(value, true)
	e.raw(`"`)
}

// option is an attribute that is left out where it is empty.
func (e *encoder) option(name, value string) {
	if value != "" {
		e.attr(name, value)
	}
}

func (e *encoder) count(name string, n int) {
	e.raw(" ")
	e.raw(name)
	e.raw(`="`)
	e.buf = strconv.AppendInt(e.buf, int64(n), 10)
	e.raw(`"`)
}

// escape writes text.
func (e *encoder) escape(s string, attribute bool) {
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c > '>' && c < utf8.RuneSelf || c >= ' ' && c < '<' && c != '&' && c != '"' { // nearly always
			i++
			continue
		}
		width := 1
		if c >= utf8.RuneSelf {
			_, width = utf8.DecodeRuneInString(s[i:])
		}
		if instead := escaped(s[i:i+width], attribute); instead != "" {
			e.raw(s[start:i])
			e.raw(instead)
			start = i + width
		}
		i += width
	}
	e.raw(s[start:])
}

// escaped is what stands for a character; empty where it may stand itself. In an
// attribute line feeds and tabs would be read as spaces, and everywhere a carriage
// return as a line feed.
func escaped(char string, attribute bool) string {
	const unknown = "\uFFFD"
	switch r, size := utf8.DecodeRuneInString(char); {
	case r == '<':
		return "&lt;"
	case r == '>':
		return "&gt;"
	case r == '&':
		return "&amp;"
	case r == '"' && attribute:
		return "&quot;"
	case r == '\n' && attribute:
		return "&#xA;"
	case r == '\t' && attribute:
		return "&#x9;"
	case r == '\r':
		return "&#xD;"
	case r == '\n', r == '\t':
		return ""
	case r < ' ', r == utf8.RuneError && size == 1, r == 0xFFFE, r == 0xFFFF:
		return unknown
	default:
		return ""
	}
}

// suite opens the element of a suite. All counters are there, also those that are 0.
func (e *encoder) suite(s *junit.Testsuite) {
	e.raw("  <testsuite")
	e.attr("name", s.Name)
	e.count("tests", s.Tests)
	e.count("failures", s.Failures)
	e.count("errors", s.Errors)
	e.count("skipped", s.Skipped)
	e.count("id", s.ID)
	e.attr("hostname", s.Hostname)
	e.attr("time", s.Time)
	e.attr("timestamp", s.Timestamp)
	e.raw(">\n")
	if s.Properties != nil {
		e.properties("    ", *s.Properties)
	}
}

func (e *encoder) endSuite() { e.raw("  </testsuite>\n") }

// properties leaves out an empty list, which the schema does not know.
func (e *encoder) properties(indent string, all []junit.Property) {
	if len(all) == 0 {
		return
	}
	e.raw(indent + "<properties>\n")
	for _, p := range all {
		e.raw(indent + "  <property")
		e.attr("name", p.Name)
		e.attr("value", p.Value)
		e.raw("/>\n")
	}
	e.raw(indent + "</properties>\n")
}

// testcase writes a case, in the order that the schema wants.
func (e *encoder) testcase(tc *testcase) {
	e.raw("    <testcase")
	e.attr("name", tc.Name)
	e.attr("classname", tc.Classname)
	e.attr("time", tc.Time)
	e.option("file", tc.File)
	if tc.Line > 0 {
		e.count("line", tc.Line)
	}
	e.option("owner", tc.Owner)
	if tc.Skipped == nil && tc.Error == nil && tc.Failure == nil && tc.SystemOut == nil &&
		len(tc.Properties) == 0 && len(tc.Flaky) == 0 {
		e.raw("/>\n")
		return
	}
	e.raw(">\n")
	e.properties("      ", tc.Properties)
	e.result("skipped", tc.Skipped)
	e.result("error", tc.Error)
	e.result("failure", tc.Failure)
	for _, f := range tc.Flaky {
		e.raw("      <flakyFailure")
		e.attr("message", f.Message)
		e.attr("type", f.Type)
		e.raw("><stackTrace>")
		e.escape(f.Stack, false)
		e.raw("</stackTrace></flakyFailure>\n")
	}
	if tc.SystemOut != nil {
		e.raw("      <system-out>")
		e.escape(tc.SystemOut.Data, false)
		e.raw("</system-out>\n")
	}
	e.raw("    </testcase>\n")
}

// result leaves out empty attributes: the schema knows none of what is skipped.
func (e *encoder) result(element string, r *junit.Result) {
	if r == nil {
		return
	}
	e.raw("      <" + element)
	e.option("message", r.Message)
	e.option("type", r.Type)
	e.raw(">")
	e.escape(r.Data, false)
	e.raw("</" + element + ">\n")
}

// Package reporttest has streams of results to try views on.
package reporttest

import (
	"bytes"
	"errors"
	"os"
	"reflect"
	"testing"
	"time"

	"postpatch/runner/report"
)

// Stream is a run as a view takes it.
type Stream struct {
	Run     report.Run
	Hosts   []report.Host
	Summary report.Summary
}

// To tells the stream to a view.
func (s Stream) To(h report.Handler) error {
	all := []error{h.Start(s.Run)}
	for _, host := range s.Hosts {
		all = append(all, h.Host(host))
	}
	return errors.Join(append(all, h.Finish(s.Summary))...)
}

// Hostile is a run in which every text is the same one, with a check of each outcome on a
// host that answers, on one that does not, and on one that is another machine.
func Hostile(text string) Stream {
	var s Stream
	fill(reflect.ValueOf(&s), text)
	s.Run.Hosts, s.Run.Checks = 3, 3*len(report.Outcomes())
	var checks []report.Check
	counts := map[report.Outcome]int{}
	for i, o := range report.Outcomes() {
		var c report.Check
		fill(reflect.ValueOf(&c), text)
		c.Outcome, c.Line, c.Failing, c.Error, c.Mark = o, i, report.Worse(o, report.Unknown), "", ""
		if o == report.Unknown {
			c.Error = text
		}
		for k := range c.Findings {
			c.Findings[k].Outcome, c.Findings[k].HasNow, c.Findings[k].HasBefore = o, true, k == 0
		}
		checks, counts[o] = append(checks, c), 1
	}
	h := s.Hosts[0]
	h.Checks, h.Counts, h.Outcome, h.Unreachable, h.Problem = checks, counts, report.Regressed, "", ""
	away, other := h, h
	away.Unreachable, other.Problem = text, text
	s.Hosts = []report.Host{h, away, other}
	s.Summary.Verdict, s.Summary.ExitCode, s.Summary.Counts = "FAIL", 1, counts
	return s
}

// fill puts text wherever a text can stand, and twos into every list.
func fill(v reflect.Value, text string) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		fill(v.Elem(), text)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Date(2026, 3, 15, 2, 52, 0, 0, time.UTC)))
			return
		}
		for _, field := range v.Fields() {
			fill(field, text)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(v.Index(i), text)
		}
	case reflect.Map:
		if v.Type().Key() == reflect.TypeFor[string]() && v.Type().Elem().Kind() == reflect.Int {
			v.Set(reflect.ValueOf(map[string]int{text: 3}))
		}
	case reflect.String:
		v.SetString(text)
	default: // numbers, and whether something is so
	}
}

// Nasty are texts that something takes for more than text.
func Nasty() []string {
	return []string{
		"\x1b[31mred\x07\x00", "\u202egnp.exe", "a]]>b</script><img src=x onerror=alert(1)>", "\xff\xfe",
		"line\r\nnext\n\n# x",
		"##vso[task.setvariable variable=x]y", "x\n::error::y", "::stop-commands::z", "::error title=a:b::z", "::error", "##",
		"##teamcity[testFailed name='x']",
		"|'[]",
		"{", "}", "# SKIP no", `\# TODO x`, "\\", `"`, "...", "  ---", "1..0", "Bail out! now", "pragma +bail", "ok 1 - fine",
		"a|b=1;2;3", "`code` ```fence```", "[x](https://evil.example) ![y](https://evil.example/p.png)",
		"@everyone <!channel> #12",
		"https://evil.example/x", "<!-- c -->", "&lt;b&gt;", "| a | b |", "</details>", "\u2028\u2029",
		"日本 \U0001F600", "%0A%25",
		"a,line=1::x", "];b", "{{x}}", "$(id) `id`", "-", "*x* _y_ ~~z~~", "    indented", "1. one", "> quote", "", " ",
	}
}

// Golden compares what a view wrote with a file; with update it writes the file.
func Golden(t *testing.T, file string, got []byte, update bool) {
	t.Helper()
	if update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, got) {
		t.Errorf("%s is not what is written now (-update writes it):\n%s", file, got)
	}
}

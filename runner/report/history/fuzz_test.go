package history_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"postpatch/runner/report"
	"postpatch/runner/report/history"
	"postpatch/runner/report/jsonl"
)

// checkSafe finds what no text may have in it.
func checkSafe(t *testing.T, text string) {
	t.Helper()
	if !utf8.ValidString(text) {
		t.Errorf("not UTF-8")
	}
	for _, r := range text {
		if r != '\n' && !unicode.IsPrint(r) {
			t.Fatalf("%U is in the text", r)
		}
	}
	for _, command := range []string{"##vso[", "##["} {
		if strings.Contains(text, command) {
			t.Errorf("%s is in the text", command)
		}
	}
}

// FuzzCollect has any bytes told as two runs: what comes of it is a document that can be
// read again, and a text that steers nothing.
func FuzzCollect(f *testing.F) {
	for _, r := range year(f) {
		f.Add(r.lines, r.run.Plan, uint8(80))
	}
	odd := tape{history.Run{Name: "m", Suites: []string{"s"}}, []report.Host{host("\x1b[2J", 1<<62,
		late("a\u202e", -1, "well, well"), is("##vso[x]y", report.Regressed), is("a", report.Unknown))}, -1}
	f.Add(record(f, odd).lines, "\x00", uint8(0))
	f.Fuzz(func(t *testing.T, lines []byte, plan string, width uint8) {
		c := history.New(history.Options{Store: plan})
		var runs []history.Run
		for i := range 2 {
			peek := named{}
			_ = jsonl.Replay(bytes.NewReader(lines), &peek) // whatever it is called, it is that run
			r := history.Run{
				Name: peek.name, Plan: plan, Started: time.Date(2026, 1, 1+40*i, 0, 0, 0, 0, time.UTC), Suites: []string{plan},
			}
			if c.Take(r, func(h report.Handler) error { return jsonl.Replay(bytes.NewReader(lines), h) }) == nil {
				runs = append(runs, r)
			}
		}
		h := c.History(history.GroupRuns(runs))
		for _, look := range []history.Look{{Width: int(width)}, {Width: int(width), ASCII: true, Verbose: true}} {
			var b strings.Builder
			if err := h.Text(&b, look); err != nil {
				t.Fatal(err)
			}
			checkSafe(t, b.String())
		}
		var doc bytes.Buffer
		if err := h.JSON(&doc); err != nil {
			t.Fatalf("it cannot be written: %v", err)
		}
		checkSafe(t, doc.String())
		var again history.History
		if err := json.Unmarshal(doc.Bytes(), &again); err != nil {
			t.Fatalf("it cannot be read again: %v", err)
		}
	})
}

// named is what a stream calls its run.
type named struct{ name string }

func (n *named) Start(r report.Run) error    { n.name = r.Name; return nil }
func (n *named) Host(report.Host) error      { return nil }
func (n *named) Finish(report.Summary) error { return nil }

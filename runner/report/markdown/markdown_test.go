package markdown_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"
	nethtml "golang.org/x/net/html"

	"postpatch/runner/report"
	"postpatch/runner/report/jsonl"
	"postpatch/runner/report/markdown"
	"postpatch/runner/report/reporttest"
)

var update = flag.Bool("update", false, "write the goldens anew")

func TestGoldens(t *testing.T) {
	for _, name := range []string{"mixed", "unreachable", "waivers", "precheck", "diff", "all-pass", "fleet"} {
		t.Run(name, func(t *testing.T) {
			file, err := os.Open("../text/testdata/" + name + ".jsonl")
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = file.Close() }()
			var b bytes.Buffer
			if err := jsonl.Replay(file, markdown.New(&b, markdown.Options{HTML: "out/report.html"})); err != nil {
				t.Fatal(err)
			}
			reporttest.Golden(t, "testdata/"+name+".md", b.Bytes(), *update)
		})
	}
}

func written(t testing.TB, s reporttest.Stream, o markdown.Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := s.To(markdown.New(&b, o)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// rendered is what a page makes of a summary, with everything allowed that anybody allows.
func rendered(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	md := goldmark.New(goldmark.WithExtensions(extension.GFM, extension.Footnote),
		goldmark.WithRendererOptions(html.WithUnsafe()))
	if err := md.Convert([]byte(text), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// inspect wants a page of no elements but ours, with no attributes but ours, and returns
// the texts that are code.
func inspect(t *testing.T, page string) (codes []string) {
	t.Helper()
	root, err := nethtml.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	ours := strings.Fields("html head body h2 p ul li table thead tbody tr th td details summary b br code")
	for n := range root.Descendants() {
		if n.Type == nethtml.CommentNode {
			t.Fatalf("a comment: %q", n.Data)
		}
		if n.Type != nethtml.ElementNode {
			continue
		}
		if !slices.Contains(ours, n.Data) {
			t.Fatalf("an element %s in\n%s", n.Data, page)
		}
		for _, a := range n.Attr {
			if n.Data+" "+a.Key != "details open" && a.Key != "align" && a.Key != "style" {
				t.Fatalf("an attribute %s of %s", a.Key, n.Data)
			}
		}
		if n.Data == "code" {
			var all strings.Builder
			for child := range n.Descendants() {
				if child.Type != nethtml.TextNode {
					t.Fatalf("<%s> in code", child.Data)
				}
				all.WriteString(child.Data)
			}
			codes = append(codes, all.String())
		}
	}
	return codes
}

// evenTables wants every row of a table to have as many bars as its head: what is too much
// would be dropped.
func evenTables(t *testing.T, text string) {
	t.Helper()
	bars := 0
	for line := range strings.Lines(text) {
		n := strings.Count(line, "|")
		if bars > 0 && strings.HasPrefix(line, "|") && n != bars {
			t.Fatalf("%d bars, want %d: %q", n, bars, line)
		}
		if bars = n; !strings.HasPrefix(line, "|") && n > 0 {
			t.Fatalf("bars outside of a table: %q", line)
		}
	}
}

// What hosts say is told as it is, and does nothing.
func FuzzMarkdown(f *testing.F) {
	for _, text := range append(reporttest.Nasty(), strings.Repeat("`|[]", 1<<16)) {
		f.Add(text)
	}
	f.Add("www.evil.example a@evil.example xmpp:a@b.c ftp://x :smile: $x^2$ GH-12 #12 a/b#12 [^1] - [ ] x")
	f.Fuzz(func(t *testing.T, text string) {
		if text == "" { // of a host without a reason nothing is told as a whole
			return
		}
		summary := written(t, reporttest.Hostile(text), markdown.Options{})
		evenTables(t, summary)
		codes := inspect(t, rendered(t, summary))
		if want := report.Brief(text, 200); strings.TrimSpace(want) != "" && !slices.Contains(codes, want) {
			t.Fatalf("nowhere %q in %q", want, codes[:10])
		}
	})
}

// fleet has n hosts of which each is broken in its own way.
func fleet(n int) reporttest.Stream {
	s := reporttest.Stream{
		Run: report.Run{Command: "verify", Hosts: n, Checks: n},
		Summary: report.Summary{
			Verdict: "FAIL", Reason: "much", ExitCode: 1, Counts: map[report.Outcome]int{report.Regressed: n},
		},
	}
	for i := range n {
		s.Hosts = append(s.Hosts, report.Host{
			Host: fmt.Sprintf("h%05d", i), Outcome: report.Regressed, Counts: map[report.Outcome]int{report.Regressed: 1},
			Checks: []report.Check{{
				ID: "os", Outcome: report.Regressed, Failing: true, File: "a.suite.yaml", Line: 3, Why: strings.Repeat("why? ", 30),
				Findings: []report.Finding{{
					Reading: "build", Outcome: report.Regressed, Now: fmt.Sprint(i) + strings.Repeat("|", 200), HasNow: true,
				}},
			}},
		})
	}
	return s
}

// A summary is never too long, counts what it leaves out, and ends what it begins.
func TestLimit(t *testing.T) {
	for _, limit := range []int{20_000, 60_000, 200_000, 900_000} {
		text := written(t, fleet(1000), markdown.Options{Limit: limit, HTML: "r.html"})
		if len(text) > limit || len(text) < limit/4 && limit < 200_000 {
			t.Errorf("%d bytes, with a limit of %d", len(text), limit)
		}
		if !strings.HasPrefix(text, "## ✗ <code>FAIL</code>") ||
			!strings.Contains(text, "the whole report: <code>r.html</code>") {
			t.Errorf("%d: neither head nor foot:\n%.300s", limit, text)
		}
		if strings.Count(text, "<details") != strings.Count(text, "</details>") ||
			!strings.Contains(text, " more in the HTML report") {
			t.Errorf("%d: not whole:\n%s", limit, text[max(0, len(text)-1000):])
		}
		inspect(t, rendered(t, text))
	}
	if text := written(t, fleet(1000), markdown.Options{}); len(text) > 900_000 {
		t.Errorf("%d bytes", len(text))
	}
}

// The worst hosts are kept, whatever comes first.
func TestTheWorstHostsAreListed(t *testing.T) {
	s := fleet(1000)
	for i := range s.Hosts {
		if i != 10 && i != 990 {
			s.Hosts[i].Outcome, s.Hosts[i].Checks, s.Hosts[i].Counts = report.Passed, nil, nil
		}
	}
	_, table, _ := strings.Cut(written(t, s, markdown.Options{}), "<b>Hosts (1000)</b>")
	lines := strings.Split(table, "\n")
	if !strings.HasPrefix(lines[4], "| <code>h00010</code> | <code>REGRESSION</code> | 1 |") ||
		!strings.HasPrefix(lines[5], "| <code>h00990</code>") || !strings.Contains(table, "… 900 more in the report") {
		t.Errorf("got %q", lines[:8])
	}
}

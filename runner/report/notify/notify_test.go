package notify_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"postpatch/runner/report"
	"postpatch/runner/report/notify"
)

var update = flag.Bool("update", false, "write the goldens anew")

func forms() map[string]func(notify.Message) []byte {
	return map[string]func(notify.Message) []byte{"json": notify.JSON, "slack": notify.Slack, "teams": notify.Teams}
}

// told is the message of two hosts: one regressed, one is away.
func told() notify.Message {
	var d notify.Digest
	regressed := report.Check{
		ID: "service/W3SVC", Suite: "shop", Outcome: report.Regressed, Failing: true, Why: "the shop is on it",
		Owner: "web@example.org", File: "shop.suite.yaml", Line: 7,
		Findings: []report.Finding{
			{Reading: "start_mode", Outcome: report.Drifted, Now: "manual", HasNow: true},
			{
				Reading: "state", Outcome: report.Regressed, Before: "running", Now: "stopped", HasBefore: true, HasNow: true,
				Wanted: "expected running",
			},
		},
	}
	passed := report.Check{ID: "os", Outcome: report.Passed}
	away := report.Check{ID: "os", Outcome: report.Unknown, Error: "no answer"}
	d.Add(report.Host{Host: "web01", Checks: []report.Check{passed, regressed}})
	d.Add(report.Host{Host: "web03", Checks: []report.Check{regressed}})
	d.Add(report.Host{Host: "web02", Unreachable: "no answer", Checks: []report.Check{away}})
	items, more := d.Items()
	return notify.Message{
		Run: report.Run{
			Command: "verify", Name: "november-verify", Plan: "november", Baseline: &report.Baseline{Name: "november"},
			Notes: []string{"suite shop has changed since the baseline"},
		},
		Channel: "web-team", Suites: []string{"shop"}, Finished: time.Date(2026, 11, 11, 2, 15, 0, 0, time.UTC),
		Part: report.OwnerSummary{
			Hosts: 3, Checks: 4, Verdict: "FAIL", Reason: "1 check regressed, 1 host unreachable", ExitCode: 1,
			Counts: map[report.Outcome]int{report.Regressed: 1, report.Unknown: 1, report.Passed: 1},
		},
		Whole: report.Summary{Verdict: "FAIL", Reason: "3 checks regressed, 1 host unreachable", ExitCode: 1},
		Items: items, More: more,
	}
}

func TestForms(t *testing.T) {
	for form, render := range forms() {
		t.Run(form, func(t *testing.T) {
			var value any
			if err := json.Unmarshal(render(told()), &value); err != nil {
				t.Fatal(err)
			}
			got, err := json.MarshalIndent(value, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join("testdata", form+".json")
			if *update {
				if err := os.WriteFile(file, append(got, '\n'), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.TrimSpace(string(want)), string(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Of what is the same on many hosts the hosts are counted; the worst comes first, however
// much there is.
func TestADigestIsBounded(t *testing.T) {
	var d notify.Digest
	for i := range 5000 {
		d.Add(report.Host{Host: fmt.Sprintf("h%d", i), Checks: []report.Check{
			{ID: fmt.Sprintf("os%d", i), Outcome: report.Unknown, Error: "no answer"},
			{ID: "ping", Outcome: report.Failed, Failing: true, Error: "lost"},
		}})
	}
	d.Add(report.Host{Host: "last", Checks: []report.Check{{ID: "sql", Outcome: report.Regressed, Failing: true}}})
	items, more := d.Items()
	if items[0].Subject != "sql" || items[1].Subject != "ping" || items[1].Count != 5000 || len(items[1].Hosts) != 5 {
		t.Errorf("the first are %+v", items[:2])
	}
	if len(items) > 1000 || len(items)+more != 5002 {
		t.Errorf("kept %d, and %d more", len(items), more)
	}
}

// hostile fills every text of a message.
func hostile(text string) notify.Message {
	m := told()
	m.Run = report.Run{
		Command: text, Name: text, Plan: text, Part: text, Notes: []string{text, text, text, text, text, text},
		Baseline: &report.Baseline{Name: text},
	}
	m.Channel, m.Suites, m.Part.Verdict, m.Part.Reason = text, []string{text, text}, text, text
	m.Whole.Verdict, m.Whole.Reason = text, text+"."
	m.Items = nil
	for range 40 {
		m.Items = append(m.Items, notify.Item{
			Outcome: report.Outcome(text), Subject: text, Text: text, Why: text, Owner: text, Place: text,
			Hosts: []string{text, text, text, text, text, text}, Count: 7,
		})
	}
	return m
}

func FuzzForms(f *testing.F) {
	for _, s := range []string{
		"```\n<!channel> <@U1> @here *x* [click](https://evil.example)", "{{DATE(2017-02-14T06:00:00Z)}}", "\x1b[31m\u202e\xff",
		strings.Repeat("日本&<>", 60), "&lt;!channel&gt;", "{ {{ {{{",
	} {
		f.Add(s)
	}
	limits := map[string]int{"json": 64 << 10, "slack": 4000, "teams": 28 << 10}
	f.Fuzz(func(t *testing.T, text string) {
		rendered := map[string][]byte{}
		for form, render := range forms() {
			got := render(hostile(text))
			rendered[form] = got
			size := len(got)
			if form == "slack" {
				size = utf8.RuneCount(got)
			}
			if size > limits[form] {
				t.Errorf("%s: %d of at most %d", form, size, limits[form])
			}
			var value any
			if err := json.Unmarshal(got, &value); err != nil {
				t.Fatalf("%s: %v", form, err)
			}
			texts(value, func(s string) {
				if s != report.Clean(s) {
					t.Errorf("%s: %q does not show as what it is", form, s)
				}
			})
		}
		slack := struct{ Text string }{}
		if err := json.Unmarshal(rendered["slack"], &slack); err != nil {
			t.Fatal(err)
		}
		inside, closed := strings.CutSuffix(slack.Text, "\n```")
		inside, opened := strings.CutPrefix(inside, "```\n")
		if !opened || !closed || strings.ContainsAny(inside, "`<>") {
			t.Errorf("slack: mark-up gets out: %q", slack.Text)
		}
		if card := string(rendered["teams"]); strings.Contains(card, "{{") {
			t.Errorf("teams: a card with a function: %.300s", card)
		}
	})
}

func texts(value any, see func(string)) {
	switch v := value.(type) {
	case string:
		see(v)
	case []any:
		for _, e := range v {
			texts(e, see)
		}
	case map[string]any:
		for _, e := range v {
			texts(e, see)
		}
	}
}

// In a card every text of ours stands in a TextRun, which knows no Markdown.
func TestACardHasNoMarkdown(t *testing.T) {
	var card struct {
		Attachments []struct {
			Content struct {
				Body []struct {
					Type    string
					Inlines []struct{ Type string }
				}
			}
		}
	}
	if err := json.Unmarshal(notify.Teams(hostile("[click](https://evil.example)")), &card); err != nil {
		t.Fatal(err)
	}
	if len(card.Attachments) != 1 || len(card.Attachments[0].Content.Body) < 5 {
		t.Fatalf("got %+v", card)
	}
	for _, b := range card.Attachments[0].Content.Body {
		if b.Type != "RichTextBlock" || len(b.Inlines) != 1 || b.Inlines[0].Type != "TextRun" {
			t.Errorf("got %+v", b)
		}
	}
}

package notify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"postpatch/runner/report"
)

// The limits of a message in bytes. Teams takes 28 KB, and of a text Slack shows 4000
// characters before it cuts.
const (
	teamsLimit = 24 << 10
	slackLimit = 3800
	jsonLimit  = 64 << 10
)

// JSON is the message for a receiver of one's own: an object with a version, to which
// fields may be added.
func JSON(m Message) []byte {
	return within(jsonLimit, m, func(m Message) []byte {
		var baseline string
		if m.Run.Baseline != nil {
			baseline = m.Run.Baseline.Name
		}
		return encoded(struct {
			Version      int                    `json:"version"`
			Channel      string                 `json:"channel"`
			Command      string                 `json:"command"`
			Run          string                 `json:"run"`
			Baseline     string                 `json:"baseline,omitempty"`
			Plan         string                 `json:"plan,omitempty"`
			ChosenBy     string                 `json:"part,omitempty"`
			Suites       []string               `json:"suites"`
			Finished     time.Time              `json:"finished"`
			Verdict      string                 `json:"verdict"`
			Reason       string                 `json:"reason"`
			ExitCode     int                    `json:"exit_code"`
			Hosts        int                    `json:"hosts"`
			Checks       int                    `json:"checks"`
			Counts       map[report.Outcome]int `json:"counts"`
			WholeVerdict string                 `json:"whole_verdict"`
			WholeReason  string                 `json:"whole_reason"`
			WholeExit    int                    `json:"whole_exit_code"`
			Notes        []string               `json:"notes,omitempty"`
			Items        []Item                 `json:"items"`
			More         int                    `json:"more_items"`
		}{
			1, m.Channel, m.Run.Command, m.Run.Name, baseline, m.Run.Plan, m.Run.Part, m.Suites, m.Finished.UTC(),
			m.Part.Verdict, m.Part.Reason, m.Part.ExitCode, m.Part.Hosts, m.Part.Checks, m.Part.Counts,
			m.Whole.Verdict, m.Whole.Reason, m.Whole.ExitCode, m.Run.Notes, m.Items, m.More,
		})
	})
}

// Slack is the message for Slack's incoming webhooks and those that take the same. All
// that comes from hosts and suites stands in one block of code, in which no mark-up and no
// mention counts, and cannot end it.
func Slack(m Message) []byte {
	return within(slackLimit, m, func(m Message) []byte {
		escape := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "`", "'")
		rows := append([]string{heading(m)}, details(m)...)
		for _, it := range m.Items {
			rows = append(rows, "", it.heading())
			rows = append(rows, it.details()...)
		}
		if m.More > 0 {
			rows = append(rows, "", fmt.Sprintf("and %d more", m.More))
		}
		for i := range rows {
			rows[i] = escape.Replace(rows[i])
		}
		return encoded(struct {
			Text        string `json:"text"`
			UnfurlLinks bool   `json:"unfurl_links"`
			UnfurlMedia bool   `json:"unfurl_media"`
		}{Text: "```\n" + strings.Join(rows, "\n") + "\n```"})
	})
}

// run is a piece of text of an adaptive card that is no mark-up.
type run struct {
	Type   string `json:"type"`
	Text   string `json:"text"`
	Weight string `json:"weight,omitempty"`
	Size   string `json:"size,omitempty"`
	Color  string `json:"color,omitempty"`
	Subtle bool   `json:"isSubtle,omitempty"`
}

// block is a line of it: unlike a TextBlock it knows no Markdown.
type block struct {
	Type      string `json:"type"`
	Separator bool   `json:"separator,omitempty"`
	Spacing   string `json:"spacing,omitempty"`
	Inlines   []run  `json:"inlines"`
}

// Teams is the message for a workflow of Teams that posts a card.
func Teams(m Message) []byte {
	return within(teamsLimit, m, func(m Message) []byte {
		plain := func(s string) string { // no function of a card; in {{{ there are two
			return strings.ReplaceAll(strings.ReplaceAll(s, "{{", "{ {"), "{{", "{ {")
		}
		text := func(s string) run { return run{Type: "TextRun", Text: plain(s)} }
		title := text(heading(m))
		title.Weight, title.Size, title.Color = "bolder", "medium", color(m.Part.ExitCode)
		body := []block{{Type: "RichTextBlock", Inlines: []run{title}}}
		for _, row := range details(m) {
			r := text(row)
			r.Subtle = true
			body = append(body, block{Type: "RichTextBlock", Spacing: "none", Inlines: []run{r}})
		}
		for _, it := range m.Items {
			head := text(it.heading())
			head.Weight = "bolder"
			body = append(body, block{Type: "RichTextBlock", Separator: true, Inlines: []run{head}})
			for _, row := range it.details() {
				body = append(body, block{Type: "RichTextBlock", Spacing: "none", Inlines: []run{text(row)}})
			}
		}
		if m.More > 0 {
			more := text(fmt.Sprintf("and %d more", m.More))
			body = append(body, block{Type: "RichTextBlock", Separator: true, Inlines: []run{more}})
		}
		card := map[string]any{
			"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4",
			"fallbackText": "postpatch: " + plain(m.Part.Verdict), "body": body,
			"msteams": map[string]string{"width": "Full"},
		}
		return encoded(map[string]any{"type": "message", "attachments": []any{map[string]any{
			"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": nil, "content": card,
		}}})
	})
}

func color(exit int) string {
	switch exit {
	case 0:
		return "good"
	case 1, 2:
		return "attention"
	default:
		return "warning"
	}
}

func encoded(value any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		return []byte("{}") // of texts, numbers and times nothing fails
	}
	return bytes.TrimSpace(b.Bytes())
}

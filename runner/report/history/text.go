package history

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"postpatch/runner/report"
)

// How much is listed unless all is wanted.
const (
	gridLimit = 15
	listLimit = 10
)

// JSON writes the document.
func (h History) JSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(h); err != nil {
		return fmt.Errorf("writing the history: %w", err)
	}
	return nil
}

// Text writes it for a person.
func (h History) Text(w io.Writer, look Look) error {
	if look.Width <= 0 {
		look.Width = 100
	}
	look.Width = max(look.Width, 60)
	t := teller{h, pen{look}}
	var b strings.Builder
	t.header(&b)
	t.windows(&b)
	t.broke(&b)
	t.settling(&b)
	t.flapping(&b)
	t.cannotTell(&b)
	t.last(&b)
	if _, err := io.WriteString(w, untrailed(b.String())); err != nil {
		return fmt.Errorf("writing the history: %w", err)
	}
	return nil
}

// untrailed drops the spaces at the ends of lines, and breaks what texts that stand side by
// side in one would be to a pipeline.
func untrailed(s string) string {
	all := strings.Split(s, "\n")
	for i := range all {
		all[i] = report.Tame(strings.TrimRight(all[i], " "))
	}
	return strings.Join(all, "\n")
}

// teller tells a history to a person.
type teller struct {
	History
	pen pen
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

func (t teller) header(b *strings.Builder) {
	title := "Maintenance windows side by side"
	parts := []string{report.Count(len(t.Windows), "window")}
	if n := len(t.Windows); n > 0 {
		parts = append(parts, day(t.Windows[0].Began)+" to "+day(t.Windows[n-1].Began))
	}
	b.WriteString(t.pen.paint(title, bold) + "   " + strings.Join(parts, ", ") + "\n")
	if len(t.Choice) > 0 {
		t.pen.hanging(b, "", "only "+strings.Join(t.Choice, " ")+"; verdicts are of all")
	}
}

// section begins one.
func (t teller) section(b *strings.Builder, title, meaning string) {
	b.WriteString("\n")
	var head strings.Builder
	t.pen.hanging(&head, title+"   ", meaning)
	b.WriteString(t.pen.paint(title, bold) + strings.TrimPrefix(head.String(), title))
}

func orDash(s string) string { return cmp.Or(s, "-") }

// limit is how many of a list are told.
func (t teller) limit(most, all int) int {
	if t.pen.Verbose {
		return all
	}
	return min(most, all)
}

// more counts what a list does not tell.
func (t teller) more(b *strings.Builder, n int, what string) {
	if n <= 0 {
		return
	}
	way := " (-v lists them)"
	if t.pen.Verbose {
		way = ""
	}
	fmt.Fprintf(b, "%s more, %s%s\n", report.Thousands(n), what, way)
}

func (t teller) cannotTell(b *strings.Builder) {
	if len(t.CannotTell) == 0 {
		return
	}
	t.section(b, "CANNOT TELL", "what is missing here, and why")
	shown := t.CannotTell[:t.limit(listLimit, len(t.CannotTell))]
	for _, sentence := range shown {
		t.pen.hanging(b, "  - ", sentence)
	}
	t.more(b, len(t.CannotTell)-len(shown), "of this sort")
}

// last is the line that says it in short.
func (t teller) last(b *strings.Builder) {
	counts := map[string]int{}
	broke := 0
	for i, w := range t.Windows {
		counts[w.Verdict]++
		here := func(row Broke) bool { s := row.Cells[i].Sign; return s == SignBroke || s == SignMended }
		if slices.ContainsFunc(t.Broke, here) {
			broke++
		}
	}
	var verdicts []string
	for _, word := range sortedKeys(counts) {
		verdicts = append(verdicts, t.pen.paint(fmt.Sprintf("%d %s", counts[word], word), verdictColor(word)))
	}
	parts := []string{report.Count(len(t.Windows), "window"), strings.Join(verdicts, ", ")}
	if broke == 0 {
		parts = append(parts, "nothing broke in any of them")
	} else {
		parts = append(parts, fmt.Sprintf("something broke in %d", broke))
	}
	b.WriteString("\n" + t.pen.paint("HISTORY", bold) + "  " + strings.Join(parts, "   ") + "\n")
}

package history

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
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
	parts := []string{plural(len(t.Windows), "window")}
	if n := len(t.Windows); n > 0 {
		parts = append(parts, day(t.Windows[0].Began)+" to "+day(t.Windows[n-1].Began))
	}
	b.WriteString(t.pen.paint(title, bold) + "   " + strings.Join(parts, ", ") + "\n")
	if len(t.Choice) > 0 {
		b.WriteString(strings.Join(t.pen.rows("only "+strings.Join(t.Choice, " ")+"; verdicts are of all", t.pen.Width), "\n") + "\n")
	}
}

// section begins one.
func (t teller) section(b *strings.Builder, title, meaning string) {
	b.WriteString("\n")
	var head strings.Builder
	t.pen.hanging(&head, title+"   ", meaning)
	b.WriteString(t.pen.paint(title, bold) + strings.TrimPrefix(head.String(), title))
}

// windows is a line a window, the newest last.
func (t teller) windows(b *strings.Builder) {
	all := t.Windows
	of := func(tell func(w Window) string) []string {
		cells := make([]string, len(all))
		for i, w := range all {
			cells[i] = tell(w)
		}
		return cells
	}
	number := func(tell func(w Window) int) []string {
		return of(func(w Window) string { return strconv.Itoa(tell(w)) })
	}
	outcome := func(o report.Outcome, color string, c column) column {
		c.cells = number(func(w Window) int { return w.Counts[o] })
		return c.counting(color)
	}
	columns := []column{
		{title: "#", cells: number(func(w Window) int { return w.Number })},
		{title: "begun", left: true, cells: of(func(w Window) string { return day(w.Began) }), brief: t.briefDays()},
		{title: "window", left: true, least: 8, cells: of(Window.called)},
		{title: "runs", spare: 4, cells: number(func(w Window) int { return len(w.Runs) })},
		{title: "hosts", cells: number(func(w Window) int { return w.Hosts })},
		{title: "rebooted", short: "boot", spare: beside, cells: number(func(w Window) int { return w.Rebooted })},
		{title: "verdict", left: true, cells: of(func(w Window) string { return w.Verdict }),
			color: func(row int) string { return verdictColor(all[row].Verdict) }},
		outcome(report.Regressed, red, column{title: "regressed", short: "reg"}),
		outcome(report.Failed, red, column{title: "failed", short: "fai", rare: true}),
		outcome(report.Unmet, red, column{title: "unmet", short: "unm", rare: true}),
		column{title: "mended", short: "men", rare: true, cells: number(func(w Window) int { return w.Mended })}.counting(yellow),
		outcome(report.Unknown, yellow, column{title: "unknown", short: "unk"}),
		outcome(report.Drifted, yellow, column{title: "drift", short: "dri", rare: true, spare: 2}),
		outcome(report.Fixed, green, column{title: "fixed", short: "fix", rare: true, spare: 3}),
		outcome(report.PreExisting, magenta, column{title: "before", short: "bef", rare: true, spare: 1}),
		outcome(report.Waived, magenta, column{title: "waived", short: "wai", rare: true, spare: 5}),
		{title: "slow", cells: of(func(w Window) string { return orDash(w.slowest()) })},
		{title: "on", left: true, least: 6, spare: beside + 1, cells: of(Window.slowestHost)},
		{title: "took", cells: of(func(w Window) string { return brief(w.Took) })},
		{title: "baseline", left: true, least: 8, spare: beside + 2, cells: of(func(w Window) string {
			return listed(w.Baselines[:min(1, len(w.Baselines))], len(w.Baselines))
		})},
	}
	if !slices.ContainsFunc(all, func(w Window) bool { return len(w.Runs) > 1 }) {
		columns = slices.DeleteFunc(columns, func(c column) bool { return c.title == "runs" })
	}
	for _, seldom := range []string{"failed", "mended", "waived", "on", "baseline"} {
		columns = slices.DeleteFunc(columns, func(c column) bool { return c.title == seldom && c.isEmpty() })
	}
	tab := table{pen: t.pen, columns: columns}
	tab.fit()
	b.WriteString("\n")
	tab.write(b, len(all))
	if legend := tab.legend(); legend != "" {
		b.WriteString(t.pen.paint(strings.Join(t.pen.rows(legend, t.pen.Width), "\n"), faint) + "\n")
	}
	if len(tab.gone) > 0 {
		fmt.Fprintf(b, "no room for: %s (--json has all)\n", strings.Join(tab.gone, ", "))
	}
	if slices.ContainsFunc(all, func(w Window) bool { return w.EarlyOnly || w.Partly }) {
		b.WriteString("* see what the windows cannot tell\n")
	}
}

// briefDays are the days without their year, where none could be taken for another.
func (t teller) briefDays() []string {
	var days []string
	for _, w := range t.Windows {
		if w.Began.Sub(t.Windows[0].Began) >= 360*24*time.Hour {
			return nil
		}
		days = append(days, w.Began.UTC().Format("_2 Jan"))
	}
	return days
}

// called is how a window is called: by its plan, or by its last run.
func (w Window) called() string {
	name := w.Plan
	if name == "" {
		name = w.Runs[len(w.Runs)-1].Run
	}
	if w.EarlyOnly || w.Partly {
		name += "*"
	}
	return name
}

func (w Window) slowest() string {
	if w.Slowest == nil {
		return ""
	}
	return brief(w.Slowest.After)
}

func (w Window) slowestHost() string {
	if w.Slowest == nil {
		return ""
	}
	return w.Slowest.Host
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
	fmt.Fprintf(b, "%s more, %s%s\n", thousands(n), what, way)
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
	parts := []string{plural(len(t.Windows), "window"), strings.Join(verdicts, ", ")}
	switch {
	case broke == 0:
		parts = append(parts, "nothing broke in any of them")
	default:
		parts = append(parts, fmt.Sprintf("something broke in %d", broke))
	}
	b.WriteString("\n" + t.pen.paint("HISTORY", bold) + "  " + strings.Join(parts, "   ") + "\n")
}

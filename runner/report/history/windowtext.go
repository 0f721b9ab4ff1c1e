package history

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"postpatch/runner/report"
)

// windows is a line a window, the newest last.
func (t teller) windows(b *strings.Builder) {
	tab := table{pen: t.pen, columns: slices.Concat(t.whichWindow(), t.whatCame(), t.howLong())}
	for _, seldom := range []string{"failed", "mended", "waived", "on", "baseline"} {
		tab.columns = slices.DeleteFunc(tab.columns, func(c column) bool { return c.title == seldom && c.isEmpty() })
	}
	tab.fit()
	b.WriteString("\n")
	tab.write(b, len(t.Windows))
	if legend := tab.legend(); legend != "" {
		b.WriteString(t.pen.paint(strings.Join(t.pen.rows(legend, t.pen.Width), "\n"), faint) + "\n")
	}
	if len(tab.gone) > 0 {
		fmt.Fprintf(b, "no room for: %s (--json has all)\n", strings.Join(tab.gone, ", "))
	}
	if slices.ContainsFunc(t.Windows, func(w Window) bool { return w.EarlyOnly || w.Partly }) {
		b.WriteString("* see what the windows cannot tell\n")
	}
}

// of is a cell of each window.
func (t teller) of(tell func(w Window) string) []string {
	cells := make([]string, len(t.Windows))
	for i, w := range t.Windows {
		cells[i] = tell(w)
	}
	return cells
}

func (t teller) number(tell func(w Window) int) []string {
	return t.of(func(w Window) string { return strconv.Itoa(tell(w)) })
}

func (t teller) whichWindow() []column {
	all := []column{
		{title: "#", cells: t.number(func(w Window) int { return w.Number })},
		{title: "begun", left: true, cells: t.of(func(w Window) string { return day(w.Began) }), brief: t.briefDays()},
		{title: "window", left: true, least: 8, cells: t.of(Window.called)},
	}
	if slices.ContainsFunc(t.Windows, func(w Window) bool { return len(w.Runs) > 1 }) {
		all = append(all, column{title: "runs", spare: 4, cells: t.number(func(w Window) int { return len(w.Runs) })})
	}
	return append(all,
		column{title: "hosts", cells: t.number(func(w Window) int { return w.Hosts })},
		column{
			title: "rebooted", short: "boot", spare: beside,
			cells: t.number(func(w Window) int { return w.Rebooted }),
		},
		column{
			title: "verdict", left: true, cells: t.of(func(w Window) string { return w.Verdict }),
			color: func(row int) string { return verdictColor(t.Windows[row].Verdict) },
		},
	)
}

func (t teller) whatCame() []column {
	outcome := func(o report.Outcome, color string, c column) column {
		c.cells = t.number(func(w Window) int { return w.Counts[o] })
		return c.counting(color)
	}
	mended := column{
		title: "mended", short: "men", rare: true,
		cells: t.number(func(w Window) int { return w.Mended }),
	}
	return []column{
		outcome(report.Regressed, red, column{title: "regressed", short: "reg"}),
		outcome(report.Failed, red, column{title: "failed", short: "fai", rare: true}),
		outcome(report.Unmet, red, column{title: "unmet", short: "unm", rare: true}),
		mended.counting(yellow),
		outcome(report.Unknown, yellow, column{title: "unknown", short: "unk"}),
		outcome(report.Drifted, yellow, column{title: "drift", short: "dri", rare: true, spare: 2}),
		outcome(report.Fixed, green, column{title: "fixed", short: "fix", rare: true, spare: 3}),
		outcome(report.PreExisting, magenta, column{title: "before", short: "bef", rare: true, spare: 1}),
		outcome(report.Waived, magenta, column{title: "waived", short: "wai", rare: true, spare: 5}),
	}
}

func (t teller) howLong() []column {
	baselines := func(w Window) string { return listed(w.Baselines[:min(1, len(w.Baselines))], len(w.Baselines)) }
	return []column{
		{title: "slow", cells: t.of(func(w Window) string { return orDash(w.slowest()) })},
		{title: "on", left: true, least: 6, spare: beside + 1, cells: t.of(Window.slowestHost)},
		{title: "took", cells: t.of(func(w Window) string { return brief(w.Took) })},
		{title: "baseline", left: true, least: 8, spare: beside + 2, cells: t.of(baselines)},
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

package text

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"postpatch/runner/report"
	"postpatch/runner/report/fold"
)

// column counts some outcomes of a host.
type column struct {
	title, short string
	outcomes     []report.Outcome
	always       bool
}

func (v *view) hosts(b *strings.Builder, shown []fold.Row) {
	word := columns("VERDICT")
	for _, r := range shown {
		word = max(word, columns(r.Word()))
	}
	name, all, reboots := v.layout(shown, word)
	heads := []string{padded("HOST", name), padded("VERDICT", word)}
	for _, c := range all {
		heads = append(heads, c.title)
	}
	if reboots {
		heads = append(heads, "rebooted")
	}
	b.WriteString(v.pen.dim(strings.Join(heads, "  ")) + "\n")
	for _, r := range shown {
		b.WriteString(v.pen.bold(padded(v.pen.cut(r.Host, name), name)) + "  ")
		b.WriteString(v.pen.paint(padded(r.Word(), word), wordColor(r)))
		for _, c := range all {
			n := strconv.Itoa(c.of(r))
			if r.Blind || r.Problem {
				n = "?"
			}
			fmt.Fprintf(b, "  %*s", len(c.title), n)
		}
		if reboots {
			b.WriteString("  " + v.rebooted(r))
		}
		b.WriteString("\n")
	}
}

// layout says what of the table there is room for. At a narrow terminal the reboots are left
// out first, then the counts of what is well, and at last the names are cut.
func (v *view) layout(shown []fold.Row, word int) (name int, all []column, reboots bool) {
	name = columns("HOST")
	when := columns("rebooted")
	for _, r := range shown {
		name, when = max(name, columns(r.Host)), max(when, columns(v.rebooted(r)))
	}
	name = min(name, hostLimit)
	room := v.pen.Width - name - 2 - word
	reboots = v.verified() && slices.ContainsFunc(shown, func(r fold.Row) bool { return r.RebootKnown })
	if reboots {
		all = v.columns(shown, room-2-when)
		reboots = taken(all) <= room-2-when
	}
	if !reboots {
		all = v.columns(shown, room)
	}
	const worst = 2 // columns that stay
	for len(all) > worst && taken(all) > room {
		all = all[:len(all)-1]
	}
	if over := taken(all) - room; over > 0 {
		name = max(name-over, glance)
	}
	return name, all, reboots
}

// columns leaves out what is rare and does not occur. Where the room is short,
// titles are too, and then whatever does not occur is left out.
func (v *view) columns(shown []fold.Row, room int) []column {
	judged := v.verified()
	broken := []report.Outcome{report.Regressed, report.Failed, report.Unmet}
	all := []column{
		{"broken", "broken", broken, v.run.Command != "diff"},
		{"unknown", "unkn", []report.Outcome{report.Unknown}, false},
		{"drift", "drift", []report.Outcome{report.Drifted}, false},
		{"pre", "pre", []report.Outcome{report.PreExisting}, judged},
		{"waived", "waiv", []report.Outcome{report.Waived}, false},
		{"fixed", "fixed", []report.Outcome{report.Fixed}, judged},
		{"expected", "exp", []report.Outcome{report.Expected}, judged},
		{"skipped", "skip", []report.Outcome{report.Skipped}, false},
		{"unbased", "unb", []report.Outcome{fold.NoBasis}, false},
		{"same", "same", []report.Outcome{report.Passed}, true},
	}
	if v.run.Command == "diff" {
		all[2].title = "changed"
	}
	if v.run.Baseline == nil {
		all[len(all)-1].title = "passed"
	}
	occurs := func(c column) bool {
		return slices.ContainsFunc(shown, func(r fold.Row) bool { return c.of(r) > 0 && !r.Blind })
	}
	all = slices.DeleteFunc(all, func(c column) bool { return !c.always && !occurs(c) })
	if taken(all) > room {
		for i := range all {
			all[i].title = all[i].short
		}
	}
	for i := len(all) - 1; i > 0 && taken(all) > room; i-- {
		if !occurs(all[i]) {
			all = slices.Delete(all, i, i+1)
		}
	}
	return all
}

// verified says whether a baseline was compared with by what is expected, as verify
// and judge do.
func (v *view) verified() bool { return v.run.Baseline != nil && v.run.Command != "diff" }

func taken(all []column) int {
	n := 0
	for _, c := range all {
		n += 2 + columns(c.title)
	}
	return n
}

func (c column) of(r fold.Row) int {
	n := 0
	for _, o := range c.outcomes {
		n += r.Counts[o]
	}
	return n
}

// rebooted is when a host was started, and what is not as usual of it.
func (v *view) rebooted(r fold.Row) string {
	switch {
	case r.NoHost:
		return ""
	case r.Blind || r.Problem || !r.RebootKnown:
		return "?"
	case r.Rebooted == nil:
		return "-"
	}
	text := strings.Replace(moment(*r.Rebooted, v.run.Started), " UTC", "Z", 1)
	if r.Rebooted.UTC().Format(time.DateOnly) == v.run.Started.UTC().Format(time.DateOnly) {
		text = r.Rebooted.UTC().Format("15:04:05Z")
	}
	if r.Reboot.Times > 1 {
		text += fmt.Sprintf(" (%d times)", r.Reboot.Times)
	}
	if r.Reboot.State == report.RebootConfiguring {
		text += ", configuring"
	}
	return text
}

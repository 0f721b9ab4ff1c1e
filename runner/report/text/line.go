package text

import (
	"strings"

	"postpatch/runner/report"
	"postpatch/runner/report/fold"
)

// told is an entry as the cells of a line.
type told struct {
	where, what, before, now string
	tails                    []string
	arrow                    bool // before is told too
}

// lineTable tells a group's entries in a line each, as columns.
type lineTable struct {
	*view
	group               fold.Group
	look                fold.Look
	where, what, before int // the widths of the columns
}

func (v *view) lines(b *strings.Builder, g fold.Group, entries []*fold.Entry) {
	const widestWhere, widestWhat, widestValue = 28, 40, 24
	t := lineTable{view: v, group: g, look: g.Look(v.run.Command)}
	all := make([]told, len(entries))
	for i, e := range entries {
		all[i] = v.tell(e)
		if len(entries) == 1 && e.Unasked > 0 {
			all[i].tails = nil // the title says it
		}
		t.where = max(t.where, min(columns(all[i].where), widestWhere))
		if w := columns(all[i].what); len(e.Findings) > 0 && w <= widestWhat {
			t.what = max(t.what, w)
		}
		if w := columns(all[i].before); w <= widestValue {
			t.before = max(t.before, w)
		}
	}
	for i, e := range entries {
		t.put(b, e, all[i])
	}
}

func (v *view) tell(e *fold.Entry) told {
	t := told{where: v.where(e), what: e.Subject, now: e.Reason}
	if len(e.Findings) == 0 {
		if e.Unasked > 0 {
			t.tails = []string{report.Count(e.Unasked, "check") + " not judged"}
		}
		return t
	}
	f := e.Findings[0]
	if f.Reading != "" {
		t.what += " " + f.Reading
	}
	t.tails = []string{wanted(f)}
	t.before, t.now, t.arrow = f.BeforeText(), f.NowText(), true
	if f.HasBefore && f.HasNow && f.Before == f.Now {
		t.arrow = false
		t.tails = append(t.tails, "as at the baseline")
	} else if !f.HasBefore && (f.Reading == "" || v.run.Baseline == nil) {
		t.arrow = false // "new"
	}
	if !t.arrow {
		t.before = ""
	}
	if e.Check.Mark != "" {
		t.tails = append(t.tails, "("+e.Check.Mark+")")
	}
	return t
}

// put writes one entry. A change that does not fit gets lines of its own.
func (t lineTable) put(b *strings.Builder, e *fold.Entry, cells told) {
	sign := t.pen.sign(t.look)
	used := columns(sign) + 5 + max(columns(cells.where), t.where)
	b.WriteString("  " + t.pen.paint(sign, toneColor(t.look.Tone)) + " " + t.pen.bold(padded(cells.where, t.where)) + "  ")
	indent := strings.Repeat(" ", columns(sign)+5)
	if len(e.Findings) == 0 {
		t.reason(b, cells, used)
	} else {
		t.change(b, e, cells, used)
	}
	room := t.pen.Width - columns(indent)
	if t.group == fold.Waived { // whose word it is, is never hidden
		for _, row := range t.pen.flow(waivers(e), room) {
			b.WriteString(indent + t.pen.dim(row) + "\n")
		}
	}
	names := t.names(e, room-len("on "))
	if names != "" && (t.group != fold.Expected || t.pen.Verbosity >= Verbose) {
		b.WriteString(indent + t.pen.dim("on "+names) + "\n")
	}
	if t.group == fold.Drift || t.pen.Verbosity >= Verbose {
		for _, because := range t.because(e) {
			b.WriteString(indent + t.pen.dim(t.pen.cut(because.Reading+"  "+because.Value, room)) + "\n")
		}
	}
	if t.pen.Verbosity >= Verbose {
		for _, row := range t.why(e.Check, room) {
			b.WriteString(indent + t.pen.dim(row) + "\n")
		}
	}
	if next := nextOf(t.sum, e); next != "" && t.group == fold.Unreachable {
		b.WriteString(indent + t.pen.dim("next") + "  " + next + "\n")
	}
}

func (t lineTable) reason(b *strings.Builder, cells told, used int) {
	text := cells.now
	if cells.what != "" {
		text = cells.what + "   " + text
	}
	if len(cells.tails) > 0 {
		text += " (" + strings.Join(cells.tails, "; ") + ")"
	}
	if room := t.pen.Width - used; columns(text) > room && room*5 < t.pen.Width*3 { // the host's name takes most
		used = columns(t.pen.sign(t.look)) + 5
		b.WriteString("\n" + strings.Repeat(" ", used))
	}
	b.WriteString(strings.Join(t.pen.rows(text, t.pen.Width-used), "\n"+strings.Repeat(" ", used)) + "\n")
}

func (t lineTable) change(b *strings.Builder, e *fold.Entry, cells told, used int) {
	f := e.Findings[0]
	change := cells.now
	if cells.arrow {
		change = padded(cells.before, t.before) + t.pen.arrow() + cells.now
	}
	what := padded(cells.what, t.what)
	long := max(columns(cells.before), columns(cells.now)) > glance+glance/2
	if room := t.pen.Width - used - columns(what) - 2 - columns(change); room >= 0 && !long {
		b.WriteString(what + "  " + change)
		t.tails(b, cells.tails, used, room)
		return
	}
	b.WriteString(t.pen.cut(cells.what, t.pen.Width-used) + "\n")
	indent := strings.Repeat(" ", columns(t.pen.sign(t.look))+5)
	t.long(f, t.pen.Width-columns(indent), func(_, text string) { b.WriteString(indent + text + "\n") })
}

// tails puts what is to be said beside a change: behind it, or where that has no
// room below it.
func (t lineTable) tails(b *strings.Builder, tails []string, used, room int) {
	rows := t.pen.flow(tails, t.pen.Width-used)
	if len(rows) == 1 && columns(rows[0])+3 <= room {
		b.WriteString("   " + t.pen.dim(rows[0]))
		rows = nil
	}
	for _, row := range rows {
		b.WriteString("\n" + strings.Repeat(" ", used) + t.pen.dim(row))
	}
	b.WriteString("\n")
}

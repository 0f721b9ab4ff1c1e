package text

import (
	"fmt"
	"slices"
	"strings"

	"postpatch/runner/report"
	"postpatch/runner/report/fold"
)

// More entries of a group than this are counted, not told.
const groupLimit = 20

// hostLimit is the length of a host's name that is shown.
const hostLimit = 48

func (v *view) groups(b *strings.Builder, f *fold.Folder) {
	for _, g := range fold.Groups() {
		entries := f.Of(g)
		if len(entries) == 0 {
			continue
		}
		l, told := g.Look(v.run.Command), fold.SizeOf(entries)
		title := l.Title + " (" + size(g, told) + ")"
		meaning := v.pen.rows(v.meaning(g, l, told), v.pen.Width-columns(title)-3)
		var body strings.Builder
		for _, row := range meaning[1:] {
			body.WriteString(strings.Repeat(" ", columns(title)+3) + row + "\n")
		}
		if l.Blocks {
			entries = fold.Together(entries)
		}
		shown := entries
		if len(entries) > groupLimit && v.pen.Verbosity < Raw {
			shown = entries[:groupLimit]
		}
		if l.Blocks {
			for i, e := range shown {
				v.block(&body, e)
				v.nextBelow(&body, shown[i:])
			}
		} else {
			v.lines(&body, g, shown)
		}
		if hidden := len(entries) - len(shown) + told.Beyond; hidden > 0 {
			fmt.Fprintf(&body, "  %s %s more%s\n", v.pen.ellipsis(), report.Thousands(hidden), v.rest("-vv"))
		}
		v.put(b, part{
			title: v.pen.paint(title, bold+toneColor(l.Tone)) + "   " + meaning[0], body: body.String(),
			folded: l.Tone == fold.Change || l.Tone == fold.Good || l.Tone == fold.Quiet || g == fold.Drift,
		})
	}
}

// meaning is the half line behind a group's title.
func (v *view) meaning(g fold.Group, l fold.Look, told fold.Size) string {
	s := l.Meaning
	switch {
	case g == fold.Unreachable || g == fold.Problem:
		if told.Unasked > 0 {
			s += "; " + report.Count(told.Unasked, "check") + " not judged"
		}
	case v.run.Hosts > 1 && told.Hosts == v.run.Hosts:
		s += "; on " + v.all(told.Hosts)
	case told.Hosts > 1:
		s += fmt.Sprintf("; on %s of %s hosts", report.Thousands(told.Hosts), report.Thousands(v.run.Hosts))
	}
	return s
}

// where names an entry's host, or counts its hosts.
func (v *view) where(e *fold.Entry) string {
	switch n := len(e.Hosts); n {
	case 1:
		return v.pen.cut(e.Hosts[0], hostLimit)
	case v.run.Hosts:
		return v.all(n)
	default:
		return report.Thousands(n) + " hosts"
	}
}

func (v *view) all(hosts int) string {
	if hosts == 2 {
		return "both hosts"
	}
	return fmt.Sprintf("all %s hosts", report.Thousands(hosts))
}

// names lists the hosts that where has only counted; empty when it named them.
func (v *view) names(e *fold.Entry, room int) string {
	if len(e.Hosts) == 1 || len(e.Hosts) == v.run.Hosts && v.pen.Verbosity < Verbose {
		return ""
	}
	return listed(e.Hosts, room, v.pen.Verbosity < Verbose)
}

// block tells one entry with its evidence.
func (v *view) block(b *strings.Builder, e *fold.Entry) {
	l := e.Group.Look(v.run.Command)
	subject, where := e.Subject, v.where(e)
	mark := ""
	if e.Check.Mark != "" {
		mark = "   (" + e.Check.Mark + ")"
	}
	sign := v.pen.sign(l)
	subject = v.pen.cut(subject, v.pen.Width-columns(sign)-columns(where)-6-columns(mark)) + mark
	fmt.Fprintf(b, "  %s %s   %s\n", v.pen.paint(sign, bold+toneColor(l.Tone)), v.pen.bold(where), subject)
	indent, label := v.margin(e)
	put := func(name, text string) {
		b.WriteString(indent + v.pen.dim(padded(v.pen.cut(name, label), label)) + "  " + text + "\n")
	}
	room := v.pen.Width - columns(indent) - label - 2
	if names := v.names(e, room); names != "" {
		put("hosts", names)
	}
	v.findings(e, room, put)
	for _, because := range v.because(e) {
		const most = 4 // lines of one text
		name, rows := because.Reading, v.pen.rows(because.Value, room)
		if len(rows) > most {
			rows = append(rows[:most-1:most-1], v.pen.cut(strings.Join(rows[most-1:], " "), room))
		}
		for _, row := range rows {
			put(name, v.pen.dim(row))
			name = ""
		}
	}
	putAll := func(name string, rows []string) {
		for _, row := range rows {
			put(name, row)
			name = ""
		}
	}
	if e.Reason != "" {
		putAll("error", v.pen.rows(e.Reason, room))
	}
	if waivers := waivers(e); len(waivers) > 0 {
		putAll("waiver", v.pen.flow(waivers, room))
	}
	putAll("why", v.why(e.Check, room))
	for _, other := range e.Also {
		putAll("also", v.pen.flow(append([]string{other.Subject}, said(other.Check)...), room))
	}
}

// margin is what stands before the lines of a block, and how wide their labels are.
func (v *view) margin(e *fold.Entry) (indent string, label int) {
	label = columns("owner")
	for _, f := range e.Findings {
		label = max(label, min(columns(f.Reading), glance))
	}
	for _, because := range v.because(e) {
		label = max(label, min(columns(because.Reading), glance))
	}
	sign := v.pen.sign(e.Group.Look(v.run.Command))
	return strings.Repeat(" ", 3+columns(sign)+2), label
}

// because is the evidence of an entry. What differs from host to host is shown of
// the first one, and says so.
func (v *view) because(e *fold.Entry) []report.Evidence {
	all := slices.Clone(e.Evidence)
	for i := range all {
		if e.Differs {
			all[i].Value = "on " + v.pen.cut(e.Hosts[0], hostLimit) + ": " + all[i].Value
		}
	}
	return all
}

// findings puts an entry's readings below each other, the arrows aligned.
func (v *view) findings(e *fold.Entry, room int, put func(name, text string)) {
	const widest = 32
	align := 0
	for _, f := range e.Findings {
		if w := columns(f.BeforeText()); f.HasBefore && w <= widest {
			align = max(align, w)
		}
	}
	for _, f := range e.Findings {
		one, tail := v.brief(f, align), wanted(f)
		if max(columns(f.BeforeText()), columns(f.NowText())) > widest || columns(one) > room {
			v.long(f, room, put)
			continue
		}
		if columns(one)+3+columns(tail) <= room && tail != "" {
			one, tail = one+"   "+v.pen.dim(tail), ""
		}
		put(f.Reading, one)
		v.tail(tail, room, put)
	}
}

// tail puts a sentence of ours below a value.
func (v *view) tail(text string, room int, put func(name, text string)) {
	if text == "" {
		return
	}
	for _, row := range v.pen.rows(text, room) {
		put("", v.pen.dim(row))
	}
}

// long tells a finding that has no room in a line in one line for each side.
func (v *view) long(f report.Finding, room int, put func(name, text string)) {
	name := f.Reading
	if f.HasBefore {
		const label = len("before  ")
		before, now := compare(f.BeforeText(), f.NowText())
		put(name, "before  "+v.pen.join(v.pen.shorten(before, room-label)))
		put("", "now     "+v.pen.join(v.pen.shorten(now, room-label)))
	} else {
		put(name, v.pen.cut(f.NowText(), room))
	}
	v.tail(wanted(f), room, put)
}

// brief is a finding in a few words; what was the same before and now is said
// once.
func (v *view) brief(f report.Finding, align int) string {
	switch {
	case f.Reading == "" && !f.HasBefore:
		return f.NowText() // "new"
	case f.HasBefore && f.HasNow && f.Before == f.Now:
		return f.NowText() + "   as at the baseline"
	case !f.HasBefore && (f.Outcome == report.Failed || f.Outcome == report.Unmet || v.run.Baseline == nil):
		return f.NowText()
	default:
		return padded(f.BeforeText(), align) + v.pen.arrow() + f.NowText()
	}
}

// wanted is what a finding should have been, and whether the pass before had it, too.
func wanted(f report.Finding) string {
	words := should(f)
	if f.Pass.Pass == "" {
		return words
	}
	since := "new since the " + f.Pass.Pass + " pass"
	if f.Pass.Had {
		since = "as in the " + f.Pass.Pass + " pass"
	}
	if words == "" {
		return since
	}
	return words + "; " + since
}

// should is what a finding should have been. What the group says already is not said
// again.
func should(f report.Finding) string {
	switch {
	case f.Wanted == "" || f.Outcome == report.Expected || f.Outcome == report.Drifted && f.Wanted == "same":
		return ""
	case f.Outcome == report.Drifted:
		return "rule: " + f.Wanted
	case f.Waiver.Over: // which is told by itself
		before, _, _ := strings.Cut(f.Wanted, "the waiver until "+f.Waiver.Until)
		return strings.TrimSuffix(before, "; ")
	default:
		return f.Wanted
	}
}

// waivers are those of an entry's findings, each once, and what it is without them.
func waivers(e *fold.Entry) []string {
	without := map[report.Waiver][]string{}
	var order []report.Waiver
	for _, f := range e.Findings {
		w := f.Waiver
		if w == (report.Waiver{}) {
			continue
		}
		w.Was = ""
		if without[w] == nil {
			order = append(order, w)
		}
		if said := f.Waiver.Without(); !slices.Contains(without[w], said) {
			without[w] = append(without[w], said)
		}
	}
	var all []string
	for _, w := range order {
		all = append(all, append(w.Says(), strings.Join(without[w], ", "))...)
	}
	return all
}

// why says what a check is for, where it stands, and whose it is.
func (v *view) why(c report.Check, room int) []string { return v.pen.flow(said(c), room) }

// said is what the suite says of a check.
func said(c report.Check) []string {
	parts := []string{c.Place()}
	if c.Why != "" {
		parts = append(parts, `"`+c.Why+`"`)
	}
	if c.Owner != "" {
		parts = append(parts, "owner "+c.Owner)
	}
	return parts
}

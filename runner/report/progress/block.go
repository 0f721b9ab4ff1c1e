package progress

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"postpatch/runner/report"
	"postpatch/runner/report/fold"
)

// mostLines is the height of the block, where the terminal has as many.
const mostLines = 8

// drawn is what stands on the terminal: lines, and below them the cursor. So whatever ends
// the program leaves a whole line for what comes next.
type drawn struct {
	widths []int // of the lines, in columns
	text   string
}

// rows are how many of a terminal's rows the lines take. One that was made narrower since
// has broken those that are longer.
func (d drawn) rows(columns int) int {
	n := 0
	for _, width := range d.widths {
		n += max(1, (width+columns-1)/columns)
	}
	return n
}

func (p *Progress) size() (columns, lines int) {
	if p.options.Size != nil {
		columns, lines = p.options.Size()
	}
	if columns <= 0 {
		columns = 80
	}
	if lines <= 0 {
		lines = 24
	}
	return columns, lines
}

// show draws the block over the one before, in one write and only when it is another one.
func (p *Progress) show(now time.Time) {
	columns, lines := p.size()
	block := painter{p.options, columns - 1}.block(p.state, now)
	block = block[:min(len(block), max(lines-1, 0))]
	var b strings.Builder
	b.WriteString(up(min(p.drawn.rows(columns), lines-1)))
	next := drawn{}
	for _, l := range block {
		b.WriteString(l.text + "\x1b[K\r\n")
		next.widths = append(next.widths, l.width)
		next.text += l.text + "\n"
	}
	b.WriteString("\x1b[J")
	if next.text == p.drawn.text && slices.Equal(next.widths, p.drawn.widths) {
		return
	}
	p.drawn = next
	_, _ = io.WriteString(p.out, b.String())
}

// erase takes the block away.
func (p *Progress) erase() {
	if len(p.drawn.widths) == 0 {
		return
	}
	columns, lines := p.size()
	_, _ = io.WriteString(p.out, up(min(p.drawn.rows(columns), lines-1))+"\x1b[J")
	p.drawn = drawn{}
}

// up leads to the first column, so many rows further up.
func up(rows int) string {
	if rows <= 0 {
		return "\r"
	}
	return fmt.Sprintf("\r\x1b[%dA", rows)
}

// line is one of the block, with the room that it takes.
type line struct {
	text  string
	width int
}

// painter draws lines of so many columns at most.
type painter struct {
	Options
	columns int
}

// block are the lines, the most important first: a low terminal shows no others.
func (p painter) block(s state, now time.Time) []line {
	all := []line{p.bar(s, now)}
	if counts := s.sofar(); len(counts) > 0 {
		all = append(all, p.line(counts))
	}
	if len(s.worst) > 0 {
		worst := []count{{"worst", fold.Plain}}
		for _, r := range s.worst {
			worst = append(worst, count{name(r.Host) + " " + r.Word(), r.Tone()})
		}
		all = append(all, p.line(worst))
	}
	f := s.flight()
	if doing := s.doing(f); len(doing) > 0 {
		all = append(all, p.line([]count{{strings.Join(doing, ", "), fold.Plain}}))
	}
	longest := 0
	for _, v := range f.slowest {
		longest = max(longest, report.Columns(name(v.host)))
	}
	for _, v := range f.slowest {
		text := fmt.Sprintf("  %s%s  %6s", name(v.host), strings.Repeat(" ", longest-report.Columns(name(v.host))),
			short(now.Sub(v.since)))
		if v.what != "" {
			text += "  " + report.CleanLine(v.what)
		}
		all = append(all, p.line([]count{{text, fold.Plain}}))
	}
	return all[:min(len(all), mostLines)]
}

// bar is the first line: how much is done, how quickly, and how long the rest takes.
func (p painter) bar(s state, now time.Time) line {
	parts := []count{{hostsDone(s), fold.Plain}}
	if s.phase != "" {
		parts = append(parts, count{report.CleanLine(s.phase), fold.Plain})
	}
	parts = append(parts, count{short(now.Sub(s.started)), fold.Plain})
	if n := s.perMinute(now); n > 0 {
		parts = append(parts, count{report.Thousands(n) + "/min", fold.Plain})
	}
	if left := s.left(now); left > 0 {
		parts = append(parts, count{"about " + short(left) + " left", fold.Plain})
	}
	const widest, least = 24, 8
	room := p.columns - 2
	for _, part := range parts {
		room -= report.Columns(part.text) + len(separator)
	}
	if room < least {
		return p.line(parts)
	}
	full, empty := "█", "░"
	if p.ASCII {
		full, empty = "#", "."
	}
	width := min(room, widest)
	done := width * min(s.done, s.run.Hosts) / max(s.run.Hosts, 1)
	bar := count{strings.Repeat(full, done) + strings.Repeat(empty, width-done), fold.Change}
	return p.line(append([]count{bar}, parts...))
}

const separator = "  "

// line joins parts, as many as there is room for.
func (p painter) line(parts []count) line {
	var l line
	ellipsis := "…"
	if p.ASCII {
		ellipsis = "..."
	}
	for i, part := range parts {
		between := ""
		if i > 0 {
			between = separator
		}
		text := fit(part.text, p.columns-l.width-len(between), ellipsis)
		if text == "" {
			break
		}
		l.text += between + p.paint(text, part.tone)
		l.width += len(between) + report.Columns(text)
		if text != part.text {
			break
		}
	}
	return l
}

func (p painter) paint(s string, tone fold.Tone) string {
	color := map[fold.Tone]string{
		fold.Change: "36", fold.Good: "32", fold.Quiet: "35", fold.Warning: "33", fold.Bad: "31",
	}[tone]
	if !p.Color || color == "" {
		return s
	}
	return "\x1b[" + color + "m" + s + "\x1b[0m"
}

package history

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"postpatch/runner/report"
)

// raster is how the cells of the grid are laid out.
type raster struct {
	name    int // columns for the checks' names
	cell    int // of each window
	counts  bool
	several bool // hosts are in some cell
	from    int  // the first window that has room
}

const (
	checkLeast = 16
	checkMost  = 44
)

// raster finds the widest cells that fit: with how many hosts it was, with months, or
// signs alone. Of very many windows the latest are shown.
func (t teller) raster(shown []Broke) raster {
	name, most := report.Columns("check"), 0
	for _, row := range shown {
		name = max(name, report.Columns(row.Check))
		for _, c := range row.Cells {
			most = max(most, c.number())
		}
	}
	tail := len("  windows  hosts")
	windows := len(t.Windows)
	name = min(name, checkMost)
	withCounts := max(4, 2+len(strconv.Itoa(most)))
	for _, try := range []raster{{cell: withCounts, counts: true}, {cell: 4}, {cell: 3}, {cell: 2}} {
		room := t.pen.Width - tail - try.cell*windows
		if room >= min(name, checkLeast+8) || room >= checkLeast && !try.counts {
			try.name, try.several = min(name, room), most > 1
			return try
		}
	}
	r := raster{name: min(name, checkLeast), cell: 2}
	r.from = max(0, windows-(t.pen.Width-tail-r.name)/r.cell)
	return r
}

// number is on how many hosts a check was what its sign says.
func (c Cell) number() int {
	switch c.Sign {
	case SignBroke, SignMended:
		return c.Broke
	case SignUnknown:
		return c.Unknown
	case SignBefore:
		return c.Before
	default:
		return 0
	}
}

func (t teller) broke(b *strings.Builder) {
	if len(t.Broke) == 0 {
		t.section(b, "WHAT BROKE", "nothing: no check broke in these windows, and none failed before")
		return
	}
	t.section(b, "WHAT BROKE", "each check in each window, what broke most often first")
	shown := t.Broke[:t.limit(gridLimit, len(t.Broke))]
	r := t.raster(shown)
	t.gridHead(b, r)
	for _, row := range shown {
		t.gridRow(b, r, row)
	}
	t.more(b, len(t.Broke)-len(shown)+t.MoreBroke, "which broke less often")
	var legend []string
	for _, s := range Signs()[:5] {
		legend = append(legend, t.pen.mark(s)+" "+string(s))
	}
	text := strings.Join(legend, "  ")
	if r.counts && r.several {
		text += "; the number is that of the hosts"
	}
	if r.from > 0 {
		text += fmt.Sprintf("; the first %s no room", report.Count(r.from, "window")+" "+pick(r.from, "has", "have"))
	}
	for _, line := range t.pen.rows(text, t.pen.Width) {
		b.WriteString(t.pen.paint(line, faint) + "\n")
	}
}

// gridHead is the windows' numbers, under their months where there is room.
func (t teller) gridHead(b *strings.Builder, r raster) {
	line := func(first, tail string, cell func(w Window) string) {
		var text strings.Builder
		text.WriteString(padded(first, r.name))
		for _, w := range t.Windows[r.from:] {
			text.WriteString(aligned(cell(w), r.cell))
		}
		b.WriteString(t.pen.paint(text.String()+tail, faint) + "\n")
	}
	number := func(w Window) string { return strconv.Itoa(w.Number) }
	if r.cell >= 4 {
		line("", "", func(w Window) string { return w.Began.UTC().Format("Jan") })
	}
	if r.cell < 3 && len(t.Windows) > 9 { // one digit under the other
		line("", "", func(w Window) string { return strings.TrimLeft(fmt.Sprint(w.Number/10), "0") })
		number = func(w Window) string { return strconv.Itoa(w.Number % 10) }
	}
	line("check", "  windows  hosts", number)
}

func (t teller) gridRow(b *strings.Builder, r raster, row Broke) {
	b.WriteString(padded(t.pen.cut(row.Check, r.name), r.name))
	for _, c := range row.Cells[r.from:] {
		text := t.pen.mark(c.Sign)
		if n := c.number(); r.counts && n > 1 {
			text += strconv.Itoa(n)
		}
		if r.counts { // one sign under the other
			text = "  " + text
			text = padded(text, r.cell)
		} else {
			text = aligned(text, r.cell)
		}
		b.WriteString(t.pen.paint(text, signColor(c.Sign)))
	}
	n := row.Windows
	if n == 0 {
		n = row.Before
	}
	fmt.Fprintf(b, "  %7s  %5s\n", fmt.Sprintf("%d of %d", n, row.Asked), report.Thousands(row.HostsAll))
	if !t.pen.Verbose {
		return
	}
	parts := []string{"on " + listed(row.Hosts, row.HostsAll)}
	if len(row.Owners) > 0 {
		parts = append(parts, "owner "+strings.Join(row.Owners, ", "))
	}
	t.pen.hanging(b, "    ", strings.Join(append(parts, "suite "+strings.Join(row.Suites, ", ")), "; "))
}

// settling tells which hosts are slow.
func (t teller) settling(b *strings.Builder) {
	s := t.Settling
	if s.Times == 0 {
		t.section(b, "SLOW TO SETTLE", "no host had to be waited for: no time is known (verify --wait)")
		return
	}
	t.section(b, "SLOW TO SETTLE", fmt.Sprintf("hosts had to be waited for in %s: half were well within %s of "+
		"their start, nine of ten within %s", report.Count(s.Times, "case"), spell(s.Median), spell(s.Most)))
	if len(s.Slow) == 0 {
		b.WriteString("no host takes much longer than the others, and none gets slower\n")
	} else {
		shown := s.Slow[:t.limit(listLimit, len(s.Slow))]
		t.slowTable(b, shown)
		t.more(b, len(s.Slow)-len(shown)+s.MoreSlow, "which are quicker")
	}
	if len(s.Late) == 0 {
		return
	}
	shown := s.Late[:t.limit(listLimit, len(s.Late))]
	b.WriteString("\n")
	checks, windows := make([]string, len(shown)), make([]string, len(shown))
	hosts, worst := slices.Clone(checks), slices.Clone(checks)
	for i, l := range shown {
		checks[i], windows[i] = l.Check, fmt.Sprintf("%d of %d", l.Windows, l.Asked)
		hosts[i], worst[i] = report.Thousands(l.Hosts), spell(l.Worst)
	}
	tab := table{pen: t.pen, columns: []column{
		{title: "comes up late as a rule", left: true, cells: checks, least: checkLeast},
		{title: "windows", cells: windows},
		{title: "hosts", cells: hosts},
		{title: "latest", cells: worst},
	}}
	tab.fit()
	tab.write(b, len(shown))
	t.more(b, len(s.Late)-len(shown)+s.MoreLate, "which come up sooner")
}

func (t teller) slowTable(b *strings.Builder, shown []Slow) {
	of := func(tell func(s Slow) string) []string {
		cells := make([]string, len(shown))
		for i, s := range shown {
			cells[i] = tell(s)
		}
		return cells
	}
	tab := table{pen: t.pen, columns: []column{
		{title: "host", left: true, least: 12, cells: of(func(s Slow) string { return s.Host })},
		{title: "median", cells: of(func(s Slow) string { return spell(s.Median) })},
		{title: "worst", cells: of(func(s Slow) string { return spell(s.Worst) })},
		{title: "in #", cells: of(func(s Slow) string { return strconv.Itoa(s.WorstIn) })},
		{title: "times the fleet", short: "x fleet", cells: of(func(s Slow) string {
			return fmt.Sprintf("%.1f", s.Fleet)
		})},
		{title: "windows", cells: of(func(s Slow) string { return strconv.Itoa(s.Windows) })},
		{
			title: "trend", left: true, cells: of(func(s Slow) string { return t.pen.trend(s.Trend) }),
			color: func(row int) string {
				return map[Trend]string{Slower: yellow, Quicker: green}[shown[row].Trend]
			},
		},
		{title: "each window", short: "each", left: true, spare: 1, cells: of(func(s Slow) string { return t.pen.bars(s) })},
	}}
	tab.fit()
	tab.write(b, len(shown))
}

// bars draws a host's times, the worst as high as can be.
func (p pen) bars(s Slow) string {
	levels := []rune(p.pick("▁▂▃▄▅▆▇█", "12345678"))
	var b strings.Builder
	for _, d := range s.Times {
		if d == 0 {
			b.WriteString(p.pick("·", "."))
			continue
		}
		b.WriteRune(levels[int(float64(d)/float64(s.Worst)*float64(len(levels)-1))])
	}
	return b.String()
}

// flapping tells which checks go back and forth.
func (t teller) flapping(b *strings.Builder) {
	if len(t.Flapping) == 0 {
		t.section(b, "FLAPPING", "no check goes back and forth between these windows")
		return
	}
	t.section(b, "FLAPPING", fmt.Sprintf("checks that go back and forth, with a score: %d each time that one broke "+
		"again, %d a window in which it became ill again while it was waited for, "+
		"1 a window in which it is late now and then",
		returnWeight, flappedWeight))
	shown := t.Flapping[:t.limit(listLimit, len(t.Flapping))]
	name := report.Columns("check")
	for _, f := range shown {
		name = max(name, report.Columns(f.Check))
	}
	name = min(name, max(checkLeast, t.pen.Width*2/5))
	for _, f := range shown {
		t.pen.hanging(b, fmt.Sprintf("%5d  %s  ", f.Score, padded(t.pen.cut(f.Check, name), name)), f.Words)
	}
	t.more(b, len(t.Flapping)-len(shown)+t.MoreFlapping, "with a lower score")
}

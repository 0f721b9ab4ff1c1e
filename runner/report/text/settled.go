package text

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"postpatch/runner/report"
)

// late is a reading that came up while its host was waited for.
type late struct {
	host, what string
	after      time.Duration
	was        string
}

// lateOf are those of a host.
func lateOf(h report.Host) []late {
	var all []late
	for _, c := range h.Checks {
		for _, s := range c.Settled {
			what := strings.Join(strings.Fields(c.ID+" "+s.Item+" "+s.Reading), " ")
			all = append(all, late{h.Host, what, s.After, s.Was})
		}
	}
	return all
}

// lates are what came up late, of very many the slowest.
type lates struct {
	kept []late
	all  int
}

func (l *lates) add(more []late, keep bool) {
	const most = 50 * groupLimit
	l.kept, l.all = append(l.kept, more...), l.all+len(more)
	if !keep && len(l.kept) > most {
		l.sort()
		l.kept = slices.Clone(l.kept[:groupLimit])
	}
}

// sort puts the slowest first.
func (l *lates) sort() {
	slices.SortStableFunc(l.kept, func(x, y late) int {
		return cmp.Or(-cmp.Compare(x.after, y.after), cmp.Compare(x.host, y.host), cmp.Compare(x.what, y.what))
	})
}

// settled lists what came up late, the slowest first: nothing is wrong with it now, and
// who plans the next window wants to know.
func (v *view) settled(b *strings.Builder) {
	if v.late.all == 0 {
		return
	}
	v.late.sort()
	shown := v.late.kept
	if len(shown) > groupLimit && v.pen.Verbosity < Verbose {
		shown = shown[:groupLimit]
	}
	b.WriteString("\n" + report.Count(v.late.all, "reading") + " came up while the hosts were waited for\n")
	host, after := 0, 0
	for _, l := range shown {
		host, after = max(host, columns(l.host)), max(after, columns(report.Spell(l.after)))
	}
	host = min(host, hostLimit)
	for _, l := range shown {
		name := padded(v.pen.cut(l.host, host), host)
		start := fmt.Sprintf("  %*s after the start  %s  ", after, report.Spell(l.after), name)
		rows := v.pen.rows(l.what+": was "+l.was, v.pen.Width-columns(start))
		b.WriteString(start + strings.Join(rows, "\n"+strings.Repeat(" ", columns(start))) + "\n")
	}
	if more := v.late.all - len(shown); more > 0 {
		fmt.Fprintf(b, "  %s more, which were quicker (-v lists them)\n", report.Thousands(more))
	}
}

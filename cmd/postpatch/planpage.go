package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"postpatch/runner/report"
	"postpatch/suites"
)

// page is text in two columns: what a line is about, and what it says.
type page struct{ strings.Builder }

// The columns of a page.
const (
	pageWidth = 100
	pageLabel = 11
)

// row adds a line, or several where one is too short.
func (p *page) row(label, format string, args ...any) {
	line := fmt.Sprintf("%-*s", pageLabel, label)
	for i, word := range strings.Fields(report.CleanLine(fmt.Sprintf(format, args...))) {
		if i > 0 && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > pageWidth {
			p.WriteString(strings.TrimRight(line, " ") + "\n")
			line = strings.Repeat(" ", pageLabel)
		} else if i > 0 {
			line += " "
		}
		line += word
	}
	p.WriteString(strings.TrimRight(line, " ") + "\n")
}

func (p *page) gap() { p.WriteByte('\n') }

// text is the page on a plan.
func (v planView) text(e estimate) string {
	var p page
	p.row("PLAN", "%s: %s, %s, %s", v.Plan, count(len(v.Suites), "suite"),
		count(v.Hosts, "host"), count(v.Checks, "check"))
	if len(v.Chosen) > 0 {
		p.row("", "for %s only", strings.Join(v.Chosen, ", "))
	}
	p.row("", "nobody was asked; messages and times are estimates")
	v.changes(&p)
	for _, w := range v.Waves {
		p.gap()
		v.wave(&p, w, e)
	}
	if len(v.NoWave) > 0 {
		p.gap()
		p.row("NO WAVE", "%s: %s", count(len(v.NoWave), "host"), shorten(v.NoWave))
		p.row("", "write hosts: to say whom the plan is for, or put them into a wave")
	}
	p.gap()
	v.conditions(&p)
	for _, note := range v.Notes {
		p.row("NOTE", "%s", note)
	}
	return p.String()
}

// changes are what the patch has to bring and may.
func (v planView) changes(p *page) {
	p.gap()
	p.row("REBOOT", "%s", v.Reboot)
	for _, pass := range slices.Sorted(maps.Keys(v.Passes)) {
		p.row("", "%s pass: %s since the pass before", pass, v.Passes[pass])
	}
	for i, m := range v.Must {
		label := ""
		if i == 0 {
			label = "MUST"
		}
		p.row(label, "%s", m.line())
	}
	var may []string
	for _, m := range v.May {
		may = append(may, m.line())
	}
	if len(may) > 0 {
		p.row("MAY", "%s", strings.Join(may, "; "))
	}
	var drift []string
	for _, d := range v.Drift {
		drift = append(drift, strings.TrimSpace(d.Change+" "+d.Severity))
	}
	if len(drift) > 0 {
		p.row("DRIFT", "%s", strings.Join(drift, ", then "))
	}
	if v.Waivers > 0 {
		p.row("WAIVED", "%s", count(v.Waivers, "waiver"))
	}
}

func (m mustView) line() string {
	text := m.Change + ": " + m.To
	if m.Where != "" {
		text += ", where it was " + m.Where
	}
	if len(m.Hosts) > 0 {
		text += ", on " + shorten(m.Hosts)
	}
	if m.KB != "" {
		text += " (" + strings.TrimSpace(m.KB+" "+m.Severity)
		if m.Released != "" {
			text += ", released " + m.Released
		}
		if m.Within != "" {
			text += ", due within " + m.Within
		}
		text += ")"
	}
	if m.Reason != "" {
		text += " – " + m.Reason
	}
	return text
}

func (m mayView) line() string {
	text := m.Change
	if m.To != "" {
		text += " to " + m.To
	}
	if len(m.Hosts) > 0 {
		text += " on " + shorten(m.Hosts)
	}
	return text
}

func (v planView) wave(p *page, w waveView, e estimate) {
	label, name := "HOSTS", ""
	if w.Name != "" {
		label, name = "WAVE", w.Name
		if len(w.After) > 0 {
			name += " after " + strings.Join(w.After, ", ")
		}
		name += ", "
	}
	p.row(label, "%s%s: %s", name, count(len(w.Hosts), "host"), shorten(w.Hosts))
	p.row("  checks", "%d: %s", w.Checks, byNumber(w.Kinds))
	asked := "nothing through a session"
	if w.Questions.Most > 0 {
		asked = fmt.Sprintf("%s questions a host, in %s SOAP messages; %d messages in all", w.Questions, w.Messages, w.All)
		switch w.PowerShell {
		case 0:
			asked += ", by WMI alone"
		case len(w.Hosts):
			asked += ", by one PowerShell each"
		default:
			asked += fmt.Sprintf(", by one PowerShell on %s", count(w.PowerShell, "host"))
		}
	}
	p.row("  asks", "%s", asked)
	look := "a look at all takes at most " + around(w.Longest.of()) + ", where nothing answers"
	if w.About > 0 {
		look = fmt.Sprintf("a look at all takes about %s, by %s of run %s; at most %s", around(w.About.of()),
			count(e.last.hosts, "host"), e.last.run, around(w.Longest.of()))
	}
	p.row("  time", "%s; %d at once", look, e.atOnce)
	var settle []string
	for _, s := range w.Settles {
		settle = append(settle, s.By+" "+s.Limit+" ("+count(s.Hosts, "host")+")")
	}
	p.row("  settles", "%s", strings.Join(settle, ", "))
	if g := w.Gate; g != nil {
		p.row("  gate", "at least %d of %d known (%s), at most %d regressed (%s), at most %d unknown (%s)",
			g.Known, len(w.Hosts), g.Quorum, g.Regressed, g.MaxRegressed, g.Unknown, g.MaxUnknown)
	}
}

// conditions are what holds for all waves.
func (v planView) conditions(p *page) {
	s := v.Settle
	p.row("WAITS", "until a host is back: %s; a pass holds for %s; asked again after %s, at first",
		s.Return, s.Stable, s.Poll)
	var budget []string
	for _, command := range slices.Sorted(maps.Keys(v.Budget)) {
		word := "for "
		if strings.Contains(v.Budget[command], ":") {
			word = "until "
		}
		budget = append(budget, command+" "+word+v.Budget[command])
	}
	p.row("BUDGET", "%s", cmp.Or(strings.Join(budget, ", "), "none"))
	var before []string
	for _, words := range [][3]string{
		{"free", "at least ", " free on every volume"},
		{"backup", "a backup of the last ", ""},
		{"restore_test", "a restore of the last ", ""},
	} {
		if wanted := v.Precheck[words[0]]; wanted != "" {
			before = append(before, words[1]+wanted+words[2])
		}
	}
	if len(before) > 0 {
		p.row("BEFORE", "%s", strings.Join(before, ", "))
	}
	p.row("STORE", "%s", v.Store)
}

// String is a span as people write it: 4, or 4–7.
func (s span) String() string {
	if s.Least == s.Most {
		return strconv.Itoa(s.Most)
	}
	return fmt.Sprintf("%d–%d", s.Least, s.Most)
}

// byNumber lists kinds, those of most checks first.
func byNumber(kinds map[string]int) string {
	names := slices.SortedFunc(maps.Keys(kinds), func(a, b string) int {
		return cmp.Or(cmp.Compare(kinds[b], kinds[a]), strings.Compare(a, b))
	})
	for i, name := range names {
		names[i] = strconv.Itoa(kinds[name]) + " " + name
	}
	return strings.Join(names, ", ")
}

// around writes a time that is known roughly.
func around(d time.Duration) string {
	if d < 10*time.Second {
		return d.Round(100 * time.Millisecond).String()
	}
	return suites.Span(d.Round(time.Second))
}

// sizeText writes bytes with the largest unit of which they are a whole number.
func sizeText(n int64) string {
	units := []string{"bytes", "KiB", "MiB", "GiB", "TiB"}
	i := 0
	for ; n%1024 == 0 && i+1 < len(units); i++ {
		n /= 1024
	}
	return fmt.Sprintf("%d %s", n, units[i])
}

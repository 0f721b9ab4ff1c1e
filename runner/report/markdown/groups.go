package markdown

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"postpatch/runner/report"
	"postpatch/runner/report/fold"
)

// group tells one group in a table that can be folded up; what fails is open.
func (v *view) group(p *page, g fold.Group) {
	entries := v.folder.Of(g)
	if len(entries) == 0 {
		return
	}
	size, look := fold.SizeOf(entries), g.Look(v.run.Command)
	count := size.Checks
	if g == fold.Unreachable || g == fold.Problem || count == 0 {
		count = size.Told
	}
	open := ""
	if look.Tone == fold.Bad || look.Tone == fold.Warning && g != fold.Drift {
		open = " open"
	}
	begin := fmt.Sprintf("<details%s><summary><b>%s %s (%d)</b> %s</summary>\n\n", open, look.Sign, look.Title, count,
		look.Meaning)
	slices.SortStableFunc(entries, func(a, b *fold.Entry) int { return len(b.Hosts) - len(a.Hosts) })
	more := size.Beyond + max(0, len(entries)-mostRows)
	if entries = entries[:min(len(entries), mostRows)]; look.Blocks {
		entries = fold.Together(entries)
	}
	const columns = "| hosts | check | what | why |\n|---|---|---|---|\n"
	if !p.fits(begin + columns) {
		p.write(fmt.Sprintf("%s %s (%d): in %s\n\n", look.Sign, look.Title, count, p.where()))
		return
	}
	p.WriteString(begin + columns)
	told := 0
	for _, e := range entries {
		row := v.row(e)
		if !p.fits(row) {
			break
		}
		p.WriteString(row)
		told++
	}
	if more += len(entries) - told; more > 0 {
		p.write(fmt.Sprintf("\n… %d more in %s\n", more, p.where()))
	}
	p.write("\n</details>\n\n")
}

// row is an entry as a row of the table.
func (v *view) row(e *fold.Entry) string {
	subject := ""
	if e.Subject != "" {
		subject = code(brief(e.Subject))
	}
	for _, also := range e.Also[:min(len(e.Also), mostList)] {
		subject += "<br>also " + code(brief(also.Subject))
	}
	return "| " + v.where(e) + " | " + subject + " | " + strings.Join(what(e), "<br>") + " | " +
		strings.Join(why(e), "<br>") + " |\n"
}

// where names the hosts, or the first of very many.
func (v *view) where(e *fold.Entry) string {
	var names []string
	for _, host := range e.Hosts[:min(len(e.Hosts), mostList)] {
		names = append(names, code(host))
	}
	text := strings.Join(names, ", ")
	switch more := len(e.Hosts) - mostList; {
	case len(e.Hosts) > 1 && len(e.Hosts) == v.hosts:
		return fmt.Sprintf("all %d: ", v.hosts) + text + remaining(more)
	case len(e.Hosts) > 1:
		return report.Count(len(e.Hosts), "host") + ": " + text + remaining(more)
	default:
		return text
	}
}

func remaining(n int) string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprintf(" and %d more", n)
}

// what says what is so, before and now, and what explains it.
func what(e *fold.Entry) []string {
	var lines []string
	if e.Reason != "" {
		lines = append(lines, code(e.Reason))
	}
	if e.Unasked > 0 {
		lines = append(lines, report.Count(e.Unasked, "check")+" not judged")
	}
	for _, f := range e.Findings[:min(len(e.Findings), mostList)] {
		lines = append(lines, changed(f))
	}
	if more := len(e.Findings) - mostList; more > 0 {
		lines = append(lines, fmt.Sprintf("… %d more", more))
	}
	for _, because := range e.Evidence[:min(len(e.Evidence), mostList)] {
		lines = append(lines, "because "+code(because.Reading)+" "+code(because.Value))
	}
	if e.Differs && len(e.Evidence) > 0 {
		lines = append(lines, "on "+code(e.Hosts[0])+", and other evidence elsewhere")
	}
	return lines
}

func changed(f report.Finding) string {
	s := code(f.NowText())
	switch {
	case f.HasBefore && f.HasNow && f.Before == f.Now:
		s += ", as at the baseline"
	case f.HasBefore:
		s = code(f.BeforeText()) + " → " + s
	}
	if f.Reading != "" {
		s = code(f.Reading) + ": " + s
	}
	switch {
	case f.Wanted == "":
	case f.Outcome == report.Drifted:
		s += " (rule " + code(f.Wanted) + ")"
	default:
		s += " (" + code(f.Wanted) + ")"
	}
	if f.Waiver != (report.Waiver{}) {
		s += "<br>waiver " + code(brief(strings.Join(append(f.Waiver.Says(), f.Waiver.Without()), ", ")))
	}
	return s
}

// why is whose word it is that this should be otherwise.
func why(e *fold.Entry) []string {
	var lines []string
	for _, of := range []struct{ label, text string }{
		{"", e.Check.Why}, {"owner ", e.Check.Owner}, {"", e.Check.Mark}, {"", e.Check.Place()},
	} {
		if of.text != "" {
			lines = append(lines, of.label+code(brief(of.text)))
		}
	}
	return lines
}

// worst drops all hosts but the worst ones.
func (v *view) worst() {
	slices.SortStableFunc(v.rows, func(a, b fold.Row) int {
		return cmp.Or(b.Rank()-a.Rank(), b.Broken()-a.Broken(), cmp.Compare(a.Host, b.Host))
	})
	v.rows = v.rows[:min(len(v.rows), mostKept)]
}

// table is a row a host, the worst first.
func (v *view) table(p *page) {
	v.worst()
	begin := fmt.Sprintf("<details><summary><b>Hosts (%d)</b></summary>\n\n", v.hosts) +
		"| host | verdict | broken | unknown | pre-existing | rebooted |\n|---|---|---|---|---|---|\n"
	if v.hosts == 0 || !p.fits(begin) {
		return
	}
	p.WriteString(begin)
	told := 0
	for _, r := range v.rows {
		row := fmt.Sprintf("| %s | %s | %d | %d | %d | %s |\n", code(r.Host), code(brief(r.Word())), r.Broken(),
			r.Counts[report.Unknown], r.Counts[report.PreExisting], rebooted(r))
		if r.Blind || r.Problem {
			row = fmt.Sprintf("| %s | %s | ? | ? | ? | ? |\n", code(r.Host), code(r.Word()))
		}
		if !p.fits(row) {
			break
		}
		p.WriteString(row)
		told++
	}
	if more := v.hosts - told; more > 0 {
		p.write(fmt.Sprintf("\n… %d more in %s\n", more, p.where()))
	}
	p.write("\n</details>\n\n")
}

func rebooted(r fold.Row) string {
	switch {
	case r.Rebooted != nil:
		return r.Rebooted.UTC().Format("2006-01-02 15:04 UTC")
	case r.RebootKnown:
		return "no"
	default:
		return "?"
	}
}

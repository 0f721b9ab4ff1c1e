package text

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"postpatch/runner/report"
)

// hiding is one rule that has hidden changes, as it is counted, and where it stands.
type hiding struct{ rule, by string }

// gather keeps the changes that rules hide, where they are to be listed, by what is
// the same on several hosts. What is not listed is dropped: there may be very many.
func (v *view) gather(h report.Host) {
	for i := range h.Checks {
		c := &h.Checks[i]
		for _, hidden := range c.Hidden {
			if !v.pen.listsIgnored() {
				break
			}
			key := hiding{hidden.Counted(c.Kind), ruleBy(hidden)}
			if v.hiding[key] == nil {
				v.hiding[key] = map[string][]string{}
			}
			what := c.Subject(hidden.Item) + "  " + v.pen.change(report.Finding{
				Before: hidden.Before, Now: hidden.Now, HasBefore: hidden.HasBefore, HasNow: hidden.HasNow,
			})
			v.hiding[key][what] = append(v.hiding[key][what], h.Host)
		}
		c.Hidden = nil
	}
}

func (p pen) listsIgnored() bool { return p.ShowIgnored || p.Verbosity >= Raw }

// ruleBy is whose rule it is, and where it stands.
func ruleBy(h report.Hidden) string {
	by := "by the " + h.By
	if h.File != "" {
		by += fmt.Sprintf(", %s:%d", h.File, h.Line)
	}
	return by
}

// ignored counts what rules hide, the most frequent first, and says how it is listed.
func (v *view) ignored(b *strings.Builder, s report.Summary) {
	total := 0
	rules := slices.Collect(maps.Keys(s.Ignored))
	for _, rule := range rules {
		total += s.Ignored[rule]
	}
	if total == 0 {
		return
	}
	slices.SortFunc(rules, func(a, b string) int {
		return cmp.Or(cmp.Compare(s.Ignored[b], s.Ignored[a]), cmp.Compare(a, b))
	})
	title := report.Count(total, "change") + " hidden by rules"
	switch {
	case v.pen.listsIgnored():
		b.WriteString(title + "\n")
		for _, rule := range rules {
			v.listIgnored(b, rule, s.Ignored[rule])
		}
		return
	case v.pen.Verbosity >= Verbose:
		b.WriteString(title + howListed("", s) + "\n")
		for _, rule := range rules {
			b.WriteString(v.counted(rule, s.Ignored[rule], "") + "\n")
		}
	default:
		var most []string
		for _, rule := range rules[:min(3, len(rules))] {
			reading, _, _ := strings.Cut(rule, ":")
			most = append(most, fmt.Sprintf("%s %s", v.pen.cut(reading, glance+glance/2), report.Thousands(s.Ignored[rule])))
		}
		if len(rules) > len(most) {
			most = append(most, v.pen.ellipsis())
		}
		text := title + ": " + strings.Join(most, ", ") + howListed("-v counts by rule", s)
		b.WriteString(strings.Join(v.pen.rows(text, v.pen.Width-2), "\n  ") + "\n")
	}
	if s.ListIgnored != "" {
		b.WriteString("  listed by  " + s.ListIgnored + "\n") // whole, since it is to be copied
	}
}

// howListed adds the flag that lists the changes, where no command is named that does.
func howListed(how string, s report.Summary) string {
	if s.ListIgnored == "" {
		how = strings.TrimPrefix(how+", --show-ignored lists them", ", ")
	}
	if how == "" {
		return ""
	}
	return " (" + how + ")"
}

func (v *view) counted(rule string, n int, by string) string {
	text := v.pen.dim(fmt.Sprintf("%6s  %s", report.Thousands(n), rule))
	if by != "" {
		text += "   " + v.pen.dim(by)
	}
	return "  " + text
}

// listIgnored lists the changes that a rule hides, below each place where it stands.
func (v *view) listIgnored(b *strings.Builder, rule string, n int) {
	const indent = 10
	for _, key := range slices.SortedFunc(maps.Keys(v.hiding), func(x, y hiding) int { return cmp.Compare(x.by, y.by) }) {
		if key.rule != rule {
			continue
		}
		own := 0
		for _, hosts := range v.hiding[key] {
			own += len(hosts)
		}
		n -= own
		b.WriteString(v.counted(rule, own, key.by) + "\n")
		for _, what := range slices.Sorted(maps.Keys(v.hiding[key])) {
			hosts := slices.Sorted(slices.Values(v.hiding[key][what]))
			on := strings.Join(slices.Compact(hosts), ", ")
			if len(hosts) > 1 && len(hosts) == v.run.Hosts {
				on = v.all(len(hosts))
			}
			rows := v.pen.flow([]string{on, what}, v.pen.Width-indent-2)
			b.WriteString(strings.Repeat(" ", indent) + strings.Join(rows, "\n"+strings.Repeat(" ", indent+2)) + "\n")
		}
	}
	if n > 0 { // the stream is of a version that only counted them
		b.WriteString(v.counted(rule, n, "not listed") + "\n")
	}
}

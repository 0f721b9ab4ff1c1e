package text

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"postpatch/runner/report"
)

// listing writes a line, and below it what was gathered for it, if anything:
// what is the same on the same hosts in one go.
func (v *view) listing(b *strings.Builder, title string, gathered map[string][]string) {
	b.WriteString(strings.Join(v.pen.rows(title, v.pen.Width-2), "\n  ") + "\n")
	together := map[string][]string{}
	for _, what := range slices.Sorted(maps.Keys(gathered)) {
		hosts := slices.Compact(slices.Sorted(slices.Values(gathered[what])))
		on := listed(hosts, v.pen.Width-4, v.pen.Verbosity < Raw)
		if n := len(hosts); n > 1 && n == v.run.Hosts {
			on = v.all(n)
		}
		together[on] = append(together[on], what)
	}
	for _, on := range slices.Sorted(maps.Keys(together)) {
		b.WriteString("  " + on + "\n")
		for _, row := range v.pen.flow(together[on], v.pen.Width-4) {
			b.WriteString("    " + v.pen.dim(row) + "\n")
		}
	}
}

// ignored counts what rules hid, the most frequent first.
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
	title := plural(total, "change") + " hidden by rules"
	if v.pen.Verbosity >= Verbose {
		b.WriteString(title + "\n")
		for _, rule := range rules {
			b.WriteString("  " + v.pen.dim(fmt.Sprintf("%6s  %s", thousands(s.Ignored[rule]), rule)) + "\n")
		}
		return
	}
	var most []string
	for _, rule := range rules[:min(3, len(rules))] {
		reading, _, _ := strings.Cut(rule, ":")
		most = append(most, fmt.Sprintf("%s %s", v.pen.cut(reading, glance+glance/2), thousands(s.Ignored[rule])))
	}
	if len(rules) > len(most) {
		most = append(most, v.pen.ellipsis())
	}
	text := fmt.Sprintf("%s: %s (-v lists them)", title, strings.Join(most, ", "))
	b.WriteString(strings.Join(v.pen.rows(text, v.pen.Width-2), "\n  ") + "\n")
}

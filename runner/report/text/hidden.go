package text

import (
	"maps"
	"slices"
	"strings"
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

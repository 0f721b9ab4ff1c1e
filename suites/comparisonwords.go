package suites

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// String lists what is said of all readings, and not where: two comparisons that read the
// same compare the same.
func (c Comparisons) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "items %v", c.items)
	for _, name := range slices.Sorted(maps.Keys(c.byName)) {
		own := c.byName[name]
		fmt.Fprintf(&b, "; %s %v %v", name, own.all.Rule, own.all.Severity)
		for _, o := range own.some {
			fmt.Fprintf(&b, ", %s:", o.Pattern)
			if o.Rule != nil {
				fmt.Fprintf(&b, " %v", *o.Rule)
			}
			if o.Severity != nil {
				fmt.Fprintf(&b, " %v", *o.Severity)
			}
		}
	}
	return b.String()
}

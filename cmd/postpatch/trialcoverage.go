package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"postpatch/runner/report"
)

// coverage is what the cases of a suite's test have seen its checks do.
type coverage struct {
	order  []string // the checks' ids, in the order of the suite
	checks map[string]*checkCoverage
}

type checkCoverage struct {
	cases    []string // that saw it fail, or drift
	wanted   []string // the readings of which something is expected
	readings []string // by which it failed
}

// covered gathers it. A check that could only not be observed has not been seen to fail.
func (t tested) covered() coverage {
	all := coverage{checks: map[string]*checkCoverage{}}
	if t.set == nil {
		return all
	}
	for _, h := range t.set.Hosts {
		for _, c := range h.Checks {
			seen := all.checks[c.ID]
			if seen == nil {
				seen = &checkCoverage{}
				all.checks[c.ID] = seen
				all.order = append(all.order, c.ID)
			}
			for _, e := range c.Expect {
				seen.wanted = addNew(seen.wanted, e.Reading)
			}
		}
	}
	for _, c := range t.cases {
		for _, h := range c.end.hosts {
			for _, check := range h.Checks {
				all.note(c.name, check)
			}
		}
	}
	return all
}

func (all coverage) note(name string, c report.Check) {
	seen := all.checks[c.ID]
	if seen == nil || !isWrong(c.Outcome) {
		return
	}
	seen.cases = addNew(seen.cases, name)
	for _, f := range c.Findings {
		if isWrong(f.Outcome) {
			seen.readings = addNew(seen.readings, cmp.Or(f.Reading, "gone"))
		}
	}
}

// never are the checks that no case has seen fail.
func (all coverage) never() []string {
	never := []string{}
	for _, id := range all.order {
		if len(all.checks[id].cases) == 0 {
			never = append(never, id)
		}
	}
	return never
}

// tellCoverage lists it.
func tellCoverage(a app, all coverage) {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "CHECK\tSEEN TO FAIL IN\tBY\tEXPECTED, AND NEVER SEEN TO FAIL")
	for _, id := range all.order {
		c := all.checks[id]
		left := slices.DeleteFunc(slices.Clone(c.wanted), func(r string) bool { return slices.Contains(c.readings, r) })
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", report.CleanLine(id), someOf(c.cases), listed(c.readings), listed(left))
	}
	_ = w.Flush() // into memory
	for line := range strings.Lines(b.String()) {
		a.tell("%s\n", strings.TrimRight(line, " \n"))
	}
}

// someOf is a list of which the first and a number are enough.
func someOf(names []string) string {
	if len(names) < 3 {
		return listed(names)
	}
	return fmt.Sprintf("%s and %d more", report.CleanLine(names[0]), len(names)-1)
}

// listed is a list in a cell of a table.
func listed(names []string) string {
	if len(names) == 0 {
		return "-"
	}
	return report.CleanLine(strings.Join(names, ", "))
}

func addNew(list []string, name string) []string {
	if slices.Contains(list, name) {
		return list
	}
	return append(list, name)
}

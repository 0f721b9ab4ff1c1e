package text

import (
	"fmt"
	"slices"
	"strings"

	"postpatch/runner/report"
)

// size counts what a group tells as the verdict does, in checks or hosts; where
// a check has several items to tell, these too.
func size(g group, entries []*entry) string {
	checks, items := map[string]bool{}, map[string]bool{}
	told := 0
	for _, e := range entries {
		told += len(e.hosts)
		for _, h := range e.hosts {
			checks[fmt.Sprintf("%q %q %q", h, e.check.Suite, e.check.ID)] = true
			items[fmt.Sprintf("%q %q %q", h, e.check.Suite, e.subject)] = true
		}
	}
	switch n := len(checks); {
	case g == unreachable || g == problem || told == n:
		return thousands(told)
	case len(items) == n:
		return fmt.Sprintf("%s, %s", plural(n, "check"), plural(told, "reading"))
	default:
		return fmt.Sprintf("%s, %s", plural(n, "check"), plural(len(items), "item"))
	}
}

// together puts entries that say the very same of one thing, as service/X and
// services/X do, side by side: the first tells it, the others are named there.
func together(entries []*entry) []*entry {
	var all []*entry
	for _, e := range entries {
		i := slices.IndexFunc(all, func(known *entry) bool { return known.covers(e) })
		if i < 0 {
			first := *e // what is gathered here stays out of the folder
			all = append(all, &first)
			continue
		}
		all[i].also = append(all[i].also, e)
	}
	return all
}

// covers says whether all that another check found is found here too.
func (e *entry) covers(other *entry) bool {
	if len(other.findings) == 0 || e.check.Mark != other.check.Mark || !slices.Equal(e.hosts, other.hosts) ||
		!strings.EqualFold(itemOf(e.subject), itemOf(other.subject)) {
		return false
	}
	return !slices.ContainsFunc(other.findings, func(f report.Finding) bool {
		f.Item = ""
		return !slices.ContainsFunc(e.findings, func(own report.Finding) bool {
			own.Item = ""
			return own == f
		})
	})
}

// itemOf is a subject without the kind of its check.
func itemOf(subject string) string {
	_, item, found := strings.Cut(subject, "/")
	if !found {
		return subject
	}
	return item
}

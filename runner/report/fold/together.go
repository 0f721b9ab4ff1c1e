package fold

import (
	"fmt"
	"slices"
	"strings"

	"postpatch/runner/report"
)

// Size is how much a group tells.
type Size struct {
	Told   int // an entry of each host
	Checks int
	Items  int // of the checks
}

// SizeOf counts what a group tells as the verdict does, in checks; where a check has
// several items to tell, these too. Where the hosts as such are told of, Told counts them.
func SizeOf(entries []*Entry) Size {
	checks, items := map[string]bool{}, map[string]bool{}
	told := 0
	for _, e := range entries {
		told += len(e.Hosts)
		for _, h := range e.Hosts {
			checks[fmt.Sprintf("%q %q %q", h, e.Check.Suite, e.Check.ID)] = true
			items[fmt.Sprintf("%q %q %q", h, e.Check.Suite, e.Subject)] = true
		}
	}
	return Size{Told: told, Checks: len(checks), Items: len(items)}
}

// Together puts entries that say the very same of one thing, as service/X and
// services/X do, side by side: the first tells it, the others are named there.
func Together(entries []*Entry) []*Entry {
	var all []*Entry
	for _, e := range entries {
		i := slices.IndexFunc(all, func(known *Entry) bool { return known.covers(e) })
		if i < 0 {
			first := *e // what is gathered here stays out of the folder
			all = append(all, &first)
			continue
		}
		all[i].Also = append(all[i].Also, e)
	}
	return all
}

// covers says whether all that another check found is found here too.
func (e *Entry) covers(other *Entry) bool {
	if len(other.Findings) == 0 || e.Check.Mark != other.Check.Mark || !slices.Equal(e.Hosts, other.Hosts) ||
		!strings.EqualFold(itemOf(e.Subject), itemOf(other.Subject)) {
		return false
	}
	return !slices.ContainsFunc(other.Findings, func(f report.Finding) bool {
		f.Item = ""
		return !slices.ContainsFunc(e.Findings, func(own report.Finding) bool {
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

package fold

import (
	"slices"
	"strings"

	"postpatch/runner/report"
)

// Together puts entries that say the very same of one thing, as service/X and
// services/X do, side by side: the first tells it, the others are named there.
func Together(entries []*Entry) []*Entry {
	type place struct {
		item, host string
		hosts      int
	}
	var all []*Entry
	at := map[place][]*Entry{} // those that may cover one another
	for _, e := range entries {
		p := place{strings.ToLower(itemOf(e.Subject)), e.Hosts[0], len(e.Hosts)}
		i := slices.IndexFunc(at[p], func(known *Entry) bool { return known.covers(e) })
		if i < 0 {
			first := *e // what is gathered here stays out of the folder
			all, at[p] = append(all, &first), append(at[p], &first)
			continue
		}
		at[p][i].Also = append(at[p][i].Also, e)
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

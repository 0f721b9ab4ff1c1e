package runner

import (
	"cmp"
	"slices"
	"time"

	"postpatch/runner/report"
)

// mostOwners are told of one by one in a summary. Of more, the best are only counted.
const mostOwners = 1000

// owners are the tallies of each owner's part, by OwnerKey.
type owners map[string]*owner

type owner struct {
	name  string
	hosts int
	tally *Tally
}

func (all owners) add(h report.Host, precheck bool) {
	for _, part := range report.Parts(h) {
		key := report.OwnerKey(part.Owner)
		o := all[key]
		if o == nil {
			o = &owner{name: part.Owner, tally: NewTally(time.Time{})}
			o.tally.precheck = precheck
			all[key] = o
		}
		o.hosts++
		o.tally.add(part.Host)
	}
}

// summaries are the owners' parts, the worst first, and how many owners are left out.
func (all owners) summaries() (list []report.OwnerSummary, more int) {
	if _, nobody := all[""]; nobody && len(all) == 1 {
		return nil, 0
	}
	for _, o := range all {
		s := o.tally.summary(time.Time{})
		one := report.OwnerSummary{
			Owner: o.name, Hosts: o.hosts, Failing: o.tally.failing, Unknown: s.Counts[report.Unknown], Unseen: s.Unseen,
			Counts: s.Counts, Verdict: s.Verdict, Reason: s.Reason, ExitCode: s.ExitCode,
		}
		for _, n := range s.Counts {
			one.Checks += n
		}
		list = append(list, one)
	}
	worst := []int{ExitBroken, ExitNoVerdict, ExitIncomplete, ExitOK}
	slices.SortFunc(list, func(a, b report.OwnerSummary) int {
		return cmp.Or(slices.Index(worst, a.ExitCode)-slices.Index(worst, b.ExitCode), b.Failing-a.Failing,
			b.Unknown-a.Unknown, cmp.Compare(report.OwnerKey(a.Owner), report.OwnerKey(b.Owner)))
	})
	if more = len(list) - mostOwners; more > 0 {
		return list[:mostOwners:mostOwners], more
	}
	return list, 0
}

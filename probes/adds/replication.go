package adds

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/named"
	"postpatch/probes/internal/parts"
)

func replicationSpecs() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "partners", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.Superset},
			Doc: "The domain controllers from which it replicates; Windows chooses them itself, and anew when one is away.",
		},
		{
			Name: "failing", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.Subset}, Severity: fact.Fail, Keep: "empty",
			Doc: "The partners and naming contexts that failed to replicate twice or more in a row.",
		},
		{
			Name: "failing_errors", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Evidence: true,
			Doc: "The errors of those, each by its number: 1722 the partner does not answer, 8453 access denied, " +
				"8606 lingering objects.",
		},
		{
			Name: "oldest_sync", Type: fact.TypeDuration, Rule: fact.Rule{Op: fact.Ignore}, Severity: fact.Fail,
			Keep: "< 48h",
			Doc:  "How long ago the partner that has waited longest last replicated; what is usual hangs on the schedule.",
		},
		{
			Name: "failures", Type: fact.TypeInt, Of: "attempts", Rule: fact.Rule{Op: fact.Ignore},
			Doc: "How many attempts in a row failed since the last that did not.",
		},
		{
			Name: "last_success", Type: fact.TypeTime, Rule: fact.Rule{Op: fact.Ignore},
			Doc: "When it last replicated; absent when it never did.",
		},
		{
			Name: "last_error", Type: fact.TypeInt, Of: "error number", Rule: fact.Rule{Op: fact.Ignore}, Evidence: true,
			Doc: "The number of the last attempt's error; 0 is none.",
		},
	}
}

// neighbours asks for one row for each partner and naming context. Source: the
// documentation of MSAD_ReplNeighbor, which has what DsReplicaGetInfo returns.
func neighbours() host.WQL {
	return host.WQL{
		Namespace: "root/MicrosoftActiveDirectory", Class: "MSAD_ReplNeighbor",
		Columns: []string{
			"NamingContextDN", "SourceDsaCN", "IsDeletedSourceDsa", "TimeOfLastSyncSuccess",
			"NumConsecutiveSyncFailures", "LastSyncResult",
		},
	}
}

const (
	mostLinks = 5000 // of a hub that replicates with hundreds of branches
	mostShown = 10
	// Where the network is gone all links fail, and are more than a reading may have.
	mostFailing = 200
	// One failure may be the boot's: the partner was down, or the network not yet up.
	manyFailures = 2
)

// links is what all rows come to.
type links struct {
	partners, failing, errors []string
	oldest                    time.Time
	twins                     named.Twins
}

// readReplication tells how each partner's naming contexts come in.
func readReplication(r *gather.Reader, told parts.Parts) {
	rows, ok := r.Rows("replication", neighbours())
	if !ok {
		return
	}
	if len(rows) > mostLinks {
		r.Failf("replication", "%d links, and at most %d are read", len(rows), mostLinks)
		return
	}
	var all links
	whole := true
	for _, row := range rows {
		if !gather.True(row, "IsDeletedSourceDsa") {
			whole = all.read(r, row) && whole
		}
	}
	if !whole {
		return
	}
	r.Add("", "partners", fact.SetOf(all.partners...))
	slices.Sort(all.failing)
	if more := len(all.failing) - mostFailing; more > 0 {
		all.failing = append(all.failing[:mostFailing], fmt.Sprintf("and %d more", more))
	}
	r.Add("", "failing", fact.SetOf(all.failing...))
	if len(all.errors) > 0 {
		shown := all.errors[:min(len(all.errors), mostShown)]
		r.Add("", "failing_errors", fact.Text(strings.Join(shown, "; ")))
	}
	row, ok := told.One("now")
	if !ok || all.oldest.IsZero() {
		return
	}
	now, err := row.Get("Now").Time()
	if err != nil {
		r.Fail("oldest_sync", err)
		return
	}
	r.Add("", "oldest_sync", fact.Duration(now.Sub(all.oldest).Truncate(time.Second)))
}

// read takes one link in; one that cannot be read is named.
func (l *links) read(r *gather.Reader, row host.Row) bool {
	partner := named.Within(gather.Text(row, "SourceDsaCN"), mostText)
	context := named.Within(gather.Text(row, "NamingContextDN"), mostText)
	failures, known := gather.Number(row, "NumConsecutiveSyncFailures")
	if partner == "" || context == "" || !known || failures < 0 {
		r.Failf("replication", "a partner %q, a naming context %q and %q failures",
			partner, context, named.Within(row.Get("NumConsecutiveSyncFailures").Text, mostText))
		return false
	}
	item := l.twins.Item(partner + " " + context)
	l.partners = append(l.partners, partner)
	r.Add(item, "failures", fact.Int(failures))
	code, coded := gather.Number(row, "LastSyncResult")
	if coded {
		r.Add(item, "last_error", fact.Int(code))
	}
	if failures >= manyFailures {
		l.failing = append(l.failing, item)
		l.errors = append(l.errors, fmt.Sprintf("%s: %d times, error %d", item, failures, code))
	}
	// A link that never replicated has a time of long ago, or none.
	at, err := row.Get("TimeOfLastSyncSuccess").Time()
	if err != nil || at.Year() < 2000 {
		return true
	}
	r.Add(item, "last_success", fact.Time(at))
	if l.oldest.IsZero() || at.Before(l.oldest) {
		l.oldest = at
	}
	return true
}

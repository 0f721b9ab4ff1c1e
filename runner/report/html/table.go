package html

import (
	"cmp"
	"slices"

	"postpatch/runner/report"
	"postpatch/runner/report/fold"
)

type (
	// table is a line a host, those first that want a person.
	table struct {
		Heads   []string // of the counts
		Reboots bool
		Lines   []hostLine
		More    int
	}
	hostLine struct {
		Host, Word, Tone, Rebooted string
		Counts                     []string
	}
)

// hostTable makes the table of the hosts. A column is left out when nothing is in it.
func (p *page) hostTable(s *static) table {
	s.trim()
	slices.SortStableFunc(s.rows, func(x, y fold.Row) int {
		return cmp.Or(cmp.Compare(y.Rank(), x.Rank()), cmp.Compare(y.Broken(), x.Broken()), cmp.Compare(x.Host, y.Host))
	})
	t := table{More: s.cut, Reboots: p.Run.Baseline != nil && p.Run.Command != "diff"}
	var columns []report.Outcome
	for _, outcome := range slices.Backward(append([]report.Outcome{report.Passed, fold.NoBasis}, report.Outcomes()...)) {
		occurs := func(r fold.Row) bool { return r.Counts[outcome] > 0 }
		if !slices.Contains(columns, outcome) && slices.ContainsFunc(s.rows, occurs) {
			columns = append(columns, outcome)
			t.Heads = append(t.Heads, p.head(outcome))
		}
	}
	for _, r := range s.rows {
		l := hostLine{Host: r.Host, Word: r.Word(), Tone: tone(r.Tone()), Rebooted: rebooted(r)}
		for _, outcome := range columns {
			n := report.Thousands(r.Counts[outcome])
			if (r.Blind || r.Problem) && outcome != report.Unknown {
				n = "?"
			}
			l.Counts = append(l.Counts, n)
		}
		t.Lines = append(t.Lines, l)
	}
	return t
}

func (p *page) head(o report.Outcome) string {
	switch {
	case o == report.Passed && p.Run.Baseline != nil:
		return "unchanged"
	case o == fold.NoBasis:
		return "no baseline"
	case o == report.Drifted && p.Run.Command == "diff":
		return "changed"
	default:
		return string(o)
	}
}

// rebooted says when a host was started, or how little is known of it.
func rebooted(r fold.Row) string {
	switch {
	case r.NoHost:
		return ""
	case r.Blind || r.Problem || !r.RebootKnown:
		return "?"
	case r.Rebooted == nil:
		return "no"
	case r.Reboot.State == report.RebootConfiguring:
		return stamp(*r.Rebooted) + ", configuring"
	default:
		return stamp(*r.Rebooted)
	}
}

package runner

import (
	"slices"
	"strings"
	"time"

	"postpatch/runner/report"
)

// The exit codes of the program; README has the table.
const (
	ExitOK          = 0
	ExitBroken      = 1   // something regressed, failed or unmet
	ExitNoVerdict   = 2   // usage, suite, plan or baseline problem, crash
	ExitIncomplete  = 3   // something could not be observed, nothing regressed
	ExitInterrupted = 130 // what was observed is kept
)

// Tally adds up judged hosts to the run's summary.
type Tally struct {
	started    time.Time
	counts     map[report.Outcome]int
	ignored    map[string]int
	failing    int // checks that fail the run
	drifting   int // of these: a change that nobody allowed
	unseen     int // hosts
	unknown    int // checks that could not be observed on hosts that answer
	otherHosts int // another machine answers
	waived     int // findings
	waiving    int // checks that have any
	removed    removed
	precheck   bool     // what is judged is whether the patch may begin
	silent     []string // hosts, where that is judged
	owners     owners
}

// NewTally begins a summary of a run.
func NewTally(started time.Time) *Tally {
	return &Tally{
		started: started, counts: map[report.Outcome]int{}, ignored: map[string]int{}, removed: removed{},
		owners: owners{},
	}
}

// Precheck has the summary say whether the patch may begin.
func (t *Tally) Precheck() { t.precheck = true }

// Add takes one host in.
func (t *Tally) Add(h report.Host) {
	t.owners.add(h, t.precheck)
	t.add(h)
}

func (t *Tally) add(h report.Host) {
	for _, c := range h.Checks {
		t.counts[c.Outcome]++
		if c.Outcome == report.Unknown && h.Unreachable == "" && h.Problem == "" {
			t.unknown++
		}
		if c.Failing {
			t.failing++
			// A change that fails may stand in a check that was broken before.
			switch c.Outcome {
			case report.Regressed, report.Failed, report.Unmet:
			default:
				t.drifting++
			}
		}
	}
	for _, c := range h.Checks {
		n := waivedOf(c)
		t.waived += n
		t.waiving += min(n, 1)
	}
	t.removed.add(h)
	for rule, n := range h.Ignored {
		t.ignored[rule] += n
	}
	if h.Unreachable != "" {
		t.unseen++
		if t.precheck {
			t.silent = append(t.silent, h.Host)
		}
	}
	if h.Problem != "" {
		t.otherHosts++
	}
}

// Summary computes the verdict, here and nowhere else.
func (t *Tally) Summary(finished time.Time) report.Summary {
	s := t.summary(finished)
	s.Owners, s.MoreOwners = t.owners.summaries()
	return s
}

func (t *Tally) summary(finished time.Time) report.Summary {
	s := report.Summary{
		Finished: finished, Took: max(0, finished.Sub(t.started)), Counts: t.counts,
		Unseen: t.unseen, Ignored: t.ignored, Waived: t.waived, Notes: t.removed.notes(),
	}
	switch {
	case t.failing > 0:
		s.Verdict, s.ExitCode = "FAIL", ExitBroken
	case t.otherHosts > 0:
		s.Verdict, s.ExitCode = "NO VERDICT", ExitNoVerdict
	case t.counts[report.Unknown] > 0 || t.unseen > 0:
		s.Verdict, s.ExitCode = "INCOMPLETE", ExitIncomplete
	default:
		s.Verdict, s.ExitCode = "PASS", ExitOK
	}
	s.Reason = t.reason()
	if t.precheck {
		t.mayBegin(&s)
	}
	return s
}

// mayBegin puts the verdict into the words of a precheck: whether the patch may begin,
// and before all else which hosts did not answer.
func (t *Tally) mayBegin(s *report.Summary) {
	const most = 3
	switch s.ExitCode {
	case ExitOK:
		s.Verdict, s.Reason = "READY", "the patch may begin"
		if t.waiving > 0 {
			s.Reason += ", " + report.Count(t.waiving, "check") + " waived"
		}
		return
	case ExitBroken:
		s.Verdict = "NOT READY"
	}
	if len(t.silent) > 0 {
		slices.Sort(t.silent)
		s.Reason = "no answer from " + upTo(most, t.silent) + "; " + s.Reason
	}
}

// reason names what the verdict rests on, worst first.
func (t *Tally) reason() string {
	var parts []string
	count := func(n int, what string) {
		if n > 0 {
			parts = append(parts, report.Count(n, "check")+" "+what)
		}
	}
	count(t.counts[report.Regressed], "regressed")
	count(t.counts[report.Failed], "failed")
	count(t.counts[report.Unmet], "unmet")
	count(t.drifting, "drifted")
	if t.otherHosts > 0 {
		parts = append(parts, report.Count(t.otherHosts, "host")+" answered by another machine")
	}
	if t.unseen > 0 {
		parts = append(parts, report.Count(t.unseen, "host")+" unreachable")
	}
	count(t.unknown, "unknown")
	if len(parts) == 0 {
		parts = append(parts, "nothing regressed, nothing unmet")
	}
	count(t.waiving, "waived")
	return strings.Join(parts, ", ")
}

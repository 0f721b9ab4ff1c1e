package runner

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"postpatch/baseline"
	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/runner/report"
	"postpatch/suites"
)

// The marks of checks that have nothing to be compared with.
const (
	markNew        = "new"         // the check is not in the baseline
	markNoBaseline = "no baseline" // it is, but could not be observed then
)

// movesByItself is what hid a change that the baseline's samples explain.
const movesByItself = "moves by itself"

// Judge says what a visit comes to. Before is the host's part of the baseline;
// nil judges without one, as capture does. The planning is that of the whole run;
// nil means that there is no plan.
func Judge(v Visit, before *baseline.Host, planning *Planning) report.Host {
	h := report.Host{
		Host: v.Host.Name, Unreachable: strings.Clone(v.Seen.Unreachable), Started: v.Started, Took: v.Took,
		Session: v.Session,
		Counts:  map[report.Outcome]int{}, Ignored: map[string]int{}, Outcome: report.Skipped,
	}
	if planning == nil {
		planning = NewPlanning(nil)
	}
	if before != nil {
		v.Seen = baseline.Respell(v.Seen, *before, Naming(v.Host.Checks))
	}
	j := judging{
		host: v.Host, now: newSide(&v.Seen), before: newSide(before), planning: planning.on(v.Host),
		unreachable: h.Unreachable != "", at: v.Started,
	}
	if j.at.IsZero() {
		j.at = v.Seen.Taken
	}
	if before != nil {
		h.Problem = otherMachine(before.Identity, v.Seen.Identity)
		j.changes, j.ignored = compare(v, *before)
	}
	drafts := make([]draft, len(v.Host.Checks))
	for i, c := range v.Host.Checks {
		drafts[i] = j.check(c, h.Problem)
	}
	if before != nil {
		j.mustChange(v.Host.Checks, drafts)
	}
	for _, d := range drafts {
		h.Checks = append(h.Checks, d.result())
		d.count(h.Ignored)
	}
	if before != nil && h.Unreachable == "" && h.Problem == "" {
		j.reboot(&h, v.Host.Checks)
		j.identity(&h, v, before.Identity)
	}
	if h.Unreachable == "" && h.Problem == "" {
		j.settling(&h)
		j.passes(&h, before)
	}
	if h.Problem != "" {
		h.Reboot = report.Reboot{State: report.AnotherMachine, Words: h.Problem}
	}
	for i, d := range drafts {
		j.waive(&h.Checks[i], d)
	}
	for _, c := range h.Checks {
		h.Counts[c.Outcome]++
		if report.Worse(c.Outcome, h.Outcome) {
			h.Outcome = c.Outcome
		}
	}
	return h
}

// Listed finds a check that a host has no more and others still have, of a suite that keeps
// its hosts in lists. Nil finds none.
type Listed func(key string) (*suites.Check, bool)

func (l Listed) of(key string) (*suites.Check, bool) {
	if l == nil {
		return &suites.Check{}, false
	}
	return l(key)
}

// AddRemoved adds what the baseline has and the suites, whose checks of the host
// are known, have no more: nobody looks at it now, and the reader is told so.
//
// Of a suite that keeps its hosts in lists, which nobody has changed, a check that it
// still has for others is unknown: that a tag is gone from a list is nobody's word on it.
func AddRemoved(h *report.Host, before *baseline.Host, known map[string]bool, listed Listed) {
	if before == nil {
		return
	}
	for _, was := range before.Checks {
		if known[was.Check] {
			continue
		}
		suite, id, _ := strings.Cut(strings.Clone(was.Check), "/")
		if c, of := listed.of(was.Check); of {
			h.Checks = append(h.Checks, report.Check{
				ID: id, Suite: suite, Kind: strings.Clone(was.Kind), Outcome: report.Unknown,
				Owner: c.Owner, Why: c.Why, File: c.File, Line: c.Line,
				Error: "it was checked at the baseline, and by the lists of the suite's hosts it is for " +
					"this one no more; give its tag back there, or change the suite",
			})
			h.Counts[report.Unknown]++
			if report.Worse(report.Unknown, h.Outcome) {
				h.Outcome = report.Unknown
			}
			continue
		}
		h.Checks = append(h.Checks, report.Check{
			ID: id, Suite: suite, Kind: strings.Clone(was.Kind), Outcome: report.Skipped,
			Error: "it was checked at the baseline, and is no more",
		})
		h.Counts[report.Skipped]++
	}
}

// otherMachine compares identities. One that was not learnt proves nothing.
func otherMachine(before, now string) string {
	if before == "" || now == "" || before == now {
		return ""
	}
	return fmt.Sprintf("another machine answers: the baseline is of %s, now it is %s", before, now)
}

// identity tells when the baseline knows which machine it is of, and the machine
// that answers now does not say which it is.
func (j judging) identity(h *report.Host, v Visit, before string) {
	if before == "" || v.Seen.Identity != "" {
		return
	}
	for _, c := range v.Host.Checks {
		_, asks := asker(c)
		if seen, _ := j.now.observed(c.Key()); asks && seen {
			h.Checks = append(h.Checks, report.Check{
				ID: "identity", Suite: c.Suite, Kind: "host", File: c.File, Outcome: report.Unknown,
				Error: "the baseline is of machine " + before + ", and the one that answers does not say which it is",
			})
			return
		}
	}
}

// Naming gives items their key as their check's kind, or the check itself, says.
func Naming(checks []*suites.Check) baseline.Naming {
	namings := make(map[string]probes.Naming, len(checks))
	for _, c := range checks {
		namings[c.Key()] = c.Items
	}
	return func(check, item string) string { return namings[check].Key(item) }
}

// compare runs the diff by the checks' rules; it returns the changes by check, those
// that count and those that a rule hides.
func compare(v Visit, before baseline.Host) (changes, ignored map[string][]baseline.Change) {
	checks := make(map[string]*suites.Check, len(v.Host.Checks))
	for _, c := range v.Host.Checks {
		checks[c.Key()] = c
	}
	result := baseline.Diff(before, v.Seen, func(k fact.Key) fact.Rule {
		c := checks[k.Check]
		if c == nil { // no longer in the suite
			c = &suites.Check{}
		}
		return c.Compare.For(k.Item, k.Name).Rule
	})
	// Checks that are no longer in the suite are named in the run's notes.
	byCheck := func(all []baseline.Change) map[string][]baseline.Change {
		of := map[string][]baseline.Change{}
		for _, change := range all {
			if _, asked := checks[change.Key.Check]; asked {
				of[change.Key.Check] = append(of[change.Key.Check], change)
			}
		}
		return of
	}
	return byCheck(result.Changes), byCheck(result.Ignored)
}

// judging is what judging one host needs.
type judging struct {
	host        suites.Host
	before, now side
	changes     map[string][]baseline.Change // by check
	ignored     map[string][]baseline.Change // by check, those that a rule hides
	planning    *Planning
	unreachable bool
	at          time.Time // when the host was seen; zero when nobody knows
}

// side is one snapshot of a host, readable by check.
type side struct {
	exists      bool
	taken       time.Time // zero when nobody knows
	identity    string
	unreachable bool
	checks      map[string]baseline.Check
	readings    []fact.Reading // sorted by key
}

func newSide(h *baseline.Host) side {
	if h == nil {
		return side{}
	}
	s := side{
		exists: true, taken: h.Taken, identity: h.Identity, unreachable: h.Unreachable != "",
		checks: make(map[string]baseline.Check, len(h.Checks)), readings: h.Readings,
	}
	for _, c := range h.Checks {
		s.checks[c.Check] = c
	}
	if !fact.InOrder(s.readings) {
		s.readings = slices.SortedStableFunc(slices.Values(s.readings),
			func(a, b fact.Reading) int { return a.Key.Compare(b.Key) })
	}
	return s
}

// of returns what a check has seen.
func (s side) of(check string) values {
	from := sort.Search(len(s.readings), func(i int) bool { return s.readings[i].Key.Check >= check })
	all := s.readings[from:]
	for i := range all {
		if all[i].Key.Check != check {
			return values(all[:i])
		}
	}
	return values(all)
}

// observed says whether the check was observed, and if not, why.
func (s side) observed(check string) (ok bool, why string) {
	record, found := s.checks[check]
	switch {
	case !found:
		return false, "it was not tried"
	case record.Error != "":
		return false, record.Error
	default:
		return true, ""
	}
}

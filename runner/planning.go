package runner

import (
	"slices"
	"sync"
	"time"

	"postpatch/baseline"
	"postpatch/probes/fact"
	"postpatch/runner/report"
	"postpatch/suites"
)

// clockTolerance is how far a host's reported boot time moves without a reboot:
// Windows computes it from clock and uptime, and the clock is set after a boot.
const clockTolerance = 2 * time.Minute

// Planning holds the hosts of one run against the operator's plan, and remembers
// which of the wanted changes any host could show. Several goroutines may judge by it.
type Planning struct {
	plan   *suites.Plan
	host   suites.Host        // that is judged, see on
	may    []suites.MayChange // what the plan allows there
	waive  waiving
	window *Window // before this one; nil for none

	mu     *sync.Mutex // several hosts are judged at once
	shown  []bool      // by wanted change: a host has the reading
	unsure []bool      // by wanted change: a check that may have it could not be observed
}

// NewPlanning begins a run; without a plan everything is allowed and nothing
// wanted.
func NewPlanning(plan *suites.Plan) *Planning {
	if plan == nil {
		plan = &suites.Plan{Reboot: suites.RebootAllowed}
	}
	n := len(plan.Must)
	return &Planning{plan: plan, mu: new(sync.Mutex), shown: make([]bool, n), unsure: make([]bool, n)}
}

// Nowhere is a host's place in the report for the wanted changes that no host of
// the run could have shown: a plan that looks at nothing must not pass. It is not
// ok when there are none.
func (p *Planning) Nowhere() (h report.Host, ok bool) {
	h = report.Host{Host: "(plan)", Outcome: report.Unmet, Counts: map[report.Outcome]int{}}
	for i, must := range p.plan.Must {
		if p.shown[i] || p.unsure[i] {
			continue
		}
		c := report.Check{
			ID: must.Pattern.String(), Kind: "plan", Suite: p.plan.Name, File: p.plan.File, Outcome: report.Passed,
			Why: "a check of kind " + must.Pattern.Kind + " has to look at what the plan wants",
		}
		add(&c, report.Finding{
			Item: must.Pattern.Item, Reading: must.Pattern.Reading, Outcome: report.Unmet,
			Wanted: "the plan wants " + must.Predicate.String() + ", and no host of this run shows it",
		})
		h.Checks = append(h.Checks, c)
		h.Counts[report.Unmet]++
	}
	return h, len(h.Checks) > 0
}

// on is the planning of one host. What it remembers it remembers for the run.
func (p *Planning) on(h suites.Host) *Planning {
	own := *p
	own.host, own.may = h, nil
	for _, m := range p.plan.May {
		if h.Chosen(m.Hosts) {
			own.may = append(own.may, m)
		}
	}
	return &own
}

// allows says whether the plan allows a change, and with which words.
func (p *Planning) allows(c suites.Check, change baseline.Change) (allowed bool, reason string) {
	for _, m := range p.may {
		if m.Pattern.Matches(c, change.Key.Item, change.Key.Name) && m.Allows(change.After) {
			return true, m.Reason
		}
	}
	return false, ""
}

// severity says how bad the plan takes it that a reading drifts: by the last of its
// words that fits. What a kind or a suite takes for a note is one, unless the plan names
// the reading: who says that drift fails does not speak of what is hardly told. A Name
// of "" is an item that came as a whole.
func (p *Planning) severity(c suites.Check, key fact.Key) (fact.Severity, bool) {
	note := c.Compare.For(key.Item, key.Name).Severity == fact.Note
	for _, d := range slices.Backward(p.plan.Drift) {
		every := d.Pattern == (suites.Pattern{})
		if !every && !d.Pattern.Matches(c, key.Item, key.Name) || note && (every || d.Pattern.Reading == "*") {
			continue
		}
		severity, err := fact.ParseSeverity(d.Severity)
		return severity, err == nil
	}
	return fact.Warn, false
}

// mustChange holds what the patch has to bring against what is there now. It
// speaks over every other finding of the reading.
func (j judging) mustChange(checks []suites.Check, drafts []draft) {
	for i, must := range j.planning.plan.Must {
		if !j.host.Chosen(must.Hosts) {
			j.planning.note(i, true, false) // nothing is wanted here
			continue
		}
		shown, unsure, first := false, false, -1
		for k, c := range checks {
			switch {
			case c.Kind.Name != must.Pattern.Kind:
			case drafts[k].unseen && !drafts[k].sheet.partly:
				unsure = true
			case drafts[k].unseen: // what was seen of it counts
				seen := drafts[k].sheet.wanted(must)
				shown = seen || shown
				unsure = unsure || !seen
			default:
				if first < 0 {
					first = k
				}
				shown = drafts[k].sheet.wanted(must) || shown
			}
		}
		// A plan that names no item wants the reading of every host that is asked
		// about its kind.
		if !shown && first >= 0 && must.Pattern.Item == "" {
			shown = true
			drafts[first].sheet.findings[place{"", must.Pattern.Reading}] = report.Finding{
				Reading: must.Pattern.Reading, Outcome: report.Unmet, Wanted: "the plan wants " + must.Predicate.String(),
			}
		}
		j.planning.note(i, shown, unsure)
	}
}

// note remembers what a host says of a wanted change.
func (p *Planning) note(i int, shown, unsure bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shown[i] = p.shown[i] || shown
	p.unsure[i] = p.unsure[i] || unsure
}

// wanted judges the readings of a check that a wanted change speaks of, and says
// whether there are any. That a wanted change came does not excuse what failed.
func (s *sheet) wanted(must suites.MustChange) bool {
	found := false
	sides := []values{s.before, s.now}
	if s.partly {
		sides = sides[1:] // what is missing may be there
	}
	for _, side := range sides {
		for at := range side.all() {
			if !must.Pattern.Matches(s.c, at.item, at.reading) {
				continue
			}
			found = true
			if !s.was(must, at) {
				continue
			}
			f := s.finding(at)
			f.Wanted, f.Outcome = "the plan wants "+must.Predicate.String(), report.Expected
			if !must.Predicate.Holds(s.now.at(at)) {
				f.Outcome = report.Unmet
			}
			was := s.findings[at] // the zero finding does not fail
			excused := !fails(was) || was.Outcome == report.Drifted
			if f.Outcome == report.Unmet || f.Before != f.Now && excused {
				s.findings[at] = f
			}
		}
	}
	return found
}

// was says whether a reading was as it has to have been for a change of it to be wanted.
// Where the baseline does not have it, what is there now tells.
func (s *sheet) was(must suites.MustChange, at place) bool {
	before := s.before.at(at)
	if before == nil {
		before = s.now.at(at)
	}
	return must.Where == "" || before == nil || suites.Glob(must.Where, before.String())
}

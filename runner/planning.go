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
	// pass is the one that is judged, and earlier are those before it.
	pass    suites.Pass
	earlier []Earlier

	mu   *sync.Mutex // several hosts are judged at once
	seen []mustSeen  // by wanted change
}

// NewPlanning begins a run; without a plan everything is allowed and nothing
// wanted.
func NewPlanning(plan *suites.Plan) *Planning {
	if plan == nil {
		plan = &suites.Plan{Reboot: suites.RebootAllowed}
	}
	return &Planning{plan: plan, mu: new(sync.Mutex), seen: make([]mustSeen, len(plan.Must))}
}

// Nowhere is a host's place in the report for the wanted changes that no host of
// the run could have shown: a plan that looks at nothing must not pass. It is not
// ok when there are none. What is wanted of other hosts than those of the run is no
// fault; Idle names it.
func (p *Planning) Nowhere() (h report.Host, ok bool) {
	h = report.Host{Host: "(plan)", Outcome: report.Unmet, Counts: map[report.Outcome]int{}}
	for i, must := range p.plan.Must {
		if p.seen[i].looked() || p.seen[i].idle(must) {
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
func (p *Planning) allows(c *suites.Check, change baseline.Change) (allowed bool, reason string) {
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
func (p *Planning) severity(c *suites.Check, key fact.Key) (fact.Severity, bool) {
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

package report

import (
	"maps"
	"slices"
	"strings"

	"postpatch/probes/fact"
)

// OwnerKey is the same for two ways to write one owner: case and spacing tell nobody
// apart. It is "" for no owner.
func OwnerKey(owner string) string { return fact.Fold(strings.Join(strings.Fields(owner), " ")) }

// Part is what a host comes to for the checks of one owner.
type Part struct {
	Owner string // as the first of the checks has it; "" for those of nobody
	Host  Host
}

// Parts splits a host by its checks' owners, in the order of the checks.
func Parts(h Host) []Part { return PartsBy(h, func(c Check) string { return c.Owner }) }

// PartsBy splits a host by what of says of its checks, in their order. Every check of a
// suite is in one part. What is said of the host as a whole holds for each: that it did
// not answer, or is another machine; and what the run itself adds, as that it was not
// restarted or that the time was over, is in the part of everybody who has a check
// there. So no part passes where the host does not.
func PartsBy(h Host, of func(Check) string) []Part {
	if owner, same := h.owner(of); same { // nearly always
		return []Part{{owner, h}}
	}
	var order []string
	owned := map[string][]Check{}
	var common []Check
	names := map[string]string{}
	for _, c := range h.Checks {
		if c.OfRun() {
			common = append(common, c)
			continue
		}
		owner := of(c)
		key := OwnerKey(owner)
		if _, known := names[key]; !known {
			order, names[key] = append(order, key), strings.TrimSpace(owner)
		}
		owned[key] = append(owned[key], c)
	}
	parts := make([]Part, 0, len(order))
	told := false
	for _, key := range order {
		checks := owned[key]
		if slices.ContainsFunc(checks, func(c Check) bool { return c.Outcome != Skipped }) {
			checks, told = append(slices.Clip(checks), common...), true
		}
		parts = append(parts, Part{names[key], h.with(checks)})
	}
	if first := &parts[0]; !told { // nobody is concerned, and it must not be lost
		first.Host = h.with(append(slices.Clip(first.Host.Checks), common...))
	}
	return parts
}

// owner is whose checks all are that a suite has.
func (h Host) owner(of func(Check) string) (owner string, same bool) {
	i := slices.IndexFunc(h.Checks, func(c Check) bool { return !c.OfRun() })
	if i < 0 {
		return "", true
	}
	first := of(h.Checks[i])
	another := func(c Check) bool { return !c.OfRun() && of(c) != first }
	return strings.TrimSpace(first), !slices.ContainsFunc(h.Checks, another)
}

// OfRun says whether a check is none of a suite's, but what the run adds of the plan.
func (c Check) OfRun() bool { return c.Kind == "plan" }

// with is the host with some of its checks alone.
func (h Host) with(checks []Check) Host {
	h.Checks, h.Counts, h.Ignored, h.Outcome = checks, map[Outcome]int{}, nil, Skipped
	for _, c := range checks {
		h.Counts[c.Outcome]++
		if Worse(c.Outcome, h.Outcome) {
			h.Outcome = c.Outcome
		}
	}
	return h
}

// OwnerSummary is what a run comes to for the checks of one owner.
type OwnerSummary struct {
	Owner    string          `json:"owner"` // "" for the checks of nobody
	Hosts    int             `json:"hosts"`
	Checks   int             `json:"checks"`  // over all hosts
	Failing  int             `json:"failing"` // checks that make the run fail
	Unknown  int             `json:"unknown"`
	Unseen   int             `json:"unreachable_hosts"`
	Counts   map[Outcome]int `json:"counts"` // checks by outcome
	Verdict  string          `json:"verdict"`
	Reason   string          `json:"reason"`
	ExitCode int             `json:"exit_code"` // of a run of these checks alone
}

// Split gives each owner's part of a run to a handler of their own, which open makes
// when the first check of an owner comes. Finish has every one of them finish, and
// returns the first error.
func Split(open func(owner string) Handler) Handler {
	return SplitBy(func(c Check) string { return c.Owner }, open)
}

// SplitBy is Split by what of says of a check.
func SplitBy(of func(Check) string, open func(part string) Handler) Handler {
	return &split{of: of, open: open, views: map[string]Handler{}}
}

type split struct {
	of    func(Check) string
	open  func(part string) Handler
	run   Run
	views map[string]Handler
}

func (s *split) Start(r Run) error {
	s.run = r
	return nil
}

func (s *split) Host(h Host) error {
	for _, part := range PartsBy(h, s.of) {
		key := OwnerKey(part.Owner)
		view := s.views[key]
		if view == nil {
			view = s.open(part.Owner)
			s.views[key] = view
			if err := view.Start(s.run); err != nil {
				return err
			}
		}
		if err := view.Host(part.Host); err != nil {
			return err
		}
	}
	return nil
}

func (s *split) Finish(sum Summary) error {
	var first error
	for _, key := range slices.Sorted(maps.Keys(s.views)) {
		if err := s.views[key].Finish(sum); err != nil && first == nil {
			first = err
		}
	}
	return first
}

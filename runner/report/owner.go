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

// Parts splits a host by its checks' owners, in the order of the checks. Every check is
// in one part. What is said of the host as a whole holds for each: that it did not
// answer, or is another machine; and what the run itself adds, as that it was not
// restarted or that the time was over, is in the part of everybody who has a check
// there. So no part passes where the host does not.
func Parts(h Host) []Part {
	if owner, same := h.owner(); same { // nearly always
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
		key := OwnerKey(c.Owner)
		if _, known := names[key]; !known {
			order, names[key] = append(order, key), strings.TrimSpace(c.Owner)
		}
		owned[key] = append(owned[key], c)
	}
	asked := func(c Check) bool { return c.Outcome != Skipped }
	concerned := slices.DeleteFunc(slices.Clone(order), func(key string) bool {
		return !slices.ContainsFunc(owned[key], asked)
	})
	if len(concerned) == 0 { // nobody is, and it must not be lost
		if concerned = []string{""}; !slices.Contains(order, "") {
			order = append(order, "")
		}
	}
	if len(order) == 1 {
		return []Part{{names[order[0]], h}}
	}
	parts := make([]Part, len(order))
	for i, key := range order {
		checks := owned[key]
		if slices.Contains(concerned, key) {
			checks = append(slices.Clip(checks), common...)
		}
		parts[i] = Part{names[key], h.with(checks)}
	}
	return parts
}

// owner is whose checks all are that a suite has.
func (h Host) owner() (owner string, same bool) {
	i := slices.IndexFunc(h.Checks, func(c Check) bool { return !c.OfRun() })
	if i < 0 {
		return "", true
	}
	first := h.Checks[i].Owner
	another := func(c Check) bool { return !c.OfRun() && c.Owner != first }
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
	return &split{open: open, views: map[string]Handler{}}
}

type split struct {
	open  func(owner string) Handler
	run   Run
	views map[string]Handler
}

func (s *split) Start(r Run) error {
	s.run = r
	return nil
}

func (s *split) Host(h Host) error {
	for _, part := range Parts(h) {
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

package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"postpatch/baseline"
	"postpatch/probes"
	"postpatch/runner"
	"postpatch/runner/report"
	"postpatch/suites"
)

// hostNamesOf are the names of all the suites' hosts in lower case, also of those that are not
// chosen, and what they were before.
func hostNamesOf(set *suites.Set) map[string]bool {
	names := make(map[string]bool, len(set.Hosts))
	for _, h := range set.Hosts {
		names[strings.ToLower(h.Name)] = true
		if h.Was != "" {
			names[strings.ToLower(h.Was)] = true
		}
	}
	return names
}

// vanished are the baseline's hosts that are on no list any more of a suite that keeps
// its hosts in lists: the suite is as it was, so that nobody has said that they are gone.
func (j job) vanished(ctx context.Context, against *baseline.Snapshot) ([]report.Host, error) {
	if against == nil || !j.hasLists() {
		return nil, nil
	}
	var gone []report.Host
	for _, name := range j.missed(against.Manifest()) {
		before, _, err := against.Host(ctx, name)
		if err != nil {
			return nil, fmt.Errorf("reading what the baseline has of %q: %w", name, err)
		}
		if asked := j.askedBy(before); len(asked) > 0 {
			gone = append(gone, runner.Vanished(name, asked))
		}
	}
	return gone, nil
}

func (j job) hasLists() bool {
	return slices.ContainsFunc(j.set.Suites, func(s suites.Suite) bool { return len(s.Lists) > 0 })
}

// listed finds a check that a host has no more, of a suite that keeps its hosts in lists,
// among those that others still have and that the operator's choice leaves.
func (j job) listed(key string) (*suites.Check, bool) {
	c, found := j.ofLists[key]
	return c, found && j.choice.takes(c)
}

// checksOfLists are the checks of the suites that keep hosts in lists, by their keys.
func checksOfLists(set *suites.Set) map[string]*suites.Check {
	kept := map[string]bool{}
	for _, s := range set.Suites {
		kept[s.Name] = len(s.Lists) > 0
	}
	checks := map[string]*suites.Check{}
	for _, h := range set.Hosts {
		for _, c := range h.Checks {
			if kept[c.Suite] {
				checks[c.Key()] = c
			}
		}
	}
	return checks
}

// missed are the hosts of a baseline that no suite has any more, and that the operator's
// choice could have in it.
func (j job) missed(m baseline.Manifest) []string {
	var missed []string
	for _, e := range m.Hosts {
		if !j.named[strings.ToLower(e.Host)] && j.mayChoose(e.Host) {
			missed = append(missed, e.Host)
		}
	}
	return missed
}

// vanished are the hosts that a wave may have had at the baselines that count for those
// that it has.
func (e *evidence) vanished(ctx context.Context, j job) ([]report.Host, error) {
	var gone []report.Host
	done := map[string]bool{}
	for _, h := range j.set.Hosts {
		for _, m := range e.baselinesOf(h) {
			if done[m.Run] || !j.hasLists() || len(j.missed(m)) == 0 {
				continue
			}
			done[m.Run] = true
			against, err := e.store.Read(ctx, m.Run)
			if err != nil {
				return nil, err
			}
			more, err := j.vanished(ctx, against)
			if err != nil {
				return nil, err
			}
			gone = append(gone, more...)
		}
	}
	return gone, nil
}

// askedBy are the suites that asked a host of the baseline, keep hosts in lists and do
// not leave this one out on purpose.
func (j job) askedBy(before baseline.Host) []suites.Suite {
	var asked []suites.Suite
	for _, s := range j.set.Suites {
		excepts := func(l suites.HostList) bool { return l.Excepts(before.Host) }
		if len(s.Lists) == 0 || slices.ContainsFunc(s.Lists, excepts) {
			continue
		}
		if slices.ContainsFunc(before.Checks, func(c baseline.Check) bool { return j.ofSuite(c, s.Name) }) {
			asked = append(asked, s)
		}
	}
	return asked
}

// ofSuite says whether a check of the baseline is one of a suite's that are asked now.
func (j job) ofSuite(c baseline.Check, suite string) bool {
	id, found := strings.CutPrefix(c.Check, suite+"/")
	check, known := j.ofLists[c.Check]
	if !known { // nobody has it any more, and whose it was is not kept
		check = &suites.Check{ID: id, Kind: &probes.Kind{Name: c.Kind}}
		return found && (len(j.choice.only) == 0 || wanted(j.choice.only, check))
	}
	return found && j.choice.takes(check)
}

// mayChoose says whether the operator's choice of hosts could have a host in it of
// which nobody knows the tags any more.
func (j job) mayChoose(host string) bool {
	may := func(selectors []string) bool {
		return len(selectors) == 0 || slices.ContainsFunc(selectors, func(s string) bool {
			return strings.HasPrefix(s, "tag:") || suites.Glob(s, host)
		})
	}
	if !may(j.chosen) || j.plan != nil && !may(j.plan.Hosts) {
		return false
	}
	return len(j.waves) == 0 || slices.ContainsFunc(j.plan.Waves, func(w suites.Wave) bool {
		return slices.Contains(j.waves, w.Name) && may(w.Hosts)
	})
}

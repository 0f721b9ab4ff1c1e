package main

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"postpatch/baseline"
	"postpatch/runner/report"
	"postpatch/suites"
)

// nobody is what --owner calls the checks that have no owner.
const nobody = "-"

// narrowChecks leaves the checks that --only and --owner choose. Each pattern has to
// choose one, and both together as well: a choice of nothing is a mistake.
func (in *inputs) narrowChecks(j *job) error {
	if len(in.only) == 0 && len(in.owners) == 0 {
		return nil
	}
	for _, pattern := range in.only {
		if !someCheck(j, func(c *suites.Check) bool { return wanted([]string{pattern}, c) }) {
			return fmt.Errorf("--only %s: no check of the chosen hosts has such an id or kind", pattern)
		}
	}
	for _, pattern := range in.owners {
		if !someCheck(j, func(c *suites.Check) bool { return ownedBy([]string{pattern}, c) }) {
			return fmt.Errorf("--owner %s: no check of the chosen hosts is theirs; %s", pattern, ownersOf(j))
		}
	}
	all := checksIn(j)
	for i := range j.set.Hosts {
		h := &j.set.Hosts[i]
		var left []*suites.Check // hosts share their lists
		for _, c := range h.Checks {
			if j.choice.takes(c) {
				left = append(left, c)
			}
		}
		h.Checks = left
	}
	j.set.Hosts = slices.DeleteFunc(j.set.Hosts, func(h suites.Host) bool { return len(h.Checks) == 0 })
	if len(j.set.Hosts) == 0 {
		return errors.New("--only and --owner together choose no check: nothing is of both")
	}
	j.part, j.whole = in.choice(), all
	return nil
}

// choice is which checks the operator wants.
type choice struct{ only, owners []string }

func (c choice) takes(check *suites.Check) bool {
	return (len(c.only) == 0 || wanted(c.only, check)) && (len(c.owners) == 0 || ownedBy(c.owners, check))
}

func someCheck(j *job, is func(*suites.Check) bool) bool {
	return slices.ContainsFunc(j.set.Hosts, func(h suites.Host) bool { return slices.ContainsFunc(h.Checks, is) })
}

func checksIn(j *job) int {
	n := 0
	for _, h := range j.set.Hosts {
		n += len(h.Checks)
	}
	return n
}

func wanted(patterns []string, c *suites.Check) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		// path.Match keeps * within a slash; ids have slashes that mean nothing here.
		flat := strings.NewReplacer("/", "\x00")
		match, _ := path.Match(flat.Replace(pattern), flat.Replace(c.ID))
		return match || pattern == c.Kind.Name || pattern == c.ID
	})
}

// ownedBy says whether a check is of one of the owners.
func ownedBy(patterns []string, c *suites.Check) bool {
	owner := report.OwnerKey(c.Owner)
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		if owner == "" || pattern == nobody {
			return owner == "" && pattern == nobody
		}
		return suites.Glob(report.OwnerKey(pattern), owner)
	})
}

// ownersOf names whom --owner could choose.
func ownersOf(j *job) string {
	var names []string
	known := map[string]bool{}
	for _, h := range j.set.Hosts {
		for _, c := range h.Checks {
			if key := report.OwnerKey(c.Owner); key != "" && !known[key] {
				known[key] = true
				names = append(names, c.Owner)
			}
		}
	}
	if len(names) == 0 {
		return "none of them has an owner"
	}
	slices.Sort(names)
	return "they are of " + shorten(names)
}

// choice is by which flags the checks of a run are a part of what its suites ask, in
// one form for one choice; "" where they are all of it.
func (in *inputs) choice() string {
	var words []string
	for _, flag := range []struct {
		name     string
		patterns []string
	}{{"--only", in.only}, {"--owner", in.owners}} {
		patterns := slices.Clone(flag.patterns)
		for i := range patterns {
			if flag.name == "--owner" { // two spellings of one are one
				patterns[i] = strings.ToLower(report.OwnerKey(patterns[i]))
			}
		}
		for _, pattern := range slices.Compact(slices.Sorted(slices.Values(patterns))) {
			words = append(words, flag.name, pattern)
		}
	}
	if len(words) == 0 {
		return ""
	}
	return shellWords(words)
}

// partNotes says that a run is of a part alone.
func partNotes(j job) []string {
	if j.part == "" {
		return nil
	}
	return []string{fmt.Sprintf("a part alone, by %s: %d of %s; of the others this says nothing", j.part,
		checksIn(&j), count(j.whole, "check"))}
}

// storedParts names the stored runs that have a part of the checks alone.
func storedParts(runs ...baseline.Manifest) []string {
	var notes []string
	for _, m := range runs {
		if m.Part != "" {
			notes = append(notes, fmt.Sprintf("run %s asked a part of the checks alone, by %s", m.Run, m.Part))
		}
	}
	return notes
}

// ownerWords are the flags that choose owners, as a command line has them.
func (in *inputs) ownerWords() []string {
	var words []string
	for _, owner := range in.owners {
		words = append(words, "--owner", owner)
	}
	return words
}

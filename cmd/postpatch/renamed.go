package main

import (
	"fmt"
	"strings"

	"postpatch/baseline"
	"postpatch/runner"
)

// renames tells of hosts that the baseline does not know, and whose machine it knows
// by a name that the suites have no more. It changes no outcome: who says that they are
// one is the suite.
type renames struct {
	against *baseline.Snapshot // nil without a baseline
	known   map[string]map[string]bool

	names    map[string]bool     // of the baseline's hosts, in lower case; nil until they are needed
	machines map[string][]string // what the baseline calls a machine and the suites do not, by identity
}

// of is what there is to say of one host.
func (r *renames) of(v runner.Visit) []string {
	if r.against == nil || v.Seen.Identity == "" {
		return nil
	}
	if r.names == nil {
		r.look()
	}
	if r.names[strings.ToLower(v.Host.Name)] || r.names[strings.ToLower(v.Host.Was)] {
		return nil
	}
	var notes []string
	for _, was := range r.machines[v.Seen.Identity] {
		notes = append(notes, fmt.Sprintf("%s is the machine that the baseline knows as %s: was it renamed? "+
			"{name: %s, was: %s} among the suite's hosts compares it with what it was",
			v.Host.Name, was, v.Host.Name, was))
	}
	return notes
}

func (r *renames) look() {
	named := map[string]bool{} // by the suites, also what --hosts leaves out
	for name := range r.known {
		named[strings.ToLower(name)] = true
	}
	r.names, r.machines = map[string]bool{}, map[string][]string{}
	for _, was := range r.against.Manifest().Hosts {
		name := strings.ToLower(was.Host)
		r.names[name] = true
		if !named[name] && was.Identity != "" {
			r.machines[was.Identity] = append(r.machines[was.Identity], was.Host)
		}
	}
}

package main

import (
	"fmt"
	"slices"
	"strings"

	"postpatch/suites"
)

// ofWaves leaves the hosts of the waves that --wave names.
func (in *inputs) ofWaves(j *job) error {
	if len(in.waves) == 0 {
		return nil
	}
	if j.plan == nil {
		return fmt.Errorf("--wave %s: waves are in a plan, so give it with --plan", strings.Join(in.waves, ","))
	}
	waves, err := j.plan.FindWaves(in.waves)
	if err != nil {
		return fmt.Errorf("--wave: %w", err)
	}
	for _, w := range waves {
		if len(hostsOf(*j, w)) == 0 {
			return fmt.Errorf("--wave %s: none of its hosts (%s) is in the suites", w.Name, strings.Join(w.Hosts, ", "))
		}
	}
	in.waves = nil // in the order of the plan: that of the command line means nothing
	for _, w := range waves {
		in.waves = append(in.waves, w.Name)
	}
	*j = j.of(waves...)
	return nil
}

// hostsOf are the hosts of a wave.
func hostsOf(j job, w suites.Wave) []suites.Host {
	var hosts []suites.Host
	for _, h := range j.set.Hosts {
		if j.plan.InWave(w, h) {
			hosts = append(hosts, h)
		}
	}
	return hosts
}

// of is the job for the hosts of some waves.
func (j job) of(waves ...suites.Wave) job {
	set := *j.set
	set.Hosts = nil
	for _, h := range j.set.Hosts {
		if slices.ContainsFunc(waves, func(w suites.Wave) bool { return j.plan.InWave(w, h) }) {
			set.Hosts = append(set.Hosts, h)
		}
	}
	j.plan = j.plan.OfHosts(set.Hosts, j.set.Hosts)
	j.set, j.waves = &set, nil
	for _, w := range waves {
		j.waves = append(j.waves, w.Name)
	}
	return j
}

// waveWords is how a run's head has the waves that it is of.
func waveWords(names []string) string { return strings.Join(names, ",") }

// whose says of what hosts --hosts chooses: of these, unless waves were chosen before.
func (in *inputs) whose(among string) string {
	switch len(in.waves) {
	case 0:
		return among
	case 1:
		return "wave " + in.waves[0]
	default:
		return "waves " + strings.Join(in.waves, ", ")
	}
}

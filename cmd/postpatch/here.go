package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"postpatch/probes"
	"postpatch/probes/host"
	"postpatch/probes/host/local"
	"postpatch/suites"
)

// localFlag is how the operator says that the machine is asked on which the program runs.
// No suite can, and no entry of a credentials file: under whatever name it asked, it would
// be answered by this machine.
func localFlag(f *pflag.FlagSet, here *bool) {
	f.BoolVar(here, "local", false, "ask this machine itself, without WinRM and without an account")
}

// openHere opens a session with this machine.
func openHere(ctx context.Context, j job) (host.Session, error) {
	s, err := local.Open(ctx, local.Options{Packer: j.packer})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", probes.ErrNotTried, err)
	}
	return s, nil
}

// narrowToHere leaves those hosts of the suites that are this machine, by the names that
// it has; with --local alone.
func (in *inputs) narrowToHere(j *job, among string) error {
	if !in.here {
		return nil
	}
	names, err := local.Names()
	if err != nil {
		return fmt.Errorf("--local: %w", err)
	}
	j.here = true
	j.set.Hosts = slices.DeleteFunc(j.set.Hosts, func(h suites.Host) bool { return !isCalled(h, names) })
	if len(j.set.Hosts) == 0 {
		return fmt.Errorf("--local: no host of %s is this machine, which is called %s", among, strings.Join(names, ", "))
	}
	in.self = nil
	for _, h := range j.set.Hosts {
		in.self = append(in.self, h.Name)
	}
	return nil
}

// isCalled says whether a host goes by one of a machine's names, which are in lower case.
func isCalled(h suites.Host, names []string) bool {
	return slices.ContainsFunc([]string{h.Name, h.Address}, func(name string) bool {
		return slices.Contains(names, strings.ToLower(strings.TrimSuffix(name, ".")))
	})
}

// thisHost is the name by which init --local knows this machine.
func thisHost(hosts []string) ([]string, error) {
	if len(hosts) > 0 {
		return nil, errors.New("--local looks at this machine: leave out the names of hosts")
	}
	name, err := local.Name()
	if err != nil {
		return nil, fmt.Errorf("--local: %w", err)
	}
	return []string{name}, nil
}

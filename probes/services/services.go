// Package services observes every service of a Windows host, as a safety net
// under what the suite names.
package services

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/winsvc"
)

// Kind is what a suite calls "services".
var Kind = probes.Define(probes.Kind{
	Name: "services",
	Doc:  "Every Windows service against the baseline: what ran by itself before has to run again.",
	Item: "the service's name; versions in it are written as #, per-user instances are left out",
	Main: "except",
	Example: "- services: {}\n" +
		"  why: whatever ran before the patch has to run after it\n",
	Readings: append([]probes.ReadingSpec{
		{
			Name: "state", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Keep: "running",
			Doc: "running, stopped…; of services that start by themselves, and of disabled ones, which may have done so.",
		},
		{
			Name: "idle_state", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore},
			Doc: "The same of services that Windows starts and stops as it needs them.",
		},
	}, winsvc.ConfigSpecs()...),
}, params{}, func(p params) (probes.Probe, error) { return newProbe(p), nil })

type params struct {
	Except []string `param:"except" doc:"Names of services that this check leaves out."`
}

type probe struct{ except map[string]bool }

func newProbe(p params) probe {
	except := map[string]bool{}
	for _, name := range p.Except {
		except[strings.ToLower(name)] = true
	}
	return probe{except}
}

// Questions implements probes.Asker.
func (probe) Questions() []host.Question { return []host.Question{winsvc.Question()} }

// Observe implements probes.Probe.
func (p probe) Observe(_ context.Context, t probes.Target) ([]fact.Reading, error) {
	rows, err := t.Answers.To(winsvc.Question())
	if err != nil {
		return nil, err
	}
	all, err := winsvc.Read(rows)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		// No Windows has no services: an empty list is an answer cut off.
		return nil, fmt.Errorf("reading the services: the host named none")
	}
	names := map[string]bool{}
	for _, s := range all {
		names[strings.ToLower(s.Name)] = true
	}
	// WMI promises no order, and doubles are told apart by theirs.
	slices.SortFunc(all, func(a, b winsvc.Service) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), strings.Compare(a.Name, b.Name))
	})
	var readings []fact.Reading
	seen := map[string]int{}
	// A version inside a name is written as "#", since an update of the program
	// would otherwise look like one service gone and one new.
	version := regexp.MustCompile(`\d+(\.\d+)+`)
	for _, s := range all {
		if p.except[strings.ToLower(s.Name)] || perUser(s.Name, names) {
			continue
		}
		item := version.ReplaceAllString(s.Name, "#")
		double := strings.ToLower(item)
		if seen[double]++; seen[double] > 1 {
			item = fmt.Sprintf("%s (%d)", item, seen[double])
		}
		state := "state"
		if !s.Auto() && s.Mode != "disabled" || startedOnDemand(s.Name) {
			state = "idle_state"
		}
		readings = append(readings, probes.Read(item, state, fact.Text(s.State)))
		readings = append(readings, s.Config(item)...)
	}
	return readings, nil
}

// startedOnDemand lists services that are set to automatic and yet stop when
// they have nothing to do: started by a trigger, or ended by themselves. Source:
// the list that the Icinga framework leaves out by default, and Microsoft's list
// of trigger-started services.
func startedOnDemand(name string) bool {
	name = strings.ToLower(name)
	for _, prefix := range []string{"clr_optimization_", "gupdate", "googleupdater", "edgeupdate"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	switch name {
	case "sppsvc", "mapsbroker", "remoteregistry", "trustedinstaller", "wbiosrvc", "cdpsvc",
		"shellhwdetection", "tiledatamodelsvc", "tieringengineservice", "bits", "wuauserv", "dosvc",
		"usosvc", "vss", "swprv", "stisvc", "waasmedicsvc", "staterepository", "appreadiness":
		return true
	default:
		return false
	}
}

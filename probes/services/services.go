// Package services observes every service of a Windows host, as a safety net
// under what the suite names.
package services

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/named"
	"postpatch/probes/internal/winsvc"
)

// Kind is what a suite calls "services".
var Kind = probes.Define(probes.Kind{
	Name: "services",
	Doc:  "Every service of Windows or systemd against the baseline: what ran by itself before has to run again.",
	Item: "the service's name; versions in it are written as #, per-user instances are left out; " +
		"empty for what is told of the host",
	Items: probes.AnyCase,
	Main:  "except",
	Example: "- services: {}\n" +
		"  why: whatever ran before the patch has to run after it\n",
	Notes: notes(),
	Readings: append([]probes.ReadingSpec{
		{
			Name: "state", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Keep: "running",
			Excused: []fact.Value{fact.Text(winsvc.Idle)}, Pending: []fact.Value{fact.Text(winsvc.NotYetStarted)},
			Waits: winsvc.Waits(),
			Doc: "running, stopped…; idle when stopped as its trigger allows, not yet started within minutes of a boot; " +
				"of services that start by themselves, and of disabled ones, which may have done so.",
		},
		{
			Name: "idle_state", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore},
			Doc: "The same of services that Windows starts and stops as it needs them.",
		},
		{
			Name: "idle", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.Subset}, Severity: fact.Note,
			Doc: "Of the host: the automatic services that are idle; that one which ran has not started again is no fault by " +
				"itself, and worth a note. It is not told where PowerShell cannot run.",
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
func (probe) Questions() []host.Question { return winsvc.Questions() }

// Observe implements probes.Probe.
func (p probe) Observe(_ context.Context, t probes.Target) ([]fact.Reading, error) {
	h, err := winsvc.Look(t)
	if err != nil {
		return nil, err
	}
	if len(h.Services) == 0 {
		// No Windows has no services: an empty list is an answer cut off.
		return nil, fmt.Errorf("reading the services: the host named none")
	}
	// WMI promises no order, and doubles are told apart by theirs.
	h.Services = slices.Clone(h.Services)
	slices.SortFunc(h.Services, func(a, b *winsvc.Service) int {
		if order := strings.Compare(a.Lower(), b.Lower()); order != 0 {
			return order
		}
		return strings.Compare(a.Name, b.Name)
	})
	const each = 7   // readings of a service, mostly, with some room
	const ofHost = 3 // of the host's own, which come first
	l := list{host: h, readings: make([]fact.Reading, ofHost, ofHost+each*len(h.Services))}
	l.twins.Expect(len(h.Services))
	items := make([]itemOf, 0, len(h.Services))
	for _, s := range h.Services {
		instance, known := h.Key(s).Instance()
		if !known {
			instance = perUser(s.Name, h.Has)
		}
		if !instance && !p.except[s.Lower()] {
			items = append(items, itemOf{l.item(s.Name), s})
		}
	}
	// As they are stored: many small sorts less for the runner.
	slices.SortFunc(items, func(a, b itemOf) int { return strings.Compare(a.item, b.item) })
	for _, i := range items {
		l.add(i.item, i.service)
	}
	var own []fact.Reading
	if h.KnowsKeys() {
		own = append(own, probes.Read("", "idle", fact.SetOf(l.idle...)))
	}
	own = append(own, h.Due(l.waiting)...)
	if len(own) > ofHost {
		return slices.Concat(own, l.readings[ofHost:]), h.Open(l.waiting, h.Services...)
	}
	copy(l.readings[ofHost-len(own):], own)
	return l.readings[ofHost-len(own):], h.Open(l.waiting, h.Services...)
}

// list gathers the readings of one service after the other.
type list struct {
	host     winsvc.Host
	version  *regexp.Regexp // once it is needed
	twins    named.Twins
	readings []fact.Reading
	idle     []string // items
	waiting  winsvc.Waiting
}

// itemOf is a service with its item.
type itemOf struct {
	item    string
	service *winsvc.Service
}

func (l *list) add(item string, s *winsvc.Service) {
	name, state := "state", s.Reading()
	switch {
	case !s.Auto() && s.Mode != "disabled" || startedOnDemand(s.Lower()):
		name = "idle_state"
	case l.host.Idle(s):
		state, l.idle = fact.Text(winsvc.Idle), append(l.idle, item)
	case l.host.Pending(s) && !isTemplate(s.Lower()):
		state = fact.Text(winsvc.NotYetStarted)
		l.waiting.Add(l.host, item, s)
	}
	l.readings = append(l.readings, probes.Read(item, name, state))
	l.readings = s.Config(l.readings, item)
	l.readings = append(l.readings, l.host.Extras(item, s, false)...)
	if s.Auto() && name == "state" && state == s.Reading() && !s.Running() {
		l.readings = append(l.readings, l.host.WaitsFor(item, s)...)
	}
}

// item names a service. A version inside a name is written as "#", since an
// update of the program would otherwise look like one service gone and one new.
func (l *list) item(name string) string {
	if strings.Contains(name, ".") { // as a version does
		if l.version == nil {
			l.version = regexp.MustCompile(`\d+(\.\d+)+`)
		}
		name = l.version.ReplaceAllString(name, "#")
	}
	return l.twins.Item(name)
}

// startedOnDemand says whether a service that is set to automatic may yet stop when it
// has nothing to do. The name is in lower case.
func startedOnDemand(name string) bool {
	return slices.Contains(onDemand(), name) ||
		slices.ContainsFunc(onDemandPrefixes(), func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

// onDemand lists such services in lower case: started by a trigger, or ended by
// themselves. Source: the list that the Icinga framework leaves out by default, and
// Microsoft's list of trigger-started services.
func onDemand() []string {
	return []string{
		"sppsvc", "mapsbroker", "remoteregistry", "trustedinstaller", "wbiosrvc", "cdpsvc",
		"shellhwdetection", "tiledatamodelsvc", "tieringengineservice", "bits", "wuauserv", "dosvc",
		"usosvc", "vss", "swprv", "stisvc", "waasmedicsvc", "staterepository", "appreadiness",
	}
}

// onDemandPrefixes are the beginnings of the names of others, which end in a version.
func onDemandPrefixes() []string {
	return []string{"clr_optimization_", "gupdate", "googleupdater", "edgeupdate"}
}

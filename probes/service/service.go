// Package service observes services of a Windows host by name.
package service

import (
	"context"
	"slices"
	"strings"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/winsvc"
)

// Kind is what a suite calls "service".
var Kind = probes.Define(probes.Kind{
	Name:    "service",
	Doc:     "Windows services by name: do they run, how do they start, as whom.",
	Item:    "the service's name, as the suite writes it",
	Main:    "name",
	Example: "- service: [W3SVC, MSExchangeTransport]\n  why: no mail without them\n",
	Readings: append([]probes.ReadingSpec{{
		Name: "state", Type: fact.TypeText, Severity: fact.Fail, Expect: "running",
		Doc: "running, stopped, start pending, stop pending, paused, or absent when there is no such service.",
	}}, winsvc.ConfigSpecs()...),
}, params{}, func(p params) (probes.Probe, error) {
	if slices.ContainsFunc(p.Names, func(name string) bool { return strings.TrimSpace(name) == "" }) {
		return nil, probes.Fieldf("name", "a service's name is empty")
	}
	return probe(p), nil
})

type params struct {
	Names []string `param:"name,required" doc:"The services' names, not their display names."`
}

type probe params

// Questions implements probes.Asker.
func (p probe) Questions() []host.Question {
	return []host.Question{winsvc.Question(p.Names...)}
}

// Observe implements probes.Probe.
func (p probe) Observe(_ context.Context, t probes.Target) ([]fact.Reading, error) {
	rows, err := t.Answers.To(winsvc.Question(p.Names...))
	if err != nil {
		return nil, err
	}
	services, err := winsvc.Read(rows)
	if err != nil {
		return nil, err
	}
	var readings []fact.Reading
	for _, name := range p.Names {
		i := slices.IndexFunc(services, func(s winsvc.Service) bool { return strings.EqualFold(s.Name, name) })
		if i < 0 {
			readings = append(readings, probes.Read(name, "state", fact.Text("absent")))
			continue
		}
		readings = append(readings, probes.Read(name, "state", fact.Text(services[i].State)))
		readings = append(readings, services[i].Config(name)...)
	}
	return readings, nil
}

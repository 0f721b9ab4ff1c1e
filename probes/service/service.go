// Package service observes services of a host by name.
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
	Doc:     "Windows services, or systemd's, by name: do they run, how do they start, as whom.",
	Item:    "the service's name, as the suite writes it; empty for what is told of the host",
	Items:   probes.AnyCase,
	Main:    "name",
	Example: "- service: [W3SVC, MSExchangeTransport]\n  why: no mail without them\n",
	Notes:   winsvc.Notes(),
	Readings: append([]probes.ReadingSpec{{
		Name: "state", Type: fact.TypeText, Gate: true, Severity: fact.Fail, Expect: "running",
		Pending: []fact.Value{fact.Text(winsvc.NotYetStarted)}, Waits: winsvc.Waits(),
		Doc: "running, stopped, start pending, stop pending, paused, absent when there is no such service, " +
			"or not yet started within minutes of a boot, which regresses only when the time is over.",
	}}, winsvc.ConfigSpecs()...),
}, params{}, func(p params) (probes.Probe, error) {
	if slices.ContainsFunc(p.Names, func(name string) bool { return strings.TrimSpace(name) == "" }) {
		return nil, probes.Fieldf("name", "a service's name is empty")
	}
	return probe(p), nil
})

type params struct {
	Names []string `param:"name,required" doc:"The services' names, not display names; with or without .service."`
}

type probe params

// Questions implements probes.Asker.
func (p probe) Questions() []host.Question { return winsvc.Questions(p.Names...) }

// Observe implements probes.Probe.
func (p probe) Observe(_ context.Context, t probes.Target) ([]fact.Reading, error) {
	h, err := winsvc.Look(t, p.Names...)
	if err != nil {
		return nil, err
	}
	var readings []fact.Reading
	var waiting winsvc.Waiting
	var asked []*winsvc.Service
	for _, name := range p.Names {
		s := h.Named(name)
		if s == nil {
			readings = append(readings, probes.Read(name, "state", fact.Text("absent")))
			continue
		}
		asked = append(asked, s)
		state := s.State
		if h.Pending(s) {
			state = winsvc.NotYetStarted
			waiting.Add(h, name, s)
		}
		readings = append(readings, probes.Read(name, "state", fact.Text(state)))
		readings = s.Config(readings, name)
		readings = append(readings, h.Extras(name, s, true)...)
		if !s.Running() {
			readings = append(readings, h.WaitsFor(name, s)...)
		}
	}
	return append(readings, h.Due(waiting)...), h.Open(waiting, asked...)
}

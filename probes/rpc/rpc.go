// Package rpc observes a Windows host's RPC: whether its endpoint mapper answers, and
// whether interfaces are registered with it and answer at their ports.
package rpc

import (
	"context"
	"fmt"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/dcerpc"
	"postpatch/probes/internal/reach"
)

// Kind is what a suite calls "rpc".
var Kind = probes.Define(probes.Kind{
	Name: "rpc",
	Doc:  "RPC as clients use it: does the endpoint mapper answer, are interfaces registered, does their port answer.",
	Item: "empty for the endpoint mapper; an interface, as the suite writes it",
	Main: "interface", Items: probes.AnyCase,
	Readings: specs(),
	Example: "- rpc: [netlogon, drsuapi]\n  why: a service that runs and is not registered, or whose port a firewall " +
		"closes, serves nobody\n",
	Notes: notes(),
}, params{Port: 135}, build)

type params struct {
	Interfaces []string `param:"interface" absent:"the mapper alone" doc:"By a name of the notes, UUID, or UUID/3.0."`
	Address    string   `param:"address" absent:"the host under test" doc:"Where the host is."`
	Port       int      `param:"port" doc:"The endpoint mapper's port."`
}

// What readings say.
const (
	answered     = "answered"
	answers      = "answers"
	faulty       = "fault"
	unregistered = "not registered"
	rejected     = "rejected"
)

func specs() []probes.ReadingSpec {
	ignore := fact.Rule{Op: fact.Ignore}
	return []probes.ReadingSpec{
		{
			Name: "state", Type: fact.TypeText, Gate: true, Severity: fact.Fail, Expect: answered,
			Values:  []string{answered, faulty, reach.Refused, reach.Reset, reach.NoAnswer, reach.Unreachable},
			Silence: []fact.Value{fact.Text(reach.Refused), fact.Text(reach.NoAnswer), fact.Text(reach.Unreachable)},
			Doc: "The endpoint mapper: answered; fault, when it refuses to say anything; refused, reset, no answer (a " +
				"firewall drops), or unreachable.",
		},
		{Name: "latency", Type: fact.TypeDuration, Rule: ignore, Doc: "How long the mapper's first answer took."},
		{
			Name: "interface", Type: fact.TypeText, Gate: true, Severity: fact.Fail, Expect: answers,
			Values: []string{
				answers, unregistered, rejected, reach.Refused, reach.Reset, reach.NoAnswer, reach.Unreachable,
			},
			Doc: "An interface: answers at its port; not registered, so that nobody finds it; rejected, where the port has " +
				"another one; and else what became of a connection to its port: refused, reset, no answer (a firewall " +
				"drops), unreachable.",
		},
		{
			Name: "ports", Type: fact.TypeSet, Rule: ignore,
			Doc: "At which ports the mapper says it is; Windows chooses them anew at every start.",
		},
		{
			Name: "reason", Type: fact.TypeText, Rule: ignore, Evidence: true,
			Doc: "Why something of it failed, in words.",
		},
	}
}

type probe struct {
	params

	wanted []wanted
}

// wanted is an interface, as the suite writes it and as it is.
type wanted struct {
	item   string
	syntax dcerpc.Syntax
}

func build(p params) (probes.Probe, error) {
	if err := reach.CheckPorts("port", p.Port); err != nil {
		return nil, err
	}
	built := probe{params: p}
	for _, name := range reach.Unique(p.Interfaces) {
		syntax, err := parse(name)
		if err != nil {
			return nil, err
		}
		built.wanted = append(built.wanted, wanted{name, syntax})
	}
	return built, nil
}

// Aims implements probes.Aimer.
func (p probe) Aims() []string { return []string{p.Address} }

// Observe implements probes.Probe.
func (p probe) Observe(ctx context.Context, t probes.Target) ([]fact.Reading, error) {
	v := &visit{probe: p, target: t, limit: reach.Patience(ctx)}
	readings, err := v.run(ctx)
	if err != nil {
		err = fmt.Errorf("asking the endpoint mapper at port %d: %w", p.Port, reach.Cause(ctx, err))
	}
	return readings, err
}

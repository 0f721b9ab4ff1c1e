// Package tcp observes whether ports take connections.
package tcp

import (
	"context"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/inside"
	"postpatch/probes/internal/note"
	"postpatch/probes/internal/reach"
)

// Kind is what a suite calls "tcp".
var Kind = probes.Define(probes.Kind{
	Name:    "tcp",
	Doc:     "TCP ports, seen from the runner or from the host itself: do they take connections.",
	Item:    "the port, or address:port when the suite names an address",
	Items:   probes.HostNames,
	Main:    "port",
	Words:   map[string][]string{"from": inside.Views()},
	Example: "- tcp: [135, 445, 3389]\n  why: administration needs them\n",
	Notes:   []string{note.FromHost, note.FromBoth},
	Readings: []probes.ReadingSpec{
		{
			Name: "state", Type: fact.TypeText, Gate: true, Severity: fact.Fail, Expect: open,
			Values: []string{"open", "refused", "no answer", "unreachable", "no address"},
			Doc:    "What became of a connection: open, refused, no answer (a firewall drops), unreachable, or no address.",
			Silence: []fact.Value{
				fact.Text(reach.Refused), fact.Text(reach.NoAnswer), fact.Text(reach.Unreachable),
			},
		},
		{
			Name: "latency", Type: fact.TypeDuration, Rule: fact.Rule{Op: fact.Ignore},
			Doc: "How long it took until the port was open, as seen from the runner.",
		},
		{
			Name: "cause", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Evidence: true,
			Doc: "What the host says of a port that is not open, when it is the one that asks.",
		},
		inside.ViewsSpec(),
	},
}, params{From: inside.Runner}, build)

const open = "open"

type params struct {
	Ports   []int  `param:"port,required" doc:"The ports."`
	Address string `param:"address" absent:"the host under test" doc:"Where; a host also knows gateway and dns_servers."`
	From    string `param:"from" doc:"Who asks; host is the host under test, of itself without an address."`
}

func build(p params) (probes.Probe, error) {
	p.Ports = reach.Unique(p.Ports)
	if err := reach.CheckPorts("port", p.Ports...); err != nil {
		return nil, err
	}
	from, err := inside.View(p.From)
	switch {
	case err != nil:
		return nil, err
	case from == inside.Host:
		return newHostProbe(p)
	}
	if err := inside.CheckNames("address", p.Address); err != nil || from == inside.Runner {
		return probe(p), err
	}
	own, err := newHostProbe(p)
	return inside.Pair(probe(p), own, inside.ByState(open)), err
}

type probe params

// Aims implements probes.Aimer.
func (p probe) Aims() []string { return []string{p.Address} }

// turn is a port, and how long it may take.
type turn struct {
	port, shares int           // of the time that is left, up to the end
	most         time.Duration // one share at the start; 0 where there is no end
}

// Observe implements probes.Probe.
func (p probe) Observe(ctx context.Context, t probes.Target) ([]fact.Reading, error) {
	return reach.Each(p.turns(ctx), func(u turn) ([]fact.Reading, error) {
		return p.observe(ctx, t, u.port, u.limit(ctx))
	})
}

// turns share the time out: a port has not all there is, because silence is what the
// check may be about.
func (p probe) turns(ctx context.Context) []turn {
	rounds := (len(p.Ports) + reach.AtOnce - 1) / reach.AtOnce
	shares := max(3, rounds+1)
	var most time.Duration
	if end, limited := ctx.Deadline(); limited {
		most = time.Until(end) / time.Duration(shares)
	}
	turns := make([]turn, len(p.Ports))
	for i, port := range p.Ports {
		turns[i] = turn{port, shares - i/reach.AtOnce, most}
	}
	return turns
}

// limit is less than a share at the start where the ports before it took longer than
// they should, as on a busy machine: it does not add up for the last.
func (u turn) limit(ctx context.Context) time.Duration {
	end, limited := ctx.Deadline()
	if !limited {
		return 5 * time.Second
	}
	return min(u.most, time.Until(end)/time.Duration(u.shares))
}

func (p probe) observe(ctx context.Context, t probes.Target, port int, limit time.Duration) ([]fact.Reading, error) {
	item := reach.PortItem(p.Address, port)
	dialling, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	start := time.Now()
	conn, err := reach.Dial(dialling, t, "tcp", reach.JoinPort(reach.Address(t, p.Address), port))
	if err == nil {
		latency := time.Since(start)
		_ = conn.Close() // nothing was sent
		return []fact.Reading{
			probes.Read(item, "state", fact.Text(open)),
			probes.Read(item, "latency", fact.Duration(latency)),
		}, nil
	}
	switch state := reach.State(err); {
	case ctx.Err() != nil:
		return nil, reach.Cause(ctx, err)
	case state == reach.Refused, state == reach.NoAnswer, state == reach.Unreachable:
		return []fact.Reading{probes.Read(item, "state", fact.Text(state))}, nil
	case p.From == inside.Both && inside.StateOf(err) != "":
		return []fact.Reading{probes.Read(item, "state", fact.Text(inside.StateOf(err)))}, nil
	default:
		return nil, err
	}
}

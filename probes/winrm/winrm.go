// Package winrm observes WinRM's listeners as far as they talk to strangers: who they are,
// how they let accounts prove themselves, with which certificate.
package winrm

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/reach"
)

// Kind is what a suite calls "winrm".
var Kind = probes.Define(probes.Kind{
	Name:     "winrm",
	Doc:      "WinRM's listeners, without an account: do they answer as WinRM, which ways to log on do they offer.",
	Item:     "the port, or address:port when the suite names an address",
	Items:    probes.HostNames,
	Main:     "port",
	Example:  "- winrm: [5985, 5986]\n  why: we are administered through it, and so are these checks\n",
	Readings: append(specs(), reach.CertificateSpecs()...),
	Notes: []string{
		"It asks for Identify, as anybody may, and then what an account has to do; nothing secret is sent.",
		"Where checks enter the server by WinRM, it tells a listener that is broken from an account that is.",
	},
}, params{Ports: []int{5985}, TLS: []int{5986}}, build)

type params struct {
	Ports      []int  `param:"port" doc:"The ports of the listeners."`
	TLS        []int  `param:"tls_port" doc:"Those of the ports that speak TLS."`
	Address    string `param:"address" absent:"the host under test" doc:"Where they are."`
	ServerName string `param:"server_name" absent:"the host's name" doc:"The name in the certificate."`
}

// What readings say.
const (
	ready       = "ready"
	wantsOne    = "wants an account"
	stopped     = "stopped"
	unavailable = "unavailable"
	stranger    = "not winrm"
)

func specs() []probes.ReadingSpec {
	ignore := fact.Rule{Op: fact.Ignore}
	return []probes.ReadingSpec{
		{
			Name: "state", Type: fact.TypeText, Gate: true, Severity: fact.Fail, Expect: "one of " + ready + ", " + wantsOne,
			Values: []string{
				ready, wantsOne, stopped, unavailable, stranger, reach.Refused, reach.Reset, reach.TLSFailed,
			},
			Silence: []fact.Value{fact.Text(reach.Refused)},
			Doc: "What answers: ready, when it says who it is; wants an account before it does; stopped, when Windows " +
				"listens there and WinRM does not; unavailable, when it starts, stops or has too much to do; not winrm; " +
				"refused; reset; tls failed.",
		},
		{Name: "vendor", Type: fact.TypeText, Doc: "Whose product it says it is."},
		{
			Name: "version", Type: fact.TypeText, Severity: fact.Note,
			Doc: "The product's version; to strangers Windows tells that of its stack alone.",
		},
		{Name: "protocol", Type: fact.TypeText, Doc: "The version of WS-Management."},
		{
			Name: "schemes", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.SameSet}, Severity: fact.Warn,
			Doc: "The ways to log on that it offers: Negotiate, Kerberos, Basic.",
		},
		{Name: "latency", Type: fact.TypeDuration, Rule: ignore, Doc: "How long the answer took."},
		{
			Name: "reason", Type: fact.TypeText, Rule: ignore, Evidence: true,
			Doc: "What was seen instead of WinRM.",
		},
	}
}

type probe params

func build(p params) (probes.Probe, error) {
	if err := reach.CheckPorts("port", p.Ports...); err != nil {
		return nil, err
	}
	if len(p.TLS) > 0 {
		if err := reach.CheckPorts("tls_port", p.TLS...); err != nil {
			return nil, err
		}
	}
	p.Ports = reach.Unique(p.Ports)
	return probe(p), nil
}

// Aims implements probes.Aimer.
func (p probe) Aims() []string { return []string{p.Address} }

// Observe implements probes.Probe.
func (p probe) Observe(ctx context.Context, t probes.Target) ([]fact.Reading, error) {
	return reach.Each(p.Ports, func(port int) ([]fact.Reading, error) {
		v := &visit{
			target: t, item: reach.PortItem(p.Address, port), address: reach.JoinPort(reach.Address(t, p.Address), port),
			name: cmp.Or(p.ServerName, p.Address, reach.Name(t)), tls: slices.Contains(p.TLS, port),
		}
		err := v.run(ctx)
		if err != nil {
			err = fmt.Errorf("asking WinRM at port %d: %w", port, reach.Cause(ctx, err))
		}
		return v.found, err
	})
}

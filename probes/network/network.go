// Package network observes how a Windows host is connected: its adapters and
// their addresses, its firewall, and the ports on which it listens.
package network

import (
	"context"
	"regexp"
	"slices"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/choice"
	"postpatch/probes/internal/gather"
)

// Kind is what a suite calls "network".
var Kind = probes.Define(probes.Kind{
	Name: "network",
	Doc:  "How a Windows host is connected: adapters, addresses, routes, DNS servers, firewall, listening ports.",
	Item: "the adapter's name; firewall/domain, firewall/private, firewall/public; a port such as tcp/443; " +
		"empty for the host as a whole",
	Items: probes.AnyCase,
	Main:  "part",
	Words: map[string][]string{"part": parts()},
	Example: "- network: {}\n" +
		"  expect: {listening: contains tcp/443}\n" +
		"  why: the shop is reached from outside\n",
	Notes: []string{
		"The firewall that policies put in force needs PowerShell on the host; elsewhere what is set there stands for it.",
		"All else is answered by queries of WMI.",
	},
	Readings: slices.Concat(adapterSpecs(), addressSpecs(), firewallSpecs(), portSpecs()),
}, params{Parts: parts(), Owners: true}, build)

type params struct {
	Parts       []string `param:"part" doc:"What is looked at: adapters with all that belongs to them."`
	Except      []string `param:"except" doc:"Names of adapters that this check leaves out; * stands for any characters."`
	ExceptPorts []string `param:"except_ports" doc:"Ports that this check leaves out: tcp/8080, udp/5353."`
	Owners      bool     `param:"owners" doc:"Name the programs that listen; this asks for the list of processes."`
}

const (
	partAdapters = "adapters"
	partFirewall = "firewall"
	partPorts    = "ports"
)

func parts() []string { return []string{partAdapters, partFirewall, partPorts} }

func build(p params) (probes.Probe, error) {
	if err := choice.Some("part", parts(), p.Parts...); err != nil {
		return nil, err
	}
	port := regexp.MustCompile(`^(tcp|udp)/[1-9][0-9]{0,4}$`)
	for _, name := range p.ExceptPorts {
		if !port.MatchString(name) {
			return nil, probes.Fieldf("except_ports", "must be a port like tcp/8080 or udp/5353, got %q", name)
		}
	}
	return probe(p), nil
}

type probe params

// Questions implements probes.Asker.
func (p probe) Questions() []host.Question {
	var all []host.Question
	if slices.Contains(p.Parts, partAdapters) {
		all = append(all, adapters(), interfaces(), addresses(), routes(), dnsServers(), dnsClients(), dnsGlobal(),
			profiles())
	}
	if slices.Contains(p.Parts, partFirewall) {
		all = append(all, firewalls(), inForce())
	}
	if slices.Contains(p.Parts, partPorts) {
		all = append(all, listeners(), endpoints(), portRanges())
		if p.Owners {
			all = append(all, processes())
		}
	}
	return all
}

// Observe implements probes.Probe. What one class does not tell is named in the
// error; the readings of all others are there beside it.
func (p probe) Observe(_ context.Context, t probes.Target) ([]fact.Reading, error) {
	r := &reader{Reader: gather.Reader{Answers: t.Answers}}
	if slices.Contains(p.Parts, partAdapters) {
		r.readAdapters(p.Except)
	}
	if slices.Contains(p.Parts, partFirewall) {
		r.readFirewall()
	}
	if slices.Contains(p.Parts, partPorts) {
		r.readPorts(p.ExceptPorts, p.Owners)
	}
	return r.result()
}

// standard asks for instances of the classes that Windows has since Server 2012.
// Source of all classes here: Microsoft's documentation of the providers
// NetAdapterCim, NetTCPIP, DnsClientCim, NetConnection and WFasCim.
func standard(class, where string, columns ...string) host.WQL {
	return host.WQL{Namespace: standardSpace, Class: class, Columns: columns, Where: where}
}

const standardSpace = "root/StandardCimv2"

package mailtalk

import (
	"cmp"
	"context"
	"fmt"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/reach"
)

// params are what a suite may say of a check of mailbox servers.
type params struct {
	Ports      []int  `param:"port" doc:"The ports; TLS begins by STARTTLS, or STLS, there."`
	Address    string `param:"address" absent:"the host under test" doc:"Where the server is."`
	Implicit   []int  `param:"implicit_tls" doc:"Those of the ports at which TLS begins at once."`
	ServerName string `param:"server_name" absent:"the server's address" doc:"The name in the certificate."`
	Login      bool   `param:"login" doc:"Whether to log in, with the operator's credential for mail, and look inside."`
}

// Define completes a kind that looks at mailbox servers: at port, where TLS begins at once,
// unless the suite says otherwise. Each visit has a protocol of its own.
func Define(k probes.Kind, port int, protocol func() Protocol) probes.Kind {
	k.Item, k.Items, k.Main = "the port, or address:port when the suite names an address", probes.HostNames, "port"
	k.Readings = append(k.Readings, reach.CertificateSpecs()...)
	k.Notes = MailboxNotes()
	return probes.Define(k, params{Ports: []int{port}, Implicit: []int{port}}, func(p params) (probes.Probe, error) {
		ports, err := checkPorts(p.Ports, p.Implicit)
		p.Ports = ports
		return probe{p, protocol}, err
	})
}

type probe struct {
	params

	protocol func() Protocol
}

// checkPorts refuses what is no port, and returns each port once.
func checkPorts(ports, implicit []int) ([]int, error) {
	if err := reach.CheckPorts("port", ports...); err != nil {
		return nil, err
	}
	if len(implicit) > 0 {
		if err := reach.CheckPorts("implicit_tls", implicit...); err != nil {
			return nil, err
		}
	}
	return reach.Unique(ports), nil
}

// Aims implements probes.Aimer.
func (p probe) Aims() []string { return []string{p.Address} }

// Enters implements probes.Entrant.
func (p probe) Enters() string {
	if p.Login {
		return Use
	}
	return ""
}

// Observe implements probes.Probe.
func (p probe) Observe(ctx context.Context, t probes.Target) ([]fact.Reading, error) {
	name := cmp.Or(p.ServerName, p.Address, reach.Name(t))
	return reach.Each(p.Ports, func(port int) ([]fact.Reading, error) {
		v := NewVisit(t, p.Address, port)
		v.Name, v.Implicit, v.Login = name, p.Implicit, p.Login
		protocol := p.protocol()
		readings, err := v.Run(ctx, protocol)
		if err != nil {
			err = fmt.Errorf("talking to the %s server at port %d: %w", protocol.Name, port, err)
		}
		return readings, err
	})
}

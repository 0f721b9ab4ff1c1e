// Package pop3 observes POP3 servers: what they offer, and whether a mailbox opens.
package pop3

import (
	"cmp"
	"context"
	"fmt"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/mailtalk"
	"postpatch/probes/internal/reach"
)

// Kind is what a suite calls "pop3".
var Kind = probes.Define(probes.Kind{
	Name:     "pop3",
	Doc:      "POP3 servers: are they ready, what do they offer, with which certificate, does a mailbox open.",
	Item:     "the port, or address:port when the suite names an address",
	Items:    probes.HostNames,
	Main:     "port",
	Example:  "- pop3: {port: [110, 995], login: true}\n",
	Readings: append(mailtalk.MailboxSpecs("-ERR"), reach.CertificateSpecs()...),
	Notes:    mailtalk.MailboxNotes(),
}, params{Ports: []int{995}, Implicit: []int{995}}, build)

type params struct {
	Ports      []int  `param:"port" doc:"The ports; TLS begins by STLS there."`
	Address    string `param:"address" absent:"the host under test" doc:"Where the server is."`
	Implicit   []int  `param:"implicit_tls" doc:"Those of the ports at which TLS begins at once."`
	ServerName string `param:"server_name" absent:"the server's address" doc:"The name in the certificate."`
	Login      bool   `param:"login" doc:"Whether to log in, with the operator's credential for mail."`
}

type probe params

func build(p params) (probes.Probe, error) {
	ports, err := mailtalk.CheckPorts(p.Ports, p.Implicit)
	p.Ports = ports
	return probe(p), err
}

// Aims implements probes.Aimer.
func (p probe) Aims() []string { return []string{p.Address} }

// Enters implements probes.Entrant.
func (p probe) Enters() string { return mailtalk.Entered(p.Login) }

// Observe implements probes.Probe.
func (p probe) Observe(ctx context.Context, t probes.Target) ([]fact.Reading, error) {
	name := cmp.Or(p.ServerName, p.Address, reach.Name(t))
	return reach.Each(p.Ports, func(port int) ([]fact.Reading, error) {
		v := mailtalk.NewVisit(t, p.Address, port)
		v.Name, v.Implicit, v.Login = name, p.Implicit, p.Login
		readings, err := v.Run(ctx, new(session).protocol())
		if err != nil {
			err = fmt.Errorf("talking to the POP3 server at port %d: %w", port, err)
		}
		return readings, err
	})
}

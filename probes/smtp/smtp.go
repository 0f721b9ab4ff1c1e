// Package smtp observes mail servers, as far as one gets without sending mail.
package smtp

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/mailtalk"
	"postpatch/probes/internal/reach"
)

// Kind is what a suite calls "smtp".
var Kind = probes.Define(probes.Kind{
	Name:     "smtp",
	Doc:      "Mail servers: are they ready, what do they offer, with which certificate; no mail is sent.",
	Item:     "the port, or address:port when the suite names an address",
	Items:    probes.HostNames,
	Main:     "port",
	Example:  "- smtp: [25, 587]\n  expect: {starttls: offered}\n",
	Readings: append(specs(), reach.CertificateSpecs()...),
	Notes:    append(mailtalk.MailboxNotes(), "The login is by AUTH PLAIN or LOGIN."),
}, params{Ports: []int{25}, StartTLS: true, Implicit: []int{465}}, build)

type params struct {
	Ports      []int  `param:"port" doc:"The ports: 25, 587, 465, 2525, 717… TLS begins by STARTTLS there."`
	Address    string `param:"address" absent:"the host under test" doc:"Where the server is."`
	EHLO       string `param:"ehlo" absent:"the runner's own address" doc:"The name to greet with."`
	StartTLS   bool   `param:"starttls" doc:"Whether to start TLS where it is offered."`
	Implicit   []int  `param:"implicit_tls" doc:"Those of the ports at which TLS begins at once."`
	ServerName string `param:"server_name" absent:"the server's address" doc:"The name in the certificate."`
	Login      bool   `param:"login" doc:"Whether to log in, with the operator's credential for mail."`
	Envelope   bool   `param:"envelope" doc:"Whether to begin a message, which back pressure refuses, and take it back."`
}

func specs() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "state", Type: fact.TypeText, Gate: true, Severity: fact.Fail, Expect: mailtalk.Ready,
			Silence: []fact.Value{fact.Text(reach.Refused)},
			Doc: "Whether the server takes a session: ready, refused, reset, tls failed, or the code with which it " +
				"declines, 421.",
		},
		{Name: "banner", Type: fact.TypeText, Severity: fact.Note, Doc: "The greeting, without its date."},
		{
			Name: "extensions", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.SameSet},
			Doc: "What the server offers before TLS; within it at a port where TLS begins at once.",
		},
		{
			Name: "starttls", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore},
			Values: []string{"offered", "absent", "failed"},
			Expect: "one of offered, absent", Keep: mailtalk.Offered,
			Doc: "Whether TLS can be started: offered, absent, or failed.",
		},
		{
			Name: "tls_extensions", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.SameSet},
			Doc: "What the server offers once TLS has been started, AUTH among it.",
		},
		{
			Name: "login", Type: fact.TypeText, Severity: fact.Fail, Expect: mailtalk.OK,
			Values: []string{"ok", "refused", "unavailable"},
			Doc:    "With login: ok, refused, or unavailable when the server cannot verify the account just now.",
		},
		{
			Name: "login_time", Type: fact.TypeDuration, Rule: fact.Rule{Op: fact.Ignore}, Doc: "How long the login took.",
		},
		{
			Name: "envelope", Type: fact.TypeText, Severity: fact.Fail, Expect: mailtalk.OK,
			Doc: "With envelope: ok where a message may begin, or the code with which it may not, 452.",
		},
		{
			Name: "latency", Type: fact.TypeDuration, Rule: fact.Rule{Op: fact.Ignore},
			Doc: "How long the greeting took.",
		},
		{
			Name: "reason", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Evidence: true,
			Doc: "Why something of it failed, in the server's words.",
		},
	}
}

type probe params

func build(p params) (probes.Probe, error) {
	if strings.ContainsFunc(p.EHLO, func(r rune) bool { return r <= ' ' || r > '~' }) || len(p.EHLO) > 255 {
		return nil, probes.Fieldf("ehlo", "%q is no name", p.EHLO)
	}
	if err := reach.CheckPorts("port", p.Ports...); err != nil {
		return nil, err
	}
	if len(p.Implicit) > 0 {
		if err := reach.CheckPorts("implicit_tls", p.Implicit...); err != nil {
			return nil, err
		}
	}
	if p.Login && !p.StartTLS {
		return nil, probes.Fieldf("login", "no password is shown without TLS: leave starttls: false out")
	}
	p.Ports = reach.Unique(p.Ports)
	return probe(p), nil
}

// Aims implements probes.Aimer.
func (p probe) Aims() []string { return []string{p.Address} }

// Enters implements probes.Entrant.
func (p probe) Enters() string {
	if p.Login {
		return mailtalk.Use
	}
	return ""
}

// Observe implements probes.Probe.
func (p probe) Observe(ctx context.Context, t probes.Target) ([]fact.Reading, error) {
	p.ServerName = cmp.Or(p.ServerName, p.Address, reach.Name(t))
	return reach.Each(p.Ports, func(port int) ([]fact.Reading, error) {
		readings, err := p.observe(ctx, t, port)
		if err != nil {
			err = fmt.Errorf("talking to the mail server at port %d: %w", port, reach.Cause(ctx, err))
		}
		return readings, err
	})
}

func (p probe) observe(ctx context.Context, t probes.Target, port int) ([]fact.Reading, error) {
	s := &session{
		Record: mailtalk.Record{Item: reach.PortItem(p.Address, port)}, probe: p, target: t, port: port, start: time.Now(),
	}
	wire, err := mailtalk.Dial(ctx, t, reach.JoinPort(reach.Address(t, p.Address), port))
	if err == nil {
		defer func() { _ = wire.Close() }()
		s.wire = wire
		if err = s.run(ctx); err == nil || len(s.Readings) > 0 {
			return s.Readings, err // what was read stands, whatever came then
		}
	}
	switch state := reach.State(reach.Cause(ctx, err)); state {
	case reach.Refused, reach.Reset, reach.TLSFailed:
		return []fact.Reading{probes.Read(s.Item, "state", fact.Text(state))}, nil
	}
	return nil, err
}

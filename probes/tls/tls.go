// Package tls observes what ports speak of TLS, and with which certificate.
package tls

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/reach"
)

// Kind is what a suite calls "tls".
var Kind = probes.Define(probes.Kind{
	Name:    "tls",
	Doc:     "Ports that speak TLS from the first byte on: versions, cipher suites, and all of the certificate.",
	Item:    "the port, or address:port when the suite names an address",
	Items:   probes.HostNames,
	Main:    "port",
	Example: "- tls: [443, 636]\n  expect: {versions: \"subset of TLS 1.2, TLS 1.3\", cert_days: \">= 30\"}\n",
	Timeout: 30 * time.Second,
	Notes: []string{
		"Each version and each cipher suite takes a connection, which ends after the server's first answer.",
		"Windows logs what it declines, as Schannel's 36874 or 36888, which eventlog takes for noise.",
		"A renewed certificate has another thumbprint: where the patch is meant to renew it, may_change says so.",
		"With ocsp, the authority is asked where the certificate says, and only if the certificate is valid.",
	},
	Readings: append(specs(), reach.CertificateSpecs()...),
}, params{Ports: []int{443}, ALPN: []string{"h2", "http/1.1"}, Versions: true}, build)

type params struct {
	Ports      []int    `param:"port" doc:"The ports."`
	Address    string   `param:"address" absent:"the host under test" doc:"Where the server is."`
	ServerName string   `param:"server_name" absent:"the server's address" doc:"The name to ask for and to find."`
	ALPN       []string `param:"alpn" doc:"The protocols to offer within TLS, the better ones first."`
	Versions   bool     `param:"versions" doc:"Whether to try each version of TLS by itself."`
	Ciphers    bool     `param:"ciphers" doc:"Whether to try the cipher suites of each version, too."`
	OCSP       bool     `param:"ocsp" doc:"Whether to ask the authority if the certificate is revoked."`
}

type probe params

func build(p params) (probes.Probe, error) {
	const mostProtocol = 255 // bytes of its name (RFC 7301)
	for _, protocol := range p.ALPN {
		if protocol == "" || len(protocol) > mostProtocol {
			return nil, probes.Fieldf("alpn", "%q is no protocol", protocol)
		}
	}
	if len(p.ALPN) > 16 {
		return nil, probes.Fieldf("alpn", "at most 16 protocols, got %d", len(p.ALPN))
	}
	if p.Ciphers && !p.Versions {
		return nil, probes.Fieldf("ciphers", "cipher suites are tried with their versions: leave versions: false out")
	}
	p.Ports = reach.Unique(p.Ports)
	return probe(p), reach.CheckPorts("port", p.Ports...)
}

// Aims implements probes.Aimer.
func (p probe) Aims() []string { return []string{p.Address} }

// Observe implements probes.Probe.
func (p probe) Observe(ctx context.Context, t probes.Target) ([]fact.Reading, error) {
	p.ServerName = cmp.Or(p.ServerName, p.Address, reach.Name(t))
	return reach.Each(p.Ports, func(port int) ([]fact.Reading, error) {
		s := &session{
			probe: p, target: t, item: reach.PortItem(p.Address, port),
			address: reach.JoinPort(reach.Address(t, p.Address), port),
		}
		err := s.observe(ctx)
		if err != nil {
			err = fmt.Errorf("speaking TLS at port %d: %w", port, reach.Cause(ctx, err))
		}
		return s.readings, err
	})
}
